"""The task store in one SQLite file, shared by several processes.

Only this folder imports sqlite3.
Open `store` first.
"""
