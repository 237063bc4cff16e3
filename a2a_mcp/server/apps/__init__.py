"""MCP Apps (`io.modelcontextprotocol/ui`): the caller's tasks as a view that a host renders.

The view calls tools through the host, as the caller; it has no way in of its own.
Nothing here is imported unless the configuration sets `apps`. Open `offer` first.
"""
