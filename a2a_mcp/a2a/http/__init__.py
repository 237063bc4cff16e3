"""HTTP to agents: connections, streams, limits and the origins that may be called.

Only this folder imports httpx.
Open `transport` first.
"""
