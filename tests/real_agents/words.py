"""What every test agent understands: the first word of a message chooses what happens.

Where a word takes seconds, it also takes the path of a file, and waits until that is there.
Knows no SDK: a `Turn` of each generation turns these few verbs into that SDK's events.
"""

import asyncio
import json
import os
import time
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

PNG: Final = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
"""One red pixel."""

PDF: Final = b"%PDF-1.7\r\n\x00\xff\n%%EOF"
LINK: Final = "https://example.com/report.pdf"
SIGN_IN_LINK: Final = "https://example.com/sign-in"
SIGN_IN_SECONDS: Final = 1.0
TRIP: Final = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "title": "City", "enum": ["Paris", "Rome"]},
        "nights": {"type": "integer", "minimum": 1},
        "breakfast": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": None},
    },
    "required": ["city", "nights"],
}
"""What `form` asks for."""

CHUNK_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True)
class File:
    """A file in an artifact: its bytes, or where it is."""

    name: str
    media_type: str
    content: bytes = b""
    url: str = ""


Content = str | dict[str, Any] | File
"""A part of an artifact or a message: text, data or a file."""


class Turn(ABC):
    """One message to the agent, and the ways to answer it."""

    text: str
    continues: bool
    """Return whether the message belongs to a task that was there before."""

    @abstractmethod
    async def reply(self, *parts: Content) -> None:
        """Answer with a Message, without a task."""

    @abstractmethod
    async def announce(self) -> None:
        """Make a task of this turn, `submitted`."""

    @abstractmethod
    async def status(self, state: str, *parts: Content) -> None:
        """Move the task to `state`, in the words of 0.3 (`input-required`)."""

    @abstractmethod
    async def artifact(
        self, name: str, *parts: Content, append: bool = False, last: bool = True
    ) -> None:
        """Add an artifact, or parts to one, whose id is its name."""

    @abstractmethod
    def received(self) -> dict[str, Any]:
        """Return what arrived: ids, metadata, texts, data parts and files (bytes in base64)."""

    async def start(self, text: str = "") -> None:
        """Make a task of this turn and begin to work."""
        if not self.continues:
            await self.announce()
        await self.status("working", *([text] if text else []))

    async def finish(self, *parts: Content, name: str = "answer") -> None:
        """Complete the task with one artifact."""
        await self.artifact(name, *parts)
        await self.status("completed")


async def respond(turn: Turn) -> None:
    """Do what the first word says. A turn on a task that was there before ends it with `got:`.

    But `more TEXT` on such a task asks another question.
    """
    word, _, rest = turn.text.strip().partition(" ")
    if word == "meta" or not word:
        await meta(turn, rest)
    elif turn.continues and word == "more":
        await turn.status("input-required", f"And what else than {rest}?")
    elif turn.continues:
        await turn.finish(f"got: {turn.text}")
    else:
        await WORDS.get(word, unknown)(turn, rest.strip())


async def pause(until: str | float) -> None:
    """Let so many seconds pass, or wait until the file of this path is there."""
    try:
        seconds = float(until)
    except ValueError:
        while not os.path.exists(until):  # noqa: ASYNC110, ASYNC240 - another process makes it
            await asyncio.sleep(LOOK_SECONDS)
    else:
        await asyncio.sleep(seconds)


async def echo(turn: Turn, rest: str) -> None:
    """`echo TEXT`: a Message, no task."""
    await turn.reply(f"echo: {rest}")


async def letter(turn: Turn, rest: str) -> None:
    """`letter TEXT`: a Message with text, a PNG's bytes and data, no task."""
    picture = File("dot.png", "image/png", content=PNG)
    await turn.reply(rest or "See the picture.", picture, {"dots": [1, 2, 3]})


async def enclose(turn: Turn, _rest: str) -> None:
    """`enclose`: a PNG's bytes with a word on the way, a PDF's with the last one; no artifact."""
    await turn.announce()
    await turn.status("working", "A draft.", File("draft.png", "image/png", content=PNG))
    await turn.status("completed", "Enclosed.", File("r.pdf", "application/pdf", content=PDF))


async def silent(turn: Turn, rest: str) -> None:
    """`silent S TEXT`: nothing for S seconds, then as `echo`."""
    seconds, _, words = rest.partition(" ")
    await pause(seconds)
    await echo(turn, words)


async def task(turn: Turn, rest: str) -> None:
    """`task TEXT`: working, an artifact, completed."""
    await turn.start()
    await turn.finish(f"task: {rest}")


async def stream(turn: Turn, rest: str) -> None:
    """`stream N [S [TEXT]]`: N chunks of one artifact, S seconds apart; TEXT is ignored."""
    count, seconds, *_ = [*rest.split(), CHUNK_SECONDS]
    chunks = int(count)
    await turn.start()
    for chunk in range(1, chunks + 1):
        words = f"chunk{chunk} "
        await turn.artifact("answer", words, append=chunk > 1, last=chunk == chunks)
        await pause(seconds)
    await turn.status("completed")


async def slow(turn: Turn, rest: str) -> None:
    """`slow S`: S seconds of work with a word in between."""
    await turn.start("still working")
    await pause(rest)
    await turn.finish("slow done")


