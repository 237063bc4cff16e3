"""Files on their way in and out: which may be read, and where those of agents are saved.

It contacts no agent and reads no task.
Open `incoming` first.
"""
