"""A client of OAuth 2 authorization servers: their metadata, the grants, the tokens.

It knows no agent and no configuration file, and nothing of it keeps a token.
Open `token_server` first.
"""
