"""The streams of changes: each caller hears of its own tasks, and only of what differs."""

from __future__ import annotations

import weakref
from typing import Final

import anyio
import pytest
from mcp.client.subscriptions import ResourceUpdated
from mcp.server.subscriptions import ServerEvent
from staging import ME, configured

from a2a_mcp.a2a.model import Task, TaskState, TaskStatus
from a2a_mcp.agents.registry import Registry
from a2a_mcp.presentation import resource_uris
from a2a_mcp.server import change_feed
from a2a_mcp.store.base import TaskRecord

pytestmark = pytest.mark.anyio

T1: Final = resource_uris.of_task("it", "t1")
SOON: Final = 20.0


async def test_a_stream_hears_nothing_of_another_callers_tasks() -> None:
    mine, theirs = change_feed.Stream(), change_feed.Stream()
    heard_by: list[str] = []
    record = TaskRecord(1, ME, "it", "m", "t1", None, None, TaskState.WORKING, None, 0.0, 0.0)
    seen = Task(id="t1", status=TaskStatus(state=TaskState.WORKING))
    async with anyio.create_task_group() as group:
        both = change_feed.Streams(group)
        registry = Registry(configured())
        for name, stream in (("mine", mine), ("theirs", theirs)):
            stream.want(T1)
            stream.want("a2a://tasks")

            async def send(_: ServerEvent, name: str = name) -> None:
                heard_by.append(name)

            group.start_soon(stream.serve, registry, send)
        with both.joined(ME, mine), both.joined("token:stranger", theirs):
            both.note(record, seen)
            both.note(record, seen)
            both.close()
    assert heard_by == ["mine", "mine"]


def test_a_stream_keeps_no_task_at_which_it_listens_no_more() -> None:
    stream, artifact = change_feed.Stream(), f"{T1}/artifacts/a1"
    record = TaskRecord(1, ME, "it", "m", "t1", None, None, TaskState.WORKING, None, 0.0, 0.0)
    seen = Task(id="t1", status=TaskStatus(state=TaskState.WORKING))
    kept = weakref.ref(seen)
    for uri in (T1, artifact):
        stream.want(uri)
    stream.note(record, seen)
    del seen
    stream.drop(T1)
    assert kept() is not None
    stream.drop(artifact)
    assert kept() is None


async def test_an_unchanged_task_is_not_sent_again() -> None:
    stream, told = change_feed.Stream(), anyio.Event()
    record = TaskRecord(1, ME, "it", "m", "t1", None, None, TaskState.WORKING, None, 0.0, 0.0)
    news: list[ServerEvent] = []

    async def send(event: ServerEvent) -> None:
        news.append(event)
        told.set()

    def look() -> None:
        stream.note(record, Task(id="t1", status=TaskStatus(state=TaskState.WORKING)))

    stream.want(T1)
    with anyio.fail_after(SOON):
        async with anyio.create_task_group() as group:
            group.start_soon(stream.serve, Registry(configured()), send)
            look()
            await told.wait()
            look()
            stream.close()
    assert news == [ResourceUpdated(T1)]
