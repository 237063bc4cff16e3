"""Sockets to listen on, and the reasons why an address cannot be used."""

import errno
import os
import socket

import pytest

from a2a_mcp.server.transports.ports import CannotListen, open_port, origin_of

pytestmark = pytest.mark.anyio


async def test_port_0_takes_one_that_accepts_at_once() -> None:
    (opened, *_) = await open_port("127.0.0.1", 0)
    with opened, socket.create_connection(opened.getsockname(), timeout=5):
        assert opened.getsockname()[1] > 0


async def test_an_answer_in_two_pieces_is_not_delayed() -> None:
    (opened, *_) = await open_port("127.0.0.1", 0)
    with opened, socket.create_connection(opened.getsockname(), timeout=5):
        opened.settimeout(5)
        accepted, _peer = opened.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_ipv6_address_is_put_in_brackets() -> None:
    assert origin_of("::1", 8000) == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (errno.EACCES, "this port is not allowed to you; choose another with --port"),
        (errno.ENOBUFS, f"{os.strerror(errno.ENOBUFS)}; choose another with --host or --port"),
    ],
)
async def test_an_error_of_the_system_is_explained(
    fault: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(CannotListen) as told:
        await open_port("127.0.0.1", 80)
    assert str(told.value) == f"cannot listen at http://127.0.0.1:80: {said}"
