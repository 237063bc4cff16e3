"""A schedule: what happens to three bridges, their database and an agent, all drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from a2a_mcp.a2a.model import TaskState
from simulation.clockwork import Clockwork
from simulation.parts import Agent, Database
from simulation.process import Process

PROCESSES: Final = 3
MESSAGES: Final = 8
FAULTS_END: Final = 200.0


class Schedule:
    """One schedule; `run` returns what went wrong in it, which should be nothing."""

    def __init__(self, seed: int, make: type[Process] = Process) -> None:
        self._clock = Clockwork(seed)
        self._database = Database(self._clock)
        self._agent = Agent(self._clock)
        self._make = make
        self._numbers = iter(range(1_000))
        self._processes = [self._new() for _ in range(PROCESSES)]

    def run(self) -> list[str]:
        """Let everything happen, and return each broken promise in a line."""
        for number in range(MESSAGES):
            self._at_any_time(lambda number=number: self._call(f"m{number}"))  # type: ignore[misc]
        for _ in range(self._clock.random.randrange(1, 6)):
            self._at_any_time(self._fault)
        self._clock.run()
        return self._broken_promises()

    def _new(self) -> Process:
        name = f"p{next(self._numbers)}"
        return self._make(name, self._clock, self._database, self._agent)

    def _at_any_time(self, work: Callable[[], None]) -> None:
        self._clock.after(self._clock.between(0, FAULTS_END - 60), work)

    def _any(self) -> Process:
        return self._clock.random.choice(self._processes)

    def _call(self, message_id: str) -> None:
        self._any().send(message_id, self._clock.between(0.1, 90))

    def _fault(self) -> None:
        faults = (self._kill, self._freeze, self._replace, self._lose_database, self._lose_agent)
        self._clock.random.choice(faults)()

    def _kill(self) -> None:
        """A process dies, and another one starts in its place."""
        self._end(Process.kill)

    def _replace(self) -> None:
        self._end(Process.leave)

    def _end(self, how: Callable[[Process], None]) -> None:
        ended = self._any()
        how(ended)
        self._processes.remove(ended)
        self._clock.after(self._clock.between(0, 30), self._start)
        if not self._processes:
            self._start()

    def _start(self) -> None:
        self._processes.append(self._new())

    def _freeze(self) -> None:
        self._any().freeze(self._clock.between(1, 60))

    def _lose_database(self) -> None:
        self._lose(self._database)

    def _lose_agent(self) -> None:
        self._lose(self._agent)

    def _lose(self, part: Database | Agent) -> None:
        part.is_away = True
        self._clock.after(self._clock.between(0.1, 40), lambda: setattr(part, "is_away", False))

    def _broken_promises(self) -> list[str]:
        return [*self._twice(), *self._unended()]

    def _twice(self) -> list[str]:
        received = self._agent.received
        return [f"{it} arrived {count} times" for it, count in received.items() if count != 1]

    def _unended(self) -> list[str]:
        return [
            f"{row.message_id} is {row.state.value} in the map, and has ended at the agent"
            for row in self._database.rows.values()
            if row.message_id in self._agent.received and row.state is not TaskState.COMPLETED
        ]
