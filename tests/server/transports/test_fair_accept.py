"""Workers that share a listening socket: each takes its part of the connections, or all of them."""

from socket import create_connection, create_server, socket
from typing import Any

import pytest

from a2a_mcp.server.transports.fair_accept import FairSocket, Places


class Door:
    """Two workers of one process at one socket, and the connections that hosts have made."""

    def __init__(self) -> None:
        listener = create_server(("127.0.0.1", 0))
        self._address = listener.getsockname()
        self.places = Places(2)
        self.workers = [FairSocket(listener.dup(), self.places, number) for number in (0, 1)]
        self._open: list[socket] = [listener, *self.workers]

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._open:
            each.close()

    def host_comes(self) -> None:
        self._open.append(create_connection(self._address))

    def takes(self, number: int) -> bool:
        try:
            accepted, _ = self.workers[number].accept()
        except BlockingIOError:
            return False
        self._open.append(accepted)
        return True


def test_a_worker_with_more_connections_waits_for_the_other_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Door() as door:
        for _ in range(2):
            door.host_comes()
        assert door.takes(0)
        other_wakes_meanwhile: list[bool] = []

        def wait(_: float) -> None:
            other_wakes_meanwhile.append(door.takes(1))

        monkeypatch.setattr("a2a_mcp.server.transports.fair_accept.time.sleep", wait)
        assert not door.takes(0)
        assert other_wakes_meanwhile == [True]
        assert [door.places.of(number) for number in (0, 1)] == [1, 1]


def test_a_worker_takes_all_where_the_other_hangs() -> None:
    with Door() as door:
        taken: list[Any] = []
        for _ in range(3):
            door.host_comes()
            taken.append(door.takes(0))
        assert taken == [True] * 3
        assert door.places.of(0) == 3
