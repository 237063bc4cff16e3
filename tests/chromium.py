"""A real browser: Chromium or Chrome without a window, told by the DevTools protocol what to do.

It reads and writes at the file descriptors 3 and 4, so no port is open and no driver is needed.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, Final

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC: Final = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
OPTIONS: Final = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",  # that of Linux, which root does not have; frames keep theirs
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    # A sandboxed frame would get a process and a debugging session of its own.
    "--disable-features=IsolateSandboxedIframes",
)
AT_3_AND_4: Final = ("sh", "-c", 'exec "$@" 3<&0 4>&0 </dev/null', "sh")
PATIENCE: Final = 20
MOST_BYTES: Final = 32 * 2**20
KEYS: Final = {"Tab": 9, "Enter": 13, "Space": 32}
UNTIL: Final = """new Promise((found) => {
  const look = () => { const it = (%s); if (it) { found(it); changes.disconnect(); } };
  const changes = new MutationObserver(look);
  const all = { subtree: true, childList: true, characterData: true, attributes: true };
  changes.observe(document, all);
  look();
})"""


class NoBrowser(RuntimeError):
    """There is no browser to start; the text says how to get one."""


class BrowserError(RuntimeError):
    """The browser refused a command, or a script raised; the text is its own."""


def program() -> str:
    """Return the path of the browser. Raises NoBrowser."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and not MAC.exists():
        raise NoBrowser(f"none of {', '.join(NAMES)} is on the PATH: install Chromium or Chrome")
    return found or str(MAC)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a browser of its own profile; it has ended with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        async with _started(profile) as stream, anyio.create_task_group() as group:
            browser = Browser(stream)
            group.start_soon(browser.listen)
            yield browser
            await browser.command("Browser.close")
            group.cancel_scope.cancel()