async def burst(turn: Turn, rest: str) -> None:
    """`burst S`: S seconds of work, a word, S seconds more, then ten events at once and the end.

    The answer says when these began, in Unix seconds.
    """
    await turn.start()
    await pause(rest)
    await turn.status("working", "halfway")
    await pause(rest)
    began = time.time()
    for number in range(1, 10):
        await turn.artifact("parts", f"part {number} ", append=number > 1, last=number == 9)
    await turn.finish(f"{began}")


async def ask(turn: Turn, _rest: str) -> None:
    """`input`: a question; the next turn on the task is its answer."""
    await turn.announce()
    await turn.status("input-required", "Which city?")


async def after(turn: Turn, rest: str) -> None:
    """`after S WORDS`: nothing for S seconds, then as WORDS."""
    seconds, _, words = rest.partition(" ")
    await pause(seconds)
    word, _, more = words.partition(" ")
    await WORDS.get(word, unknown)(turn, more.strip())


async def ponder(turn: Turn, rest: str) -> None:
    """`ponder S`: S seconds of work, then a question as of `input`."""
    await turn.start("still working")
    await pause(rest)
    await turn.status("input-required", "Which city?")


async def form(turn: Turn, _rest: str) -> None:
    """`form`: a question with a JSON schema; an answer in data alone is shown as by `meta`."""
    await turn.announce()
    await turn.status("input-required", "Where to?", {"trip": {"schema": TRIP}})


async def secret(turn: Turn, _rest: str) -> None:
    """`secret`: a question that nobody should answer."""
    await turn.announce()
    await turn.status("input-required", "Please type your password.")


async def auth(turn: Turn, rest: str) -> None:
    """`auth [S]`: signing in is needed; somebody does so after a second, or S."""
    await turn.announce()
    await turn.status("auth-required", f"Please sign in at {SIGN_IN_LINK}")
    await pause(rest or SIGN_IN_SECONDS)
    await turn.finish("signed in")


async def fail(turn: Turn, _rest: str) -> None:
    """`fail`: the task fails and says why."""
    await turn.start()
    await turn.status("failed", "it broke")


async def reject(turn: Turn, _rest: str) -> None:
    """`reject`: the task is refused and the agent says why."""
    await turn.announce()
    await turn.status("rejected", "not something I do")


async def raise_(_turn: Turn, _rest: str) -> None:
    """`raise`: an exception before any event."""
    raise RuntimeError("raised before any event")


async def crash(turn: Turn, _rest: str) -> None:
    """`crash`: an exception while working."""
    await turn.start()
    raise RuntimeError("crashed while working")


async def noend(turn: Turn, _rest: str) -> None:
    """`noend`: returns and leaves the task working."""
    await turn.start()


async def nothing(_turn: Turn, _rest: str) -> None:
    """`nothing`: returns without an event; a2a-sdk 1.3 leaves a blocking send open."""


async def files(turn: Turn, _rest: str) -> None:
    """`files`: one artifact with a PNG's bytes, one with a file elsewhere."""
    await turn.start()
    await turn.artifact("picture", File("dot.png", "image/png", content=PNG))
    await turn.finish(File("report.pdf", "application/pdf", url=LINK), name="report")


async def link(turn: Turn, rest: str) -> None:
    """`link URL`: an artifact of one file that is elsewhere, whose id is `link`."""
    await turn.start()
    await turn.finish(File("linked.txt", "text/plain", url=rest), name="link")


async def give(turn: Turn, rest: str) -> None:
    """`give NAME TYPE BASE64`: an artifact of one file, whose id is `file`."""
    name, media_type, content = rest.split()
    await turn.start()
    await turn.finish(File(name, media_type, content=b64decode(content)), name="file")


async def data(turn: Turn, _rest: str) -> None:
    """`data`: an artifact of structured data."""
    await turn.start()
    await turn.finish({"answer": 42, "list": [1, 2, 3]}, name="data")


async def big(turn: Turn, rest: str) -> None:
    """`big N`: an artifact of exactly N characters in numbered lines of 16."""
    size = int(rest)
    lines = (f"line {number:010}\n" for number in range(size // 16 + 1))
    await turn.start()
    await turn.finish("".join(lines)[:size])


async def meta(turn: Turn, _rest: str) -> None:
    """`meta`, or no text at all: an artifact that says in JSON what arrived."""
    await turn.start()
    await turn.finish(json.dumps(turn.received(), ensure_ascii=False), name="meta")


async def unknown(turn: Turn, _rest: str) -> None:
    """Tell the author of a test about the typo."""
    await turn.reply(f"no such word: {turn.text}")


WORDS: Final[dict[str, Callable[[Turn, str], Awaitable[None]]]] = {
    "echo": echo,
    "letter": letter,
    "enclose": enclose,
    "silent": silent,
    "task": task,
    "stream": stream,
    "slow": slow,
    "burst": burst,
    "input": ask,
    "after": after,
    "ponder": ponder,
    "form": form,
    "secret": secret,
    "auth": auth,
    "fail": fail,
    "reject": reject,
    "raise": raise_,
    "crash": crash,
    "noend": noend,
    "nothing": nothing,
    "files": files,
    "give": give,
    "link": link,
    "data": data,
    "big": big,
}
