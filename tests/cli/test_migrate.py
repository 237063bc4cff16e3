"""`a2a-mcp migrate`: what it prints, what it refuses, and how it ends."""

from __future__ import annotations

from pathlib import Path

import anyio
import moving
import postgres
import pytest
from commands import Home, ended

pytestmark = pytest.mark.anyio


@pytest.fixture
def state(home: Home) -> Path:
    """Return the state folder of a home whose configuration names a database."""
    url = postgres.database(home.folder)
    home.write(f'[server]\nstate_key = "{moving.KEY}"\n[server.store]\nurl = "{url}"\n')
    return home.folder / "state" / "a2a-mcp"


async def test_a_folder_goes_into_the_database_and_the_person_is_told_what_stays(
    home: Home, state: Path
) -> None:
    await moving.filled(state)
    (state / "pins").mkdir()
    (state / "state.key").touch()
    looked = await home.run("migrate", "to-database", "--dry-run")
    assert (looked.code, looked.err) == (0, "")
    assert "Nothing was written." in looked.out
    done = await home.run("migrate", "to-database")
    assert (done.code, done.err) == (0, "")
    assert "Every row stands in the database as it was read from the state folder" in done.out
    assert "Of 1 logins 1 open with state_key" in done.out
    assert "pins (pins of cards)" in done.out
    assert "Pins of cards are not moved" in done.out
    assert "The audit stays" not in done.out
    assert "is asked again" in done.out
    assert moving.counts(postgres.database(home.folder))["tasks"] == 5
    back = await home.run("migrate", "to-folder", "--dry-run")
    assert "Pins of cards are not moved" in back.out
    assert "The audit stays in the database" in back.out


async def test_a_script_reads_counts_and_digests(home: Home, state: Path) -> None:
    await moving.filled(state)
    looked = (await home.run("migrate", "to-database", "--dry-run", "--json")).json
    assert looked["dry_run"]
    assert [it["written"] for it in looked["tables"]] == [5, 1, 1, 2, 4, 2, 1, 1]
    done = (await home.run("migrate", "to-database", "--json")).json
    assert done["whole"]
    assert [it["equal"] for it in done["tables"]] == [5, 1, 1, 2, 4, 2, 1, 1]
    assert all(it["digest"] == it["found"] for it in done["tables"])


async def test_a_person_at_a_terminal_sees_how_far_it_is(home: Home, state: Path) -> None:
    await moving.filled(state)
    terminal = home.terminal("migrate", "to-database")
    code, words = await ended(terminal)
    assert code == 0
    assert "tasks: 5 of 5" in words


async def test_what_hinders_a_move_is_said_with_what_to_do(home: Home, state: Path) -> None:
    gone = await home.run("migrate", "to-database")
    assert gone.code == 1
    assert f"There is no state folder at {state}." in gone.err
    home.write("")
    missing = await home.run("migrate", "to-database", PYTHONPATH=str(without_psycopg(home.folder)))
    assert missing.code == 2
    assert "set url in [server.store]" in missing.err
    assert (await home.run("migrate", "to-somewhere")).code == 2
    home.write(
        f'[server]\nstate_key = "{moving.KEY}"\n[server.store]\nurl = "postgresql://127.0.0.1:1"\n'
    )
    await anyio.Path(state).mkdir(parents=True)
    away = await home.run("migrate", "to-database", "--json")
    assert away.code == 1
    assert "The database cannot be used" in away.json["error"]


def without_psycopg(folder: Path) -> Path:
    """Return a folder for PYTHONPATH, with which the extra `postgres` is as if not installed."""
    (folder / "sitecustomize.py").write_text("import sys; sys.modules['psycopg'] = None")
    return folder
