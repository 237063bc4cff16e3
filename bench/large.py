"""A bridge that has much to remember: thousands of agents, a million tasks in its map."""

import contextlib
import time
import uuid
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from a2a_mcp.store.sqlite.file import TaskFile
from a2a_mcp.store.sqlite.settled import settle

OWNER: Final = "local"
STATE: Final = "input-required"
"""A state that no sweep removes and no follower reads, so that all rows stay."""
DAY: Final = 86_400


def write_config(path: Path, echo_url: str, agents: int) -> None:
    """Write an `agents.toml` of that many agents; only the default one, which echoes, is called."""
    tables = ['default_agent = "echo"', f'[agents.echo]\nurl = "{echo_url}"']
    tables += [
        f'[agents.agent-{number:05}]\nurl = "https://agent-{number:05}.example/a2a"\n'
        f'description = "Does the work of kind {number}"'
        for number in range(agents - 1)
    ]
    path.write_text("\n\n".join(tables) + "\n")


def fill_tasks(state: Path, tasks: int, agents: int) -> None:
    """Fill the task map of a state folder as if so many tasks had been sent in a day."""
    insert = (
        "INSERT INTO tasks (owner, agent, message_id, task_id, context_id, state, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )
    task_file = TaskFile(state, "normal")
    with contextlib.closing(task_file):
        task_file.run(lambda connection: write_all(connection, insert, tasks, agents))


def settle_tasks(state: Path) -> None:
    """Index the task map for lists, as a bridge does in the background."""
    task_file = TaskFile(state, "normal")
    with contextlib.closing(task_file):
        while task_file.run(lambda connection: settle(connection, OWNER, time.time(), 10_000)):
            continue


def write_all(connection: Connection, insert: str, tasks: int, agents: int) -> None:
    """Write every row in one transaction."""
    connection.execute("BEGIN")
    connection.executemany(insert, (row(number, tasks, agents) for number in range(tasks)))
    connection.execute("COMMIT")


def row(number: int, tasks: int, agents: int) -> tuple[str | float, ...]:
    """Return one task; every tenth shares its conversation with the nine before it."""
    when = time.time() - DAY * (tasks - number) / tasks
    agent = f"agent-{number % agents:05}"
    ids = (f"message-{number}", str(uuid.uuid4()), f"context-{number // 10}")
    return (OWNER, agent, *ids, STATE, when, when)
