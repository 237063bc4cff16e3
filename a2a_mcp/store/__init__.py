"""What outlives the process: tasks, kept results and the sealing key.

It decides nothing and imports nothing that shows or sends.
Open `base` first.
"""
