"""MCP hosts on this machine: where each keeps its servers, and how the bridge is added to one.

`table` holds what is known of each host, `documents` edits their files and keeps everything else in
them, `installation` plans a change and writes it. Nothing here starts a host or reads an agent.
"""
