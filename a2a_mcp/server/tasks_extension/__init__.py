"""The MCP tasks extension: an A2A task as a task of the host.

It keeps no state of its own: the A2A task is the state.
Open `methods` first.
"""
