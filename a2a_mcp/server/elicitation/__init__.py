"""An agent's question put to the person in front of the host, by MCP elicitation.

A form never asks for a secret. What an answer means for the task is decided in `bridge`.
Open `rounds` first.
"""
