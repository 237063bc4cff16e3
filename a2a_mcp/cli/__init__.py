"""The commands of a person at the terminal.

A command parses, calls use cases, prints and exits; it decides nothing else.
Open `main` first.
"""
