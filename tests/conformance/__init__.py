"""The official conformance suite of MCP, run against the bridge with a real agent behind it.

`check` runs it and compares with `baseline`; `fixtures` lends the suite the tools that it calls.
"""
