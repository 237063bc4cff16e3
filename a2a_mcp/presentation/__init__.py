"""What a model reads: tasks, agents, lists and artifacts as text and structure.

Pure: no clock, disk, network or MCP type.
Open `task_view` first.
"""
