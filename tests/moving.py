"""A state folder with something of everything that is moved, and what a move is asked in tests."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import psycopg
from pydantic import SecretStr

from a2a_mcp.a2a.auth.oauth.token import Token
from a2a_mcp.a2a.model import Artifact, Part, Task, TaskState, TaskStatus
from a2a_mcp.presentation.message_artifacts import count_results
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.store.login_folder import folder_logins
from a2a_mcp.store.logins import Login
from a2a_mcp.store.moving.ends import Ends
from a2a_mcp.store.registered import KeptAgent, RegisteredFolder
from a2a_mcp.store.result_files import KeptTask
from a2a_mcp.store.result_folder import ResultFolder
from a2a_mcp.store.sqlite.store import SqliteTaskStore

NOW: Final = 1_800_000_000.0
KEY: Final = "a key that is as long as it must be, 32 bytes"
NUL: Final = "t\0/\uffff"
"""An id of a task with what PostgreSQL has not in a text."""

RECORD: Final = "owner, agent, message_id, task_id, handle, context_id, state, interface, created, "


def ends(folder: Path, url: str) -> Ends:
    return Ends(folder, url, KEY.encode(), 20.0, count_results)


async def filled(folder: Path, tasks: int = 3) -> None:
    """Write that many tasks, one of them with an earlier handle, and some of everything else."""
    store = SqliteTaskStore(folder)
    for number in range(tasks):
        await _task(store, number)
    await _follow_up(store)
    await store.begin(owner="ann", agent="a", message_id="m-unnamed", title="Not named yet")
    await store.adopt(owner="bob", agent="b", task_id=NUL, state=TaskState.WORKING)
    await store.claim("reply-1")
    await store.set_interface_override("a", "https://z.example", "first")
    await store.set_interface_override("a", "https://a.example", "second")
    await store.close()
    await results(folder).write({("ann", "a", f"t-{n}"): kept(f"t-{n}") for n in range(tasks)})
    await sign_in(folder, "ann", "a", NOW)
    await folder_logins(folder).keep_client("https://login.example", "http://127.0.0.1", "client")
    registered = RegisteredFolder(folder)
    await registered.add(KeptAgent("ann", "Rain", "https://rain.example", None))
    await registered.add(KeptAgent("bob", "snow", "https://snow.example", "Knows snow"))
    await results(folder).write({("bob", "b", NUL): kept(NUL, "x" * 3_000_000)})


async def sign_in(folder: Path, owner: str, agent: str, got_at: float, key: str = KEY) -> None:
    """Keep a login whose token came at that time."""
    token = Token(access=f"access-{got_at}", got_at=got_at, refresh="refresh")
    login = Login(token, "client", "https://login.example/token")
    await folder_logins(folder, SecretStr(key)).put(owner, agent, login)


async def _task(store: SqliteTaskStore, number: int) -> TaskRecord:
    record = await store.begin(
        owner="ann", agent="a", message_id=f"m-{number}", context_id="c", title=f"Say {number}"
    )
    record = await store.update(record, handle=f"pending-{number}", interface="jsonrpc")
    return await store.update(record, task_id=f"t-{number}", state=TaskState.COMPLETED)


async def _follow_up(store: SqliteTaskStore) -> None:
    """Let the task t-0 have a second handle."""
    record = await store.begin(owner="ann", agent="a", message_id="m-again")
    record = await store.update(record, handle="pending-again")
    await store.update(record, task_id="t-0")


def kept(task_id: str, *texts: str) -> KeptTask:
    parts = tuple(Part(kind="text", text=text) for text in ("an answer", *texts))
    status = TaskStatus(state=TaskState.COMPLETED)
    artifacts = (Artifact(artifact_id="1", parts=parts),)
    return KeptTask(Task(id=task_id, context_id="c", status=status, artifacts=artifacts), NOW)


def results(folder: Path) -> ResultFolder:
    return ResultFolder(
        folder,
        keep_seconds=86_400.0,
        keep_bytes=2**30,
        count_results=count_results,
        clock=lambda: NOW,
    )


def in_folder(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a folder holds of what is moved, without the numbers of rows."""
    with sqlite3.connect(folder / "tasks.db") as file:
        told = {name: file.execute(query).fetchall() for name, query in _QUERIES.items()}
    file.close()
    with sqlite3.connect(folder / "logins.db") as file:
        told["logins"] = file.execute("SELECT * FROM logins ORDER BY 1, 2").fetchall()
        told["clients"] = file.execute("SELECT * FROM clients ORDER BY 1, 2").fetchall()
    file.close()
    files = sorted((*(folder / "kept").iterdir(), *(folder / "registered").iterdir()))
    return {**told, "files": [(path.name, path.read_bytes()) for path in files]}


_QUERIES: Final = {
    "tasks": (
        f"SELECT {RECORD} updated, (SELECT title FROM titles WHERE task = tasks.key) FROM tasks "
        "ORDER BY key"
    ),
    "handles": (
        "SELECT earlier_handles.handle, task_id FROM earlier_handles "
        "JOIN tasks ON tasks.key = earlier_handles.task ORDER BY 1"
    ),
    "claims": "SELECT message_id, at FROM claims ORDER BY 1",
    "interfaces": "SELECT agent, url, interface FROM lessons ORDER BY rowid",
}


def counts(url: str) -> dict[str, int]:
    """Return how many rows the tables of a database hold."""
    names = (
        *("tasks", "earlier_handles", "claims", "overrides", "kept"),
        *("registered", "logins", "clients"),
    )
    with psycopg.connect(url) as connection:
        rows = {name: connection.execute(f"SELECT count(*) FROM {name}".encode()) for name in names}
        return {name: (found.fetchone() or (0,))[0] for name, found in rows.items()}
