"""MCP resources: what can be read under `a2a://`, and the subscriptions to its changes.

Every read passes the owner check of the use cases.
Open `handlers` first.
"""
