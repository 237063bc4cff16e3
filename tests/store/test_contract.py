"""The contracts of store/base.py, over every engine.

A new engine is added to ENGINES. What only one engine does is tested in tests/store/<engine>/.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import postgres
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.model import TERMINAL, TaskState
from a2a_mcp.store.base import Census, OpenTasks, Store, TaskRecord, TaskStore
from a2a_mcp.store.sqlite.store import SqliteTaskStore

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Engine:
    """`make` returns a store in a folder; a `durable` one is shared with other stores there."""

    name: str
    durable: bool
    make: Callable[[Path, Clock], Store]


def postgres_store(folder: Path, clock: Clock) -> Store:
    from a2a_mcp.store.postgres.database import Database
    from a2a_mcp.store.postgres.store import PostgresTaskStore

    return PostgresTaskStore(Database(postgres.database(folder), most=2), clock=clock)


ENGINES = [
    Engine("sqlite-file", True, lambda folder, clock: SqliteTaskStore(folder, clock=clock)),
    Engine("sqlite-memory", False, lambda _, clock: SqliteTaskStore(None, clock=clock)),
    *([Engine("postgres", True, postgres_store)] if postgres.IS_HERE else []),
]
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
each_durable_engine = pytest.mark.parametrize(
    "engine", [one for one in ENGINES if one.durable], ids=lambda engine: engine.name
)


@asynccontextmanager
async def opened(engine: Engine, folder: Path, clock: Clock | None = None) -> AsyncIterator[Store]:
    tasks = engine.make(folder, clock or Clock())
    try:
        with anyio.fail_after(20):
            yield tasks
    finally:
        await tasks.close()


async def begun(tasks: TaskStore, message_id: str, task_id: str | None = None) -> TaskRecord:
    record = await tasks.begin(owner="local", agent="a", message_id=message_id)
    return record if task_id is None else await tasks.update(record, task_id=task_id)


async def listed(tasks: TaskStore, owner: str = "local") -> list[str]:
    page, _ = await tasks.list(owner, limit=1000)
    return sorted(record.message_id for record in page)


# --- what is written ---


@each_engine
async def test_a_message_that_is_about_to_leave_has_a_row(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        record = await tasks.begin(
            owner="local", agent="a", message_id="m1", context_id="c1", interface='{"url":1}'
        )
        assert await tasks.find_context("local", "c1") == [record]
        assert record == TaskRecord(
            1, "local", "a", "m1", None, None, "c1", TaskState.SUBMITTED, '{"url":1}', NOW, NOW
        )


@each_engine
async def test_a_title_stays_with_its_task_and_goes_with_it(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        names = {"owner": "local", "agent": "a"}
        untitled = await tasks.begin(**names, message_id="m0")
        first = await tasks.begin(**names, message_id="m1", title="Heat pumps")
        named = await tasks.update(first, task_id="t1", state=TaskState.WORKING)
        answer = await tasks.begin(**names, message_id="m2", title="Paris")
        joined = await tasks.update(answer, task_id="t1")
        assert [untitled.title, first.title, named.title, joined.title] == [
            None,
            *["Heat pumps"] * 3,
        ]
        assert [record.title for record in await tasks.find("local", "t1")] == ["Heat pumps"]
        taker = await tasks.begin(**names, message_id="m3")
        page, _ = await tasks.list("local")
        assert {record.message_id: record.title for record in page} == {
            "m0": None,
            "m1": "Heat pumps",
            "m3": None,
        }
        adopted = await tasks.adopt(**names, task_id="t2", state=TaskState.WORKING)
        assert (taker.title, adopted.title) == (None, None)
        later = await tasks.begin(**names, message_id="m4", title="Later")
        assert (await tasks.update(later, task_id="t2")).title == "Later"


@each_durable_engine
async def test_a_row_is_seen_by_another_store_before_the_message_leaves(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as tasks, opened(engine, tmp_path) as other:
        record = await tasks.begin(owner="local", agent="a", message_id="m1", context_id="c1")
        assert await other.find_context("local", "c1") == [record]


@each_engine
async def test_a_task_is_found_by_its_id_its_handle_and_its_pending_id(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as tasks:
        record = await begun(tasks, "m1")
        assert await tasks.find("local", "pending-m1") == [record]
        record = await tasks.update(record, handle="h1", state=TaskState.WORKING)
        record = await tasks.update(record, task_id="t1", context_id="c1")
        for name in ("t1", "h1", "pending-m1"):
            assert await tasks.find("local", name) == [record]
            assert await tasks.find("local", name, agent="b") == []
            assert await tasks.find("other", name) == []


@each_durable_engine
async def test_a_task_is_found_after_a_restart(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        record = await tasks.update(await begun(tasks, "m1"), handle="h1", task_id="t1")
    async with opened(engine, tmp_path) as tasks:
        assert await tasks.find("local", "t1") == [record]
        assert await tasks.find("local", "h1") == [record]
        assert tasks.problem is None


@each_engine
async def test_a_store_that_forgets_says_so(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        await begun(tasks, "m1")
        assert (tasks.problem is None) is engine.durable


@each_engine
async def test_one_id_at_two_agents_is_two_tasks(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        for agent in ("a", "b"):
            record = await tasks.begin(owner="local", agent=agent, message_id=agent)
            await tasks.update(record, task_id="1")
        assert {record.agent for record in await tasks.find("local", "1")} == {"a", "b"}
        assert [record.agent for record in await tasks.find("local", "1", "b")] == ["b"]


@each_engine
@pytest.mark.parametrize("ended", sorted(TERMINAL))
async def test_an_ended_task_stays_ended(engine: Engine, tmp_path: Path, ended: TaskState) -> None:
    async with opened(engine, tmp_path) as tasks:
        record = await begun(tasks, "m1", "t1")
        done = await tasks.update(record, state=ended)
        assert (await tasks.update(done, state=TaskState.WORKING)).state is ended
        # The record is older than the end of the task; the row is not.
        late = await tasks.update(record, state=TaskState.WORKING, context_id="c1")
        assert (late.state, late.context_id) == (ended, "c1")
        found = await tasks.adopt(owner="local", agent="a", task_id="t1", state=TaskState.WORKING)
        assert (found.key, found.state) == (record.key, ended)


@each_engine
async def test_an_update_that_changes_nothing_writes_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    clock = Clock()
    async with opened(engine, tmp_path, clock) as tasks:
        record = await begun(tasks, "m1", "t1")
        clock.now += 5
        assert await tasks.update(record, task_id="t1", state=TaskState.SUBMITTED) is record
        assert await tasks.update(record) is record
        assert await tasks.find("local", "t1") == [record]


@each_engine
async def test_an_empty_context_id_removes_the_context(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        record = await tasks.update(await begun(tasks, "m1", "t1"), context_id="c1")
        await tasks.update(record, context_id="")
        assert await tasks.find_context("local", "c1") == []
        (found,) = await tasks.find("local", "t1")
        assert found.context_id is None


@each_engine
async def test_a_follow_up_joins_the_row_of_its_task_and_every_handle_leads_there(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as tasks:
        first = await tasks.update(await begun(tasks, "m1"), handle="h1")
        first = await tasks.update(first, task_id="t1", state=TaskState.INPUT_REQUIRED)
        second = await tasks.update(await begun(tasks, "m2"), handle="h2")
        second = await tasks.update(second, handle="h2 again")
        joined = await tasks.update(second, task_id="t1", state=TaskState.WORKING)
        third = await tasks.begin(owner="local", agent="a", message_id="m3", interface="i3")
        third = await tasks.update(third, handle="h3")
        joined = await tasks.update(third, task_id="t1")
        assert (joined.key, joined.message_id, joined.created) == (first.key, "m1", first.created)
        assert (joined.state, joined.interface) == (TaskState.WORKING, "i3")
        for name in ("t1", "h1", "h2", "h2 again", "h3"):
            assert await tasks.find("local", name) == [joined]
        assert await listed(tasks) == ["m1"]


@each_engine
async def test_adopting_again_updates_the_same_row_and_leaves_another_owners_alone(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as tasks:
        theirs = await tasks.adopt(
            owner="eve", agent="a", task_id="t1", state=TaskState.WORKING, context_id="c0"
        )
        mine = await tasks.adopt(owner="local", agent="a", task_id="t1", state=TaskState.WORKING)
        again = await tasks.adopt(
            owner="local", agent="a", task_id="t1", state=TaskState.FAILED, interface="i"
        )
        assert (again.key, again.state, again.interface) == (mine.key, TaskState.FAILED, "i")
        assert again.message_id == ""
        assert await tasks.find("eve", "t1") == [theirs]


@each_engine
async def test_a_pending_id_without_a_message_finds_no_adopted_task(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as tasks:
        await tasks.adopt(owner="local", agent="a", task_id="t1", state=TaskState.WORKING)
        assert await tasks.find("local", "pending-") == []


# --- what is forgotten ---


@each_engine
async def test_a_forgotten_task_goes_with_its_handles_and_title(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as tasks:
        names = {"owner": "local", "agent": "a"}
        first = await tasks.begin(**names, message_id="m1", context_id="c1", title="Heat pumps")
        first = await tasks.update(first, handle="h1")
        first = await tasks.update(first, handle="h2", task_id="t1", state=TaskState.COMPLETED)
        theirs = await tasks.adopt(owner="eve", agent="a", task_id="t1", state=TaskState.COMPLETED)
        other = await begun(tasks, "m2", "t2")
        assert await tasks.forget(first)
        for name in ("t1", "h1", "h2", "pending-m1"):
            assert await tasks.find("local", name) == []
        assert await tasks.find_context("local", "c1") == []
        assert await tasks.list("local", state=TaskState.COMPLETED) == ([], None)
        assert await tasks.find("local", "t2") == [other]
        assert await tasks.find("eve", "t1") == [theirs]
        assert not await tasks.forget(first)


@each_engine
async def test_a_task_that_has_moved_since_is_not_forgotten(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        lost = await tasks.update(await begun(tasks, "m1", "t1"), state=TaskState.UNKNOWN)
        moved = await tasks.update(lost, state=TaskState.WORKING)
        assert not await tasks.forget(lost)
        assert await tasks.find("local", "t1") == [moved]
        assert (await tasks.update(moved, context_id="c1")).context_id == "c1"


@each_durable_engine
async def test_a_late_write_of_another_process_does_not_bring_back_what_is_forgotten(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as bridge, opened(engine, tmp_path) as command:
        seen = await begun(bridge, "m1", "t1")
        unnamed = await begun(bridge, "m2")
        ended = await command.update(seen, state=TaskState.COMPLETED)
        lost = await command.update(unnamed, state=TaskState.UNKNOWN)
        assert [await command.forget(it) for it in (ended, lost)] == [True, True]
        late = await bridge.update(seen, state=TaskState.COMPLETED, context_id="c1")
        assert (late.state, late.context_id) == (TaskState.COMPLETED, "c1")
        await bridge.update(unnamed, task_id="t2", state=TaskState.WORKING)
        await bridge.update(late, context_id="c2")
        assert await listed(command) == []
        again = await bridge.adopt(owner="local", agent="a", task_id="t1", state=ended.state)
        assert await command.find("local", "t1") == [again]
        await bridge.update(late, context_id="c3")
        assert await command.find("local", "t1") == [again]


# --- owners ---


@each_engine
async def test_only_whether_another_owner_has_a_task_is_told(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as tasks:
        await tasks.adopt(
            owner="eve", agent="a", task_id="t1", context_id="c1", state=TaskState.WORKING
        )
        assert await tasks.held_by_other("local", "a", "t1")
        assert await tasks.context_held_by_other("local", "a", "c1")
        for owner, agent, name in (("local", "b", "1"), ("local", "a", "2"), ("eve", "a", "1")):
            assert not await tasks.held_by_other(owner, agent, f"t{name}")
            assert not await tasks.context_held_by_other(owner, agent, f"c{name}")
        assert await tasks.find("local", "t1") == await tasks.find_context("local", "c1") == []
        assert await tasks.list("local") == ([], None)


@each_engine
@pytest.mark.parametrize("state", sorted(TaskState))
async def test_a_task_that_ended_or_whose_state_is_unknown_is_not_active(
    engine: Engine, tmp_path: Path, state: TaskState
) -> None:
    async with opened(engine, tmp_path) as tasks:
        await tasks.adopt(owner="eve", agent="a", task_id="t1", state=state)
        active = state not in TERMINAL and state is not TaskState.UNKNOWN
        assert await tasks.held_by_other("local", "a", "t1")
        assert await tasks.held_by_other("local", "a", "t1", active_only=True) is active


# --- claims ---


@each_engine
async def test_a_reply_is_claimed_once(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        assert not await tasks.claimed("m-1")
        assert [await tasks.claim("m-1"), await tasks.claim("m-1")] == [True, False]
        assert [await tasks.claimed("m-1"), await tasks.claimed("m-2")] == [True, False]


@each_durable_engine
async def test_what_agents_posted_to_one_store_is_told_once_to_every_other(
    engine: Engine, tmp_path: Path
) -> None:
    clock = Clock()
    async with opened(engine, tmp_path, clock) as one, opened(engine, tmp_path, clock) as two:
        assert list((await one.exchange_posts("a", ["early"], None))[0]) == []
        await begun(one, "m")
        await one.exchange_posts("a", ["before"], None)
        told, position = await two.exchange_posts("b", [], None)
        assert list(told) == []
        await one.exchange_posts("a", ["x", "y"], None)
        told, position = await two.exchange_posts("b", ["z"], position)
        assert sorted(told) == ["x", "y"]
        told, position = await two.exchange_posts("b", [], position)
        assert list(told) == []
        clock.now += 3600
        await one.exchange_posts("a", ["later"], None)
        told, position = await two.exchange_posts("b", [], position)
        assert list(told) == ["later"]


@each_engine
async def test_a_stop_is_told_to_every_store_or_to_none(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as one, opened(engine, tmp_path) as two:
        moving, stopping = await begun(one, "m0", "t0"), await begun(one, "m1", "t1")
        await two.find("local", "t1")
        told: list[int] = []

        def tell(key: int) -> None:
            told.append(key)
            group.cancel_scope.cancel()

        async def hear() -> None:
            await two.hear_stops(tell)
            group.cancel_scope.cancel()

        async def stop_again_and_again() -> None:
            while True:  # until the other store listens
                for state in (TaskState.WORKING, TaskState.INPUT_REQUIRED):
                    await one.update(replace(stopping, state=TaskState.UNKNOWN), state=state)
                await one.update(moving, state=TaskState.WORKING)
                await anyio.sleep(0.02)

        async with anyio.create_task_group() as group:
            group.start_soon(stop_again_and_again)
            group.start_soon(hear)
        assert set(told) == ({stopping.key} if engine.name == "postgres" else set())


@each_engine
async def test_a_store_alone_is_told_of_no_post(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as tasks:
        await begun(tasks, "m")
        _, position = await tasks.exchange_posts("a", ["x"], None)
        assert list((await tasks.exchange_posts("a", ["y"], position))[0]) == []


@each_durable_engine
async def test_a_claim_is_known_to_every_store_and_after_a_restart(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as one, opened(engine, tmp_path) as two:
        assert not await two.claimed("m-1")
        assert [await one.claim("m-1"), await two.claim("m-1")] == [True, False]
        assert [await two.claimed("m-1"), await two.claimed("m-2")] == [True, False]
    async with opened(engine, tmp_path) as later:
        assert await later.claimed("m-1")


# --- ids ---


@each_engine
@pytest.mark.parametrize("bad", ["x" * 513, "é" * 257, "\ud800"])
async def test_an_id_that_cannot_be_stored_is_refused_and_never_found(
    engine: Engine, tmp_path: Path, bad: str
) -> None:
    async with opened(engine, tmp_path) as tasks:
        record = await begun(tasks, "m1")
        with pytest.raises(ValueError, match="task id"):
            await tasks.update(record, task_id=bad)
        with pytest.raises(ValueError, match="task id"):
            await tasks.adopt(owner="o", agent="a", task_id=bad, state=TaskState.WORKING)
        with pytest.raises(ValueError, match="context id"):
            await tasks.begin(owner="o", agent="a", message_id="m", context_id=bad)
        assert await tasks.find("local", bad) == await tasks.find_context("local", bad) == []
        assert not await tasks.held_by_other("local", "a", bad)


@each_engine
@pytest.mark.parametrize(
    "odd", ["x" * 512, "../../etc", "'; DROP TABLE tasks; --", "a\0b", "%", ""]
)
async def test_ids_are_opaque(engine: Engine, tmp_path: Path, odd: str) -> None:
    async with opened(engine, tmp_path) as tasks:
        record = await begun(tasks, "m1", odd)
        await begun(tasks, "m2", "a")
        assert await tasks.find("local", odd) == [record]


# --- lists ---

ROW = st.tuples(
    st.sampled_from(["a", "b"]),
    st.sampled_from(["c1", "c2"]),
    st.sampled_from([TaskState.WORKING, TaskState.COMPLETED]),
    st.integers(0, 3),
)


@each_engine
@settings(max_examples=30)
@given(
    rows=st.lists(ROW, max_size=12),
    limit=st.integers(1, 5),
    agent=st.sampled_from([None, "a"]),
    context_id=st.sampled_from([None, "c1"]),
    state=st.sampled_from([None, TaskState.COMPLETED]),
    unfinished=st.booleans(),
    after=st.sampled_from([None, NOW + 1]),
)
async def test_pages_hold_every_matching_row_once_and_in_order(
    engine: Engine,
    rows: list[tuple[str, str, TaskState, int]],
    limit: int,
    agent: str | None,
    context_id: str | None,
    state: TaskState | None,
    unfinished: bool,
    after: float | None,
) -> None:
    def matches(record: TaskRecord) -> bool:
        return (
            agent in (None, record.agent)
            and context_id in (None, record.context_id)
            and state in (None, record.state)
            and not (unfinished and record.state.terminal)
            and record.updated > (after or 0)
        )

    clock = Clock()
    wanted: dict[str, Any] = {
        "agent": agent,
        "context_id": context_id,
        "state": state,
        "unfinished": unfinished,
    }
    with TemporaryDirectory() as folder:
        async with opened(engine, Path(folder), clock) as tasks:
            written = []
            for number, (of, context, at, seconds) in enumerate(rows):
                clock.now = NOW + seconds
                names = {"owner": "local", "agent": of, "context_id": context}
                written.append(await tasks.adopt(**names, task_id=str(number), state=at))
            expected = sorted(
                filter(matches, written), key=lambda one: (one.updated, one.key), reverse=True
            )
            found, cursor = await tasks.list("local", **wanted, updated_after=after, limit=limit)
            while cursor is not None:
                assert len(found) % limit == 0
                page, cursor = await tasks.list(
                    "local", **wanted, updated_after=after, limit=limit, cursor=cursor
                )
                assert page
                found += page
            assert found == expected


@each_engine
@pytest.mark.parametrize(
    "bad", ["", "x", "é", "\ud800", "bmFuIDE=", "MSAtMQ==", "MSA5OTk5OTk5OTk5OTk5OTk5OTk5OTk="]
)
async def test_a_cursor_of_another_list_and_a_limit_below_1_are_refused(
    engine: Engine, tmp_path: Path, bad: str
) -> None:
    async with opened(engine, tmp_path) as tasks:
        with pytest.raises(ValueError, match="cursor"):
            await tasks.list("local", cursor=bad)
        with pytest.raises(ValueError, match="limit"):
            await tasks.list("local", limit=0)


@each_engine
async def test_a_conversation_lists_its_newest_task_first(engine: Engine, tmp_path: Path) -> None:
    clock = Clock()
    async with opened(engine, tmp_path, clock) as tasks:
        for number in range(25):
            clock.now += 1
            await tasks.begin(owner="local", agent="a", message_id=str(number), context_id="c")
        found = await tasks.find_context("local", "c")
        assert [record.message_id for record in found] == [str(n) for n in range(24, 4, -1)]


# --- interface overrides ---


@each_engine
async def test_an_interface_override_replaces_the_one_of_its_url(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as store:
        assert await store.interface_overrides("a") == []
        await store.set_interface_override("a", "http://one", "first")
        await store.set_interface_override("a", "http://two", "second")
        await store.set_interface_override("a", "http://one", "third")
        await store.set_interface_override("b", "http://one", "of another agent")
        assert await store.interface_overrides("a") == ["third", "second"]


@each_durable_engine
async def test_interface_overrides_survive_a_restart(engine: Engine, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as store:
        await store.set_interface_override("a", "http://one", "first")
    async with opened(engine, tmp_path) as store:
        assert await store.interface_overrides("a") == ["first"]


ALIVE_SECONDS = 40.0  # longer than any engine's


async def taken(tasks: TaskStore, reader: str) -> list[str | None]:
    records, go_on = await tasks.take_over(reader, after=0, limit=10)
    assert go_on is None
    return [record.task_id for record in records]


@each_engine
async def test_the_tasks_of_a_silent_reader_go_to_one_other(engine: Engine, tmp_path: Path) -> None:
    clock = Clock()
    async with opened(engine, tmp_path, clock) as tasks:
        read, other = await begun(tasks, "m1", "t1"), await begun(tasks, "m2", "t2")
        await tasks.note_reader("first", [read.key, other.key], [])
        clock.now += ALIVE_SECONDS
        await tasks.note_reader("first", [], [other.key])
        assert await taken(tasks, "second") == ["t2"]
        clock.now += ALIVE_SECONDS
        await tasks.note_reader("second", [], [])
        assert await taken(tasks, "third") == ["t1"]
        assert await taken(tasks, "fourth") == []


@each_engine
async def test_the_running_tasks_of_an_owner_are_counted_over_all_readers(
    engine: Engine, tmp_path: Path
) -> None:
    clock = Clock()
    async with opened(engine, tmp_path, clock) as tasks:
        if engine.name != "postgres":
            assert await tasks.running("local") is None, "each process counts its own"
            return
        read, left = await begun(tasks, "m1", "t1"), await begun(tasks, "m2", "t2")
        await tasks.begin(owner="alice", agent="a", message_id="m3")
        assert [await tasks.running(owner) for owner in ("local", "alice", "bob")] == [2, 1, 0]
        await tasks.note_reader("first", [read.key, left.key], [])
        clock.now += ALIVE_SECONDS
        await tasks.note_reader("first", [], [left.key])
        assert await tasks.running("local") == 1, "nobody reads the other one any more"
        await tasks.update(read, state=TaskState.COMPLETED)
        assert await tasks.running("local") == 0


@each_engine
async def test_the_tasks_of_a_reader_that_left_are_free_at_once(
    engine: Engine, tmp_path: Path
) -> None:
    async with opened(engine, tmp_path) as tasks:
        read, _ = await begun(tasks, "m1", "t1"), await begun(tasks, "m2", "t2")
        await tasks.note_reader("first", [read.key], [])
        assert await taken(tasks, "second") == []
        await tasks.leave("first")
        assert await taken(tasks, "second") == ["t1"]
        assert await taken(tasks, "third") == []


@each_engine
async def test_what_could_not_be_followed_may_be_taken_again(
    engine: Engine, tmp_path: Path
) -> None:
    clock = Clock()
    async with opened(engine, tmp_path, clock) as tasks:
        record = await begun(tasks, "m1", "t1")
        clock.now += ALIVE_SECONDS
        assert await taken(tasks, "first") == ["t1"]
        assert await taken(tasks, "second") == []
        await tasks.note_reader("first", [], [record.key])
        assert await taken(tasks, "second") == ["t1"]


# --- what operators see ---


@each_engine
async def test_the_census_counts_the_open_tasks_of_all_owners_and_the_living_readers(
    engine: Engine, tmp_path: Path
) -> None:
    clock = Clock()
    async with opened(engine, tmp_path, clock) as tasks:
        await tasks.look()
        assert await tasks.census() == Census((), 0)
        for owner, agent, state in (
            ("one", "b", TaskState.WORKING),
            ("two", "b", TaskState.WORKING),
            ("one", "a", TaskState.INPUT_REQUIRED),
            ("one", "a", TaskState.COMPLETED),
        ):
            record = await tasks.begin(owner=owner, agent=agent, message_id=f"{owner}{state}")
            record = await tasks.update(record, state=state)
            clock.now += 10
        await tasks.note_reader("r1", [record.key], [])
        assert await tasks.census() == Census(
            (
                OpenTasks("a", "input-required", 1, NOW + 20),
                OpenTasks("b", "working", 2, NOW),
            ),
            1,
        )
        clock.now += 3600
        assert (await tasks.census()).readers == 0
