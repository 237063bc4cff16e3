"""What the host sees: the MCP server, its tools and its runners. The only floor that knows MCP."""
