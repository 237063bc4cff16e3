"""A scripted agent whose store makes message ids and time stamps at each read."""

from __future__ import annotations

from itertools import count
from typing import Any

from scripted import GET, SEND, Request, ScriptedAgent, Step, done, result, task


class StampingStore:
    """The store of an agent that asks which colour: each read has new ids and time stamps."""

    def __init__(self, agent: ScriptedAgent) -> None:
        self._agent = agent
        self._number = count()
        self.works = 0  # reads before it asks
        self.old_reads = 2
        self.moves = False
        agent.on(SEND, self.send)
        agent.on(GET, self.get)

    def question(self) -> dict[str, Any]:
        number = next(self._number)
        asks = task("input-required", "Which colour?")
        asks["status"]["message"]["messageId"] = f"m{number}"
        asks["status"]["timestamp"] = f"2026-11-21T10:{number // 60:02}:{number % 60:02}Z"
        return asks

    def send(self, request: Request) -> list[Step]:
        answered = len(self._agent.sends()) > 1
        works = self.moves if answered else self.works
        shown = task("working") if works else self.question()
        return list(result({"task": shown})(request))

    def get(self, request: Request) -> list[Step]:
        if self.works:
            self.works -= 1
            return list(result(task("working"))(request))
        if len(self._agent.sends()) > 1 and not self.moves:
            self.old_reads -= 1
        shown = done("got: red") if self.old_reads < 0 else self.question()
        return list(result(shown)(request))
