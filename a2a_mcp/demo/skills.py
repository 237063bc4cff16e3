"""The demo agent's skills: one function per skill, and the table from which the card is made.

Every skill ends in a terminal state, input-required or auth-required. None prints or uses the
network or the disk.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import anyio
from a2a.helpers import new_data_part, new_raw_part, new_text_part
from a2a.server.tasks import TaskUpdater
from a2a.types import Part, TaskState

from a2a_mcp.demo import chart

MAX_SECONDS: Final = 600
MAX_CHUNKS: Final = 1000
CHUNK_SECONDS: Final = 0.25
SIGN_IN_SECONDS: Final = 3
SIGN_IN_LINK: Final = "https://example.com/demo-agent/sign-in"


class Refused(ValueError):
    """The words after the skill's name are not valid; the text says what would be."""


@dataclass(frozen=True)
class Turn:
    """One message to the agent: the words after the skill's name, and how to answer them."""

    words: str
    updates: TaskUpdater

    async def say(self, state: TaskState, text: str) -> None:
        """Set the task's state, with a message to the caller."""
        message = self.updates.new_agent_message([new_text_part(text)])
        await self.updates.update_status(state, message)

    async def give(self, artifact_id: str, part: Part, name: str = "") -> None:
        """Add an artifact of one part."""
        await self.updates.add_artifact([part], artifact_id=artifact_id, name=name or artifact_id)

    async def answer(self, text: str) -> None:
        """Complete the task with `text` as its only artifact."""
        await self.give("answer", new_text_part(text))
        await self.updates.complete()

    def number(self, default: float, most: float) -> float:
        """Return the words as a number from 0 to `most`; raises Refused for anything else."""
        try:
            number = float(self.words or default)
        except ValueError:
            number = math.nan
        if not 0 <= number <= most:
            raise Refused(f"I need a number from 0 to {most:g} here, not {self.words!r}.")
        return number


@dataclass(frozen=True)
class Skill:
    """A skill as the card shows it, and its function."""

    name: str
    description: str
    tags: tuple[str, ...]
    examples: tuple[str, ...]
    run: Callable[[Turn], Awaitable[None]]


async def echo(turn: Turn) -> None:
    """Answer with the words of the message."""
    await turn.answer(f"echo: {turn.words}")


async def slow(turn: Turn) -> None:
    """Work for some seconds, with a progress message after each."""
    seconds = turn.number(default=5, most=MAX_SECONDS)
    await _work(turn, seconds)
    await turn.answer(f"Done after {seconds:g} s of hard work.")


async def _work(turn: Turn, seconds: float) -> None:
    await turn.say(TaskState.TASK_STATE_WORKING, f"0 of {seconds:g} s")
    for second in range(1, int(seconds) + 1):
        await anyio.sleep(1)
        await turn.say(TaskState.TASK_STATE_WORKING, f"{second} of {seconds:g} s")
    await anyio.sleep(seconds % 1)


async def stream(turn: Turn) -> None:
    """Append chunks of text to one artifact."""
    chunks = int(turn.number(default=5, most=MAX_CHUNKS))
    await turn.updates.start_work()
    for chunk in range(1, chunks + 1):
        await turn.updates.add_artifact(
            [new_text_part(f"chunk {chunk} of {chunks}\n")],
            artifact_id="chunks",
            name="chunks",
            append=chunk > 1,
            last_chunk=chunk == chunks,
        )
        await anyio.sleep(CHUNK_SECONDS)
    await turn.updates.complete()


async def ask(turn: Turn) -> None:
    """Ask a question, after some seconds of work if so wished; `answered` handles the answer."""
    if turn.words[:1].isdecimal():
        await _work(turn, turn.number(default=0, most=MAX_SECONDS))
    await turn.say(TaskState.TASK_STATE_INPUT_REQUIRED, "Which city?")


async def answered(turn: Turn) -> None:
    """Complete a task that asked a question."""
    city = turn.words.strip() or "nowhere"
    known = {name.lower(): celsius for name, celsius in chart.ROWS}
    celsius = known.get(city.lower(), 15.0)
    await turn.answer(f"It is {celsius:g} degrees in {city}. (The demo agent made that up.)")


async def fail(turn: Turn) -> None:
    """Fail with a reason."""
    reason = turn.words or "the coffee machine is out of beans"
    await turn.say(TaskState.TASK_STATE_FAILED, f"I could not do it: {reason}.")


async def files(turn: Turn) -> None:
    """Make a picture and a table."""
    png = new_raw_part(chart.png_bytes(), media_type="image/png", filename="chart.png")
    csv = new_raw_part(chart.csv_bytes(), media_type="text/csv", filename="temperatures.csv")
    await turn.give("chart", png, name="chart.png")
    await turn.give("table", csv, name="temperatures.csv")
    await turn.say(TaskState.TASK_STATE_COMPLETED, "Here are a chart and the table behind it.")


async def data(turn: Turn) -> None:
    """Answer with structured data."""
    part = new_data_part({"rows": chart.records()}, media_type="application/json")
    await turn.give("temperatures", part)
    await turn.updates.complete()


async def signin(turn: Turn) -> None:
    """Ask for a sign-in by link, and go on after SIGN_IN_SECONDS as if it had happened."""
    await turn.say(
        TaskState.TASK_STATE_AUTH_REQUIRED,
        f"Please sign in at {SIGN_IN_LINK} so that I may go on. "
        f"(This is a demo: in {SIGN_IN_SECONDS} s I act as if you had.)",
    )
    await anyio.sleep(SIGN_IN_SECONDS)
    await turn.say(TaskState.TASK_STATE_WORKING, "You are signed in.")
    await turn.answer("Signed in, and done.")


SKILLS: Final = {
    "echo": Skill("Echo", "Says TEXT back: echo TEXT", ("text", "test"), ("echo hello",), echo),
    "slow": Skill(
        "Slow work",
        "Works for SECONDS with a progress message every second: slow SECONDS",
        ("long-running", "progress"),
        ("slow 10",),
        slow,
    ),
    "stream": Skill(
        "Streaming",
        "Sends N chunks of text, appended to one artifact: stream N",
        ("streaming",),
        ("stream 5",),
        stream,
    ),
    "ask": Skill(
        "Question",
        "Asks which city, after SECONDS if given, and answers on the same task: ask SECONDS",
        ("input-required",),
        ("ask",),
        ask,
    ),
    "fail": Skill(
        "Failure", "Fails with a reason: fail REASON", ("failure",), ("fail no paper",), fail
    ),
    "files": Skill(
        "Files", "Makes a PNG chart and a CSV table: files", ("image", "csv"), ("files",), files
    ),
    "data": Skill(
        "Data", "Answers with a table as structured data: data", ("json",), ("data",), data
    ),
    "signin": Skill(
        "Sign-in",
        "Asks for a sign-in by link, then goes on after a few seconds: signin",
        ("auth-required",),
        ("signin",),
        signin,
    ),
}
"""The skills by id, which is the first word of a message."""


async def help_out(turn: Turn) -> None:
    """Answer any other first word with what the agent can do."""
    lines = (f"- {skill.description}" for skill in SKILLS.values())
    await turn.answer("\n".join(("I am a demo agent. Send me one of these:", *lines)))
