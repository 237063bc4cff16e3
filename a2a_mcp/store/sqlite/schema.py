"""The schema of `tasks.db`. Pure: nothing is executed here.

What an earlier version created stays word by word as it is, since it compares the statements with
those in the file, also while a later version uses the same file. What is newer stands beside it, is
created where it is missing, and must not be needed by the statements of an earlier version.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.store.sqlite.records import ENDED

SCHEMA_VERSION: Final = 1
# For pending ids that a list showed before the handle was written. It is newer than the schema's
# first files, which get it when they are opened.
BY_MESSAGE: Final = "CREATE INDEX tasks_by_message ON tasks (message_id) WHERE message_id <> ''"
TITLES: Final = (
    "CREATE TABLE IF NOT EXISTS titles (task INTEGER PRIMARY KEY, title TEXT NOT NULL)",
    "CREATE TRIGGER IF NOT EXISTS title_removed AFTER DELETE ON tasks BEGIN "
    "DELETE FROM titles WHERE task = old.key; END",
)
# What lists filter by, of rows that have not changed for a while: see `settled`.
SETTLED: Final = (
    "CREATE TABLE IF NOT EXISTS settled (task INTEGER PRIMARY KEY, owner TEXT NOT NULL, "
    "agent TEXT NOT NULL, state TEXT NOT NULL, context_id TEXT, updated REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS settled_by_agent ON settled (owner, agent, state, updated, task)",
    "CREATE INDEX IF NOT EXISTS settled_by_state ON settled (owner, state, updated, task)",
    "CREATE INDEX IF NOT EXISTS settled_by_context ON settled "
    "(owner, context_id, state, updated, task, agent) WHERE context_id IS NOT NULL",
    f"CREATE INDEX IF NOT EXISTS settled_by_end ON settled (updated, task) WHERE state IN {ENDED}",
    "CREATE TABLE IF NOT EXISTS settling (owner TEXT PRIMARY KEY, until REAL NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TRIGGER IF NOT EXISTS task_added AFTER INSERT ON tasks BEGIN "
    "UPDATE settling SET until = new.updated WHERE owner = new.owner AND until > new.updated; END",
    "CREATE TRIGGER IF NOT EXISTS task_changed "
    "AFTER UPDATE OF state, context_id, updated ON tasks BEGIN "
    "DELETE FROM settled WHERE task = old.key; "
    "UPDATE settling SET until = new.updated WHERE owner = new.owner AND until > new.updated; END",
    "CREATE TRIGGER IF NOT EXISTS task_forgotten AFTER DELETE ON tasks BEGIN "
    "DELETE FROM settled WHERE task = old.key; END",
)
SCHEMA: Final = (
    "CREATE TABLE tasks (key INTEGER PRIMARY KEY, owner TEXT NOT NULL, agent TEXT NOT NULL, "
    "message_id TEXT NOT NULL, task_id TEXT, handle TEXT, context_id TEXT, state TEXT NOT NULL, "
    "interface TEXT, created REAL NOT NULL, updated REAL NOT NULL)",
    # A handle stays valid for ever, also after a follow-up gave the same task a second one.
    "CREATE TABLE earlier_handles (handle TEXT PRIMARY KEY, task INTEGER NOT NULL)",
    "CREATE UNIQUE INDEX tasks_by_task ON tasks (task_id, owner, agent) WHERE task_id IS NOT NULL",
    "CREATE INDEX tasks_by_handle ON tasks (handle) WHERE handle IS NOT NULL",
    "CREATE INDEX tasks_by_context ON tasks (context_id) WHERE context_id IS NOT NULL",
    # No index on columns that change during a call: SQLite writes every page that it touches.
    "CREATE INDEX tasks_by_update ON tasks (owner, updated, key, agent)",
    "CREATE INDEX earlier_handles_by_task ON earlier_handles (task)",
    BY_MESSAGE,
    # The interface overrides. The name is part of the files that are in use.
    "CREATE TABLE lessons (agent TEXT, url TEXT, interface TEXT, PRIMARY KEY (agent, url))",
    "CREATE TRIGGER handle_replaced AFTER UPDATE OF handle ON tasks "
    "WHEN old.handle <> new.handle BEGIN "
    "INSERT OR REPLACE INTO earlier_handles VALUES (old.handle, old.key); END",
    "CREATE TRIGGER task_removed AFTER DELETE ON tasks BEGIN "
    "DELETE FROM earlier_handles WHERE task = old.key; END",
)
