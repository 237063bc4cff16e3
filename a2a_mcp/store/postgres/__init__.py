"""The task store in PostgreSQL, shared by any number of machines.

Only this folder imports psycopg, which the extra `postgres` brings. The time is the database's.
Open `store` first.
"""
