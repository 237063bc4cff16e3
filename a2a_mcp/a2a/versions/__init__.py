"""The A2A versions, each a value made of names and pure functions.

A new version is one file here and one row in `table`.
Open `table` first.
"""
