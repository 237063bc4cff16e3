"""`python -m a2a_mcp` is the `a2a-mcp` command."""

from a2a_mcp.cli.main import main

main()
