"""A foreign agent behind a bridge: what it can do, what to send to it, and what it has done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import anyio
from e2e.hosts import Answer, Host
from real_agents import Agent
from stacks import QUESTION, Stack

JAVASCRIPT: Final[dict[str, tuple[str, str, str]]] = {
    "js-0.2": ("js-0.2", "", ""),
    "js-0.2-polled": ("js-0.2", "/polled", ""),
    "js-0.3": ("js-0.3", "", ""),
    "js-0.3-polled": ("js-0.3", "/polled", ""),
    "js-0.3-rest": ("js-0.3", "/rest", ""),
    "js-1.3": ("js-1.3", "", ""),
    "js-1.3-polled": ("js-1.3", "/polled", ""),
    "js-1.3-rest": ("js-1.3", "/rest", ""),
    "js-1.3-as-0.3": ("js-1.3", "/compat", "0.3"),
    "js-1.3-rest-as-0.3": ("js-1.3", "/compat-rest", "0.3"),
}
"""Name: the process that the agent lives in, the agent's path there, the version pinned for it."""


@dataclass(frozen=True)
class Can:
    """What an agent does in each scene, in the words that the tests use."""

    stream: str = "in pieces"
    slow: str = "shown while it runs"
    ask: str = "answered in its task"
    cancel: str = "canceled"
    then: str = ""
    """What a note says of a task that is read after its stream."""
    answer: Mapping[str, Any] = field(default_factory=lambda: {"message": "blue"})


@dataclass(frozen=True)
class Target:
    """An agent, what to say to it, and what it has done."""

    name: str
    host: Host
    can: Can
    words: Mapping[str, str]
    answers: Mapping[str, str]
    ran: Callable[[], list[str]]
    begin: Callable[[], None]
    finish: Callable[[], None]

    async def send(self, scene: str, **arguments: Any) -> Answer:
        return await self.host.send(self.words[scene], agent=self.name, **arguments)

    async def get(self, task: Answer) -> Answer:
        return await self.host.call("get_task", task_id=task["task_id"])


def javascript(name: str, process: Agent) -> dict[str, Any]:
    """Return the configuration of an agent of JAVASCRIPT."""
    _, path, version = JAVASCRIPT[name]
    return {"url": process.url + path} | ({"version": version} if version else {})


def real(name: str, host: Host, agent: Agent, can: Can) -> Target:
    """Make a target of a process that understands the words; `name` is the bridge's."""
    given = str(uuid4())
    # A JavaScript agent answers an `echo` without a task.
    word = "task" if name in JAVASCRIPT else "echo"
    words = {"echo": f"{word} {given}", "stream": "stream 3", "slow": "slow 0.9", "ask": "input"}
    answers = {
        "echo": f"{word}: {given}",
        "stream": "chunk1 chunk2 chunk3",
        "slow": "slow done",
        "ask": "Which city?",
    }

    def nothing() -> None:
        """The work begins and ends by itself."""

    def ran() -> list[str]:
        return [entry["text"] for entry in agent.log()]

    return Target(name, host, can, words, answers, ran, nothing, nothing)


def alike(host: Host, stack: Stack, can: Can) -> Target:
    """Make a target of a look-alike, whose work ends when it is told to."""
    words = {"echo": "echo hi", "stream": "stream it", "slow": "slow it", "ask": "ask me"}
    answers = {"echo": "echo: echo hi", "stream": "one two three", "slow": "finally done"}

    def begin() -> None:
        stack.finished, stack.canceled, fresh = anyio.Event(), False, uuid4().hex
        stack.task_id, stack.context_id = type(stack).task_id + fresh, f"context-{fresh}"

    answers["ask"] = QUESTION
    name = type(stack).__name__
    return Target(name, host, can, words, answers, lambda: [*stack.ran], begin, stack.finish)
