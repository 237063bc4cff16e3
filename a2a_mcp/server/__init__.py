"""What the host sees: the MCP server, its tools, resources and transports.

Only this room imports mcp. It decides nothing about tasks: the use cases do.
Open `lifespan` first, the one place that names concrete stores and trackers.
"""
