"""What an operator sees of the running process: logs, and faults of background work.

It may hold no content of messages and no secret.
Open `logs` first.
"""