@asynccontextmanager
async def _started(profile: str) -> AsyncIterator[ByteStream]:
    """Start the program and yield its pipe; without that it ends by itself."""
    command = [*AT_3_AND_4, program(), *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    ours, its = socket.socketpair()
    with its:
        process = await anyio.open_process(
            command, stdin=its.fileno(), stdout=DEVNULL, stderr=DEVNULL
        )
    try:
        async with await anyio.abc.UNIXSocketStream.from_socket(ours) as stream:
            yield stream
    finally:
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(PATIENCE):
                await process.wait()
            if process.returncode is None:
                process.kill()
            await process.aclose()


@dataclass
class _Answer:
    arrived: anyio.Event = field(default_factory=anyio.Event)
    message: dict[str, Any] = field(default_factory=dict)


class Browser:
    """One browser; `open` opens a page in it."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._sending = anyio.Lock()
        self._numbers = count(1)
        self._asked: dict[int, _Answer] = {}
        self._hears: dict[str, Callable[[str, dict[str, Any]], None]] = {}

    async def command(self, method: str, session: str | None = None, **params: Any) -> Any:
        """Return what the browser answers. Raises BrowserError."""
        number, answer = next(self._numbers), _Answer()
        self._asked[number] = answer
        of = {"sessionId": session} if session else {}
        text = json.dumps({"id": number, "method": method, "params": params, **of})
        async with self._sending:
            with anyio.CancelScope(shield=True):  # half a command would spoil the next one
                await self._stream.send(text.encode() + b"\0")
        with anyio.fail_after(PATIENCE):
            await answer.arrived.wait()
        if "error" in answer.message:
            raise BrowserError(f"{method}: {answer.message['error']}")
        return answer.message.get("result")

    async def listen(self) -> None:
        """Take what the browser says until it ends."""
        buffer = BufferedByteReceiveStream(self._stream)
        with suppress(anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                self._take(json.loads(await buffer.receive_until(b"\0", MOST_BYTES)))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            answer = self._asked.pop(message["id"])
            answer.message = message
            answer.arrived.set()
        elif hears := self._hears.get(message.get("sessionId", "")):
            hears(message["method"], message["params"])

    @asynccontextmanager
    async def open(self, *, width: int = 720, height: int = 900) -> AsyncIterator[Page]:
        """Open an empty page, which closes with the block."""
        made = await self.command("Target.createTarget", url="about:blank")
        target = {"targetId": made["targetId"]}
        attached = await self.command("Target.attachToTarget", flatten=True, **target)
        page = Page(partial(self.command, session=attached["sessionId"]))
        self._hears[attached["sessionId"]] = page.hear
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await page.command("Emulation.setDeviceMetricsOverride", **size)
        for room in ("Page", "Runtime", "Network"):
            await page.command(f"{room}.enable")
        try:
            yield page
        finally:
            with anyio.CancelScope(shield=True):
                await self.command("Target.closeTarget", **target)


class Page:
    """One page with at most one frame in it; scripts run in the frame where it is named."""

    def __init__(self, command: Callable[..., Any]) -> None:
        self.command = command
        self.loads: list[str] = []
        self.faults: list[str] = []
        self._frames: dict[str, int] = {}
        self._bound: dict[str, Callable[[str], object]] = {}

    def hear(self, method: str, params: dict[str, Any]) -> None:
        """Take an event of the browser."""
        if method == "Runtime.executionContextCreated":
            context = params["context"]
            if context["auxData"]["isDefault"]:
                self._frames[context["auxData"]["frameId"]] = context["id"]
        elif method == "Runtime.bindingCalled":
            self._bound[params["name"]](params["payload"])
        elif method == "Network.requestWillBeSent":
            self.loads.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.faults.append(str(params["exceptionDetails"].get("exception", params)))

    async def bind(self, name: str, called: Callable[[str], object]) -> None:
        """Let scripts of the page call `name` with one text."""
        self._bound[name] = called
        await self.command("Runtime.addBinding", name=name)

    async def show(self, html: str, before: str = "") -> None:
        """Show a document; in it and in its frames `before` runs first."""
        if before:
            await self.command("Page.addScriptToEvaluateOnNewDocument", source=before)
        tree = await self.command("Page.getFrameTree")
        frame = tree["frameTree"]["frame"]["id"]
        await self.command("Page.setDocumentContent", frameId=frame, html=html)

    async def run(self, script: str, *, frame: bool = False) -> Any:
        """Return the value of an expression, or of what it promises. Raises BrowserError."""
        where = {"contextId": self._frames[await self.frame()]} if frame else {}
        found = await self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, **where
        )
        if fault := found.get("exceptionDetails"):
            raise BrowserError(str(fault.get("exception", fault)))
        return found["result"].get("value")

    async def until(self, script: str, *, frame: bool = False) -> Any:
        """Return the first value of an expression that counts as true, looking at each change."""
        return await self.run(UNTIL % script, frame=frame)

    async def frame(self) -> str:
        """Return the id of the frame in the page."""
        tree = await self.command("Page.getFrameTree")
        inside: str = tree["frameTree"]["childFrames"][0]["frame"]["id"]
        return inside

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            named = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
            text = {"text": "\r"} if key == "Enter" else {}
            await self.command("Input.dispatchKeyEvent", type="keyDown", **named, **text)
            await self.command("Input.dispatchKeyEvent", type="keyUp", **named)

    async def click(self, x: float, y: float, times: int = 1) -> None:
        """Press the left button of the mouse quickly, once or more."""
        point = {"x": x, "y": y, "button": "left"}
        for number in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                await self.command(
                    "Input.dispatchMouseEvent", type=kind, clickCount=number, **point
                )

    async def spoken(self) -> list[tuple[str, str]]:
        """Return role and name of what a screen reader finds in the frame, in order."""
        tree = await self.command("Accessibility.getFullAXTree", frameId=await self.frame())
        nodes = [node for node in tree["nodes"] if not node["ignored"]]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]

    async def picture(self) -> bytes:
        """Return what the frame shows, as a PNG."""
        place = await self.run(
            "(({ x, y, width, height }) => ({ x, y, width, height, scale: 1 }))"
            "(document.querySelector('iframe').getBoundingClientRect())"
        )
        shot = await self.command("Page.captureScreenshot", format="png", clip=place)
        return base64.b64decode(shot["data"])
