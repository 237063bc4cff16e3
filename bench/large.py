"""A bridge that has much to remember: 1 000 configured agents and 100 000 tasks in its map."""

import contextlib
import time
import uuid
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from a2a_mcp.store.sqlite.file import TaskFile

AGENTS: Final = 1_000
TASKS: Final = 100_000
OWNER: Final = "local"
DAY: Final = 86_400


def write_config(path: Path, echo_url: str) -> None:
    """Write an `agents.toml` whose default agent is the echo agent; the others are never called."""
    tables = ['default_agent = "echo"', f'[agents.echo]\nurl = "{echo_url}"']
    tables += [
        f'[agents.agent-{number:04}]\nurl = "https://agent-{number:04}.example/a2a"\n'
        f'description = "Does the work of kind {number}"'
        for number in range(AGENTS - 1)
    ]
    path.write_text("\n\n".join(tables) + "\n")


def fill_tasks(state: Path) -> None:
    """Fill the task map of a state folder as if so many tasks had been sent in the last day."""
    insert = (
        "INSERT INTO tasks (owner, agent, message_id, task_id, context_id, state, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )
    task_file = TaskFile(state, "normal")
    with contextlib.closing(task_file):
        task_file.run(lambda connection: write_all(connection, insert))


def write_all(connection: Connection, insert: str) -> None:
    """Write every row in one transaction."""
    connection.execute("BEGIN")
    connection.executemany(insert, (row(number) for number in range(TASKS)))
    connection.execute("COMMIT")


def row(number: int) -> tuple[str | float, ...]:
    """Give one finished task; every tenth shares its conversation with the nine before it."""
    when = time.time() - DAY * (TASKS - number) / TASKS
    agent = f"agent-{number % AGENTS:04}"
    ids = (f"message-{number}", str(uuid.uuid4()), f"context-{number // 10}")
    return (OWNER, agent, *ids, "completed", when, when)
