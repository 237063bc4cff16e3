"""What a model reads: tasks, agents, lists and artifacts as text and structure.

Pure: no clock, disk, network or MCP type. `budget` alone measures and cuts; wordings are in
`sentences`.
Open `task_view` first.
"""
