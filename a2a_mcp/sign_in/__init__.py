"""A person signs in to an agent, sees where he is signed in, and signs out.

Plain functions for a command and for a host's request. No terminal and no MCP here, and no token,
code or verifier in anything that they return.
Open `signing_in` first.
"""
