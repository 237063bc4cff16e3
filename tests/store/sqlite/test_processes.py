from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.sqlite.store import SqliteTaskStore

pytestmark = pytest.mark.anyio

WRITER = """
import sys
from pathlib import Path
import anyio
import anyio.to_thread
from a2a_mcp.a2a.model import TaskState
from a2a_mcp.store.sqlite.store import SqliteTaskStore

def say(line):
    # One write a line: print may make several, and a kill can fall between them.
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

async def main(folder, name, count):
    say("started")
    tasks = SqliteTaskStore(Path(folder))
    for number in range(int(count)):
        message = f"{name}-{number}"
        record = await tasks.begin(owner="local", agent="a", message_id=message)
        say("begun " + message)
        await tasks.update(record, task_id="t" + message, state=TaskState.COMPLETED)
        say("named " + message)
        if number % 7 == 0:
            record = await tasks.begin(owner="local", agent="a", message_id="again-" + message)
            record = await tasks.update(record, handle="h" + message)
            await tasks.update(record, task_id="t" + message)
            say("joined " + message)
    if tasks.problem:
        say("problem " + tasks.problem)
    await tasks.close()

anyio.run(main, *sys.argv[1:])
"""


@contextmanager
def writer(folder: Path, name: str, count: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WRITER, str(folder), name, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged(process: subprocess.Popen[str]) -> list[tuple[str, str]]:
    """What a writer said that it had written; a last line cut short by its end does not count."""
    said, _ = process.communicate(timeout=30)
    lines = said[: said.rfind("\n") + 1].removeprefix("started\n").splitlines()
    return [(word, message) for word, _, message in (line.partition(" ") for line in lines)]


async def started(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    # Not through the buffer of `stdout`, which would keep what `communicate` is to give.
    first = await anyio.to_thread.run_sync(os.read, process.stdout.fileno(), len("started\n"))
    assert first == b"started\n"


def set_aside(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*damaged*")]


async def check(tasks: SqliteTaskStore, said: list[tuple[str, str]]) -> None:
    page, _ = await tasks.list("local", limit=1_000_000)
    rows = {record.message_id: record for record in page}
    for word, message in said:
        assert message in rows
        if word == "named":
            found = await tasks.find("local", "t" + message)
            assert [record.message_id for record in found] == [message]
            assert found[0].state is TaskState.COMPLETED
        if word == "joined":
            assert await tasks.find("local", "h" + message) == [rows[message]]
            assert "again-" + message not in rows


async def test_what_was_acknowledged_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    said: list[tuple[str, str]] = []
    for number in range(10):
        with writer(tmp_path, str(number), 1_000_000) as process:
            # The first rounds die while they start; the others anywhere.
            if number > 2:
                await started(process)
            await anyio.sleep(random.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
            said += acknowledged(process)
    tasks = SqliteTaskStore(tmp_path)
    await check(tasks, said)
    assert tasks.problem is None
    await tasks.close()
    assert len(said) > 100
    assert set_aside(tmp_path) == []
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_processes_that_write_at_once_see_each_others_tasks(tmp_path: Path) -> None:
    tasks = SqliteTaskStore(tmp_path)
    with writer(tmp_path, "x", 300) as one, writer(tmp_path, "y", 300) as two:
        for number in range(100):
            await tasks.begin(owner="local", agent="a", message_id=f"z-{number}")
            await anyio.sleep(0.001)
        said = acknowledged(one) + acknowledged(two)
    await check(tasks, said + [("begun", f"z-{number}") for number in range(100)])
    assert len(said) == 2 * (600 + 43)
    assert tasks.problem is None
    await tasks.close()


async def test_processes_that_find_a_damaged_file_at_once_end_on_one_good_file(
    tmp_path: Path,
) -> None:
    for number in range(4):
        good = (tmp_path / "tasks.db").read_bytes() if number else b""
        # Damage that is seen at once, and damage that is met only while writing.
        (tmp_path / "tasks.db").write_bytes(good[:4096] * (number % 2) + b"garbage" * 5000)
        with (
            writer(tmp_path, f"x{number}", 20) as one,
            writer(tmp_path, f"y{number}", 20) as two,
            writer(tmp_path, f"z{number}", 20) as three,
        ):
            said = acknowledged(one) + acknowledged(two) + acknowledged(three)
        assert len(said) == 3 * 43
        tasks = SqliteTaskStore(tmp_path)
        await check(tasks, said)
        await tasks.close()
        assert len(set_aside(tmp_path)) == number + 1


async def test_a_process_killed_while_it_sets_a_file_aside_harms_nobody(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / "tasks.db").write_bytes(b"garbage" * 5000)
        with writer(tmp_path, f"x{number}", 1000) as process:
            await started(process)
            await anyio.sleep(random.uniform(0, 0.03))
            process.send_signal(signal.SIGKILL)
            said = acknowledged(process)
        tasks = SqliteTaskStore(tmp_path)
        await check(tasks, said)
        assert tasks.problem is None
        await tasks.close()


def test_a_store_is_made_without_importing_sqlite() -> None:
    code = (
        "import sys; from a2a_mcp.store.sqlite.store import SqliteTaskStore; "
        "SqliteTaskStore(None); "
        "assert 'sqlite3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
