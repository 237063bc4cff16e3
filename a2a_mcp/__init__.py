"""a2a-mcp: an MCP server through which any LLM host uses any remote A2A agent."""

__version__ = "0.1.0"
