"""What one run of the server holds: the app, built when a request first needs it.

Many hosts only list the tools, or start a server twice and end one at once. For them nothing is
built, and most of the package is never imported.

What is built begins work in the background for all callers. It must not know the call that came
first: whose that was, what that caller may use, its id in the log, or its trace.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from a2a_mcp.server.app import App
    from a2a_mcp.server.composition import Composition


class Serving:
    """One run of the server; `compose` is called at most once, in the context of the run."""

    def __init__(self, compose: Callable[[], Composition]) -> None:
        self._compose = compose
        self._context = copy_context()
        self._composition: Composition | None = None

    @property
    def app(self) -> App:
        """What tools, methods and resources share."""
        return self.composed().app

    def composed(self) -> Composition:
        """Return what is built, now if nothing has needed it yet."""
        if self._composition is None:
            self._composition = self._context.run(self._compose)
        return self._composition

    @property
    def composition(self) -> Composition | None:
        """What was built, None until a request has needed it."""
        return self._composition

    async def aclose(self) -> None:
        """Save and close what was built."""
        if self._composition is not None:
            await self._composition.aclose()
