# ruff: noqa: S608 - statements are made of words of this module alone; values are bound
"""The tables that are moved, in this order, and those that are not, with the reason. Pure.

A row is known by what it is, never by its number, so that several folders can go into one database.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.store.moving.places import Statements, Table

_TASK: Final = (
    *("owner", "agent", "message_id", "task_id", "handle", "context_id"),
    *("state", "interface", "created", "updated", "title"),
)
_IN_ROW: Final = ", ".join(_TASK[:-1])
# The row of the same task; while its id is unknown, that of the same message.
_SAME: Final = (
    "tasks.owner = :owner AND tasks.agent = :agent AND (tasks.task_id = :task_id OR "
    "(tasks.message_id = :message_id AND tasks.message_id <> '' AND tasks.created = :created))"
)
_KEY: Final = (
    f"SELECT tasks.key FROM tasks WHERE {_SAME} "
    "ORDER BY CASE WHEN tasks.task_id = :task_id THEN 0 ELSE 1 END LIMIT 1"
)
_SQLITE_TASK: Final = (
    f"SELECT {_IN_ROW}, (SELECT title FROM titles WHERE task = tasks.key) FROM tasks"
)
_POSTGRES_TASK: Final = f"SELECT {_IN_ROW}, title FROM tasks"


def _put_task(columns: tuple[str, ...]) -> tuple[str, str]:
    """Return how a row is replaced, and how it is added where there was none."""
    changes = ", ".join(f"{name} = :{name}" for name in columns)
    values = ", ".join(f":{name}" for name in columns)
    return (
        f"UPDATE tasks SET {changes} WHERE key = ({_KEY})",
        f"INSERT INTO tasks ({', '.join(columns)}) SELECT {values} "
        f"WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE {_SAME})",
    )


TASKS: Final = Table(
    "tasks",
    _TASK,
    sqlite=Statements(
        "tasks",
        f"{_SQLITE_TASK} ORDER BY key",
        f"{_SQLITE_TASK} WHERE key = ({_KEY})",
        (
            *_put_task(_TASK[:-1]),
            f"DELETE FROM titles WHERE task = ({_KEY})",
            f"INSERT INTO titles SELECT ({_KEY}), :title WHERE :title IS NOT NULL",
        ),
    ),
    postgres=Statements(
        "tasks",
        f"{_POSTGRES_TASK} ORDER BY key",
        f"{_POSTGRES_TASK} WHERE key = ({_KEY})",
        _put_task(_TASK),
    ),
    later="updated",
)

_HANDLE: Final = ("handle", "owner", "agent", "message_id", "task_id", "created")
_READ_HANDLE: Final = (
    "SELECT earlier_handles.handle, owner, agent, message_id, task_id, created "
    "FROM earlier_handles JOIN tasks ON tasks.key = earlier_handles.task"
)
_HANDLES: Final = Statements(
    "earlier_handles",
    f"{_READ_HANDLE} ORDER BY earlier_handles.handle",
    f"{_READ_HANDLE} WHERE earlier_handles.handle = :handle",
    (
        # An UPDATE of a task notes its earlier handle by itself.
        f"INSERT INTO earlier_handles (handle, task) SELECT :handle, key FROM tasks "
        f"WHERE key = ({_KEY}) ON CONFLICT (handle) DO UPDATE SET task = excluded.task",
    ),
)
HANDLES: Final = Table(
    "earlier ids of tasks",
    _HANDLE,
    sqlite=_HANDLES,
    postgres=_HANDLES,
    compared=("handle", "owner", "agent"),
)


def _statements(
    name: str,
    key: tuple[str, ...],
    values: tuple[str, ...],
    order: str | None = None,
    file: str = "tasks.db",
) -> Statements:
    """Return the statements of a table whose rows are known by some of their columns."""
    columns = ", ".join((*key, *values))
    bound = ", ".join(f":{it}" for it in (*key, *values))
    same = " AND ".join(f"{it} = :{it}" for it in key)
    changes = ", ".join(f"{it} = excluded.{it}" for it in values)
    return Statements(
        name,
        f"SELECT {columns} FROM {name} ORDER BY {order or ', '.join(key)}",
        f"SELECT {columns} FROM {name} WHERE {same}",
        (
            f"INSERT INTO {name} ({columns}) VALUES ({bound}) "
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}",
        ),
        file,
    )


CLAIMS: Final = Table(
    "claims",
    ("message_id", "at"),
    sqlite=_statements("claims", ("message_id",), ("at",)),
    postgres=_statements("claims", ("message_id",), ("at",)),
    later="at",
)
INTERFACES: Final = Table(
    "learned interfaces",
    ("agent", "url", "interface"),
    # The latest of an agent is read first, so they keep their order.
    sqlite=_statements("lessons", ("agent", "url"), ("interface",), "rowid"),
    postgres=_statements("overrides", ("agent", "url"), ("interface",), "number"),
)
# Of a result in object storage the name in the place of its bytes, which begin with "{".
_RESULT: Final = (
    "SELECT owner, agent, task_id, since, "
    "CASE WHEN body = '' THEN convert_to(object, 'UTF8') ELSE body END FROM kept"
)
RESULTS: Final = Table(
    "kept results",
    ("owner", "agent", "task_id", "since", "body"),
    sqlite=None,  # a folder of files
    postgres=Statements(
        "kept",
        f"{_RESULT} ORDER BY since, owner, agent, task_id",
        f"{_RESULT} WHERE owner = :owner AND agent = :agent AND task_id = :task_id",
        (
            "INSERT INTO kept (owner, agent, task_id, since, state, results, body) "
            "VALUES (:owner, :agent, :task_id, :since, :state, :results, :body) "
            "ON CONFLICT (owner, agent, task_id) DO UPDATE SET since = excluded.since, "
            "state = excluded.state, results = excluded.results, body = excluded.body, "
            "object = NULL, object_bytes = 0",
        ),
    ),
    later="since",
    at_once=8,
)
REGISTERED: Final = Table(
    "registered agents",
    ("owner", "name", "url", "description"),
    sqlite=None,  # a folder of files
    postgres=Statements(
        "registered",
        "SELECT owner, name, url, description FROM registered ORDER BY number",
        "SELECT owner, name, url, description FROM registered WHERE key = :key",
        (
            # A name belongs to the caller who has it already.
            "INSERT INTO registered (key, owner, name, url, description) "
            "VALUES (:key, :owner, :name, :url, :description) ON CONFLICT (key) DO NOTHING",
        ),
    ),
)
LOGINS: Final = Table(
    "logins",
    # When the token came is read where it is opened: with each renewal an older one ends.
    ("owner", "agent", "sealed", "got_at"),
    sqlite=_statements("logins", ("owner", "agent"), ("sealed",), file="logins.db"),
    postgres=_statements("logins", ("owner", "agent"), ("sealed",)),
    later="got_at",
    compared=("owner", "agent", "sealed"),
)
CLIENTS: Final = Table(
    "clients at authorization servers",
    ("server", "address", "client"),
    sqlite=_statements("clients", ("server", "address"), ("client",), file="logins.db"),
    postgres=_statements("clients", ("server", "address"), ("client",)),
)

TABLES: Final = (TASKS, HANDLES, CLAIMS, INTERFACES, RESULTS, REGISTERED, LOGINS, CLIENTS)
"""Every table that is moved; those of tasks come first, since others name tasks."""

NOT_MOVED: Final[dict[str, str]] = {
    "postgres schema_version": "each database has a version of its own",
    "postgres readers": "which processes lived before the move",
    "postgres audit": "lines about what was done on this database; an audit stays as it is",
    "postgres call_rates": "what callers did within the last minute",
    "postgres leases": "what bridges do right now, and none lives during a move",
    "postgres state_key": "a mark of the key that the bridges of a database have",
    "postgres card_pins": "the file of a pin does not say of which agent it is",
    "postgres objects": "names in object storage, from which results are moved with their bytes",
    "postgres posts": "what agents posted within the last minute; tasks are read anyway",
    "postgres sign_ins": "sign-ins under way; they end with the processes that lead through them",
    "sqlite readers": "which processes lived before the move",
    "sqlite readings": "which of them read a task; another one takes it up",
    "sqlite posts": "what agents posted within the last minute; tasks are read anyway",
    "sqlite settled": "a copy for lists, which each process makes of the tasks",
    "sqlite settling": "how far that copy is",
}
"""Why a table is none of TABLES, by engine and name."""

NOT_MOVED_COLUMNS: Final[dict[str, str]] = {
    "postgres tasks.key": "a number that each place gives",
    "postgres tasks.reader": "which process reads a task; another one takes it up",
    "postgres earlier_handles.task": "the number of a task, found again by what the task is",
    "postgres overrides.number": "an order, which stays",
    "postgres kept.state": "is read out of the result",
    "postgres kept.results": "is read out of the result",
    "postgres kept.object": "a name in object storage; the bytes are moved",
    "postgres kept.object_bytes": "the size of what is in object storage",
    "postgres registered.key": "is the name in one case of letters",
    "postgres registered.number": "an order, which stays",
    "postgres logins.number": "is another one after each change",
    "sqlite tasks.key": "a number that each place gives",
    "sqlite titles.task": "the number of a task, found again by what the task is",
    "sqlite earlier_handles.task": "the number of a task, found again by what the task is",
}
"""Why a column of a moved table is none of the table's columns."""
