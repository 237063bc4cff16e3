"""The use cases, one in each file: send, subscribe, read, cancel, list, describe.

No MCP type and no HTTP may enter; what comes out is a view or an error.
Open `service` first.
"""
