"""What a person is asked: the agent's question, and the form made from it.

Pure. No MCP type may enter, and no form ever asks for a secret.
Open `question` first.
"""
