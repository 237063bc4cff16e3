"""A host's messages over pipes and sockets: what is read, what is written, and how it ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
import mcp.types as t
import pytest
from mcp.shared.message import SessionMessage

from a2a_mcp.server.transports.pipes import FLUSH_SECONDS, WAITING_BYTES, Answers, Messages
from a2a_mcp.server.transports.pipes import streams_on as opened
from a2a_mcp.server.transports.stdio import can_wait_for

pytestmark = pytest.mark.anyio

SECONDS = 60
KERNEL_BYTES = 1 << 20  # more than a pipe or a socket holds by itself

Ends = tuple[int, int]


def socket_pair() -> Ends:
    reads, writes = socket.socketpair()
    return reads.detach(), writes.detach()


@pytest.fixture(params=[os.pipe, socket_pair])
def ends(request: pytest.FixtureRequest) -> Callable[[], Ends]:
    make: Callable[[], Ends] = request.param
    return make


@dataclass
class Pipes:
    """Both ends: the host's descriptors, and the streams of the server."""

    stdin: int
    stdout: int
    messages: Messages
    answers: Answers
    closing: anyio.Event
    unread: bytes = b""

    def say(self, *messages: dict[str, Any]) -> None:
        """Write lines that fit into what the kernel holds."""
        for message in messages:
            os.write(self.stdin, json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def heard(self) -> t.JSONRPCMessage:
        """Return the next message as the server gets it."""
        item = await self.messages.receive()
        assert isinstance(item, SessionMessage), item
        return item.message

    async def read(self) -> dict[str, Any]:
        """Return the next line of the server."""
        while b"\n" not in self.unread:
            await anyio.wait_readable(self.stdout)
            self.unread += os.read(self.stdout, 1 << 16)
        line, _, self.unread = self.unread.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self, *numbers: int) -> None:
        for number in numbers:
            os.close(number)
            self.stdin = -1 if number == self.stdin else self.stdin
            self.stdout = -1 if number == self.stdout else self.stdout


@asynccontextmanager
async def pipes_of(ends: Callable[[], Ends]) -> AsyncIterator[Pipes]:
    (stdin, host_writes), (host_reads, stdout) = ends(), ends()
    closing = anyio.Event()
    with anyio.fail_after(SECONDS):
        try:
            async with opened(stdin, stdout, closing) as (messages, answers):
                pipes = Pipes(host_writes, host_reads, messages, answers, closing)
                yield pipes
        finally:
            pipes.close(*({pipes.stdin, pipes.stdout} - {-1}))


def answer(number: int, text: str = "") -> SessionMessage:
    return SessionMessage(t.JSONRPCResponse(jsonrpc="2.0", id=number, result={"text": text}))


def ping(number: int, **params: Any) -> dict[str, Any]:
    return {"id": number, "method": "ping", "params": params}


def id_of(message: t.JSONRPCMessage) -> Any:
    assert isinstance(message, t.JSONRPCRequest)
    return message.id


async def test_messages_come_in_order_however_they_are_cut(ends: Callable[[], Ends]) -> None:
    async with pipes_of(ends) as pipes:
        said = b"".join(
            json.dumps(
                {"jsonrpc": "2.0", **ping(number, text="ä\u2028")}, ensure_ascii=False
            ).encode()
            + b"\n\r\n \n"
            for number in range(4)
        )
        async with anyio.create_task_group() as group:
            heard: list[Any] = []

            async def hear() -> None:
                while len(heard) < 4:
                    heard.append(id_of(await pipes.heard()))

            group.start_soon(hear)
            for byte in said:
                os.write(pipes.stdin, bytes([byte]))
                await anyio.lowlevel.checkpoint()
        assert heard == [0, 1, 2, 3]
        os.write(pipes.stdin, said)
        assert [id_of(await pipes.heard()) for _ in range(4)] == [0, 1, 2, 3]


async def test_a_line_of_64_mb_is_one_message(ends: Callable[[], Ends]) -> None:
    text = "x" * (64 << 20)
    async with pipes_of(ends) as pipes, anyio.create_task_group() as group:
        line = json.dumps({"jsonrpc": "2.0", **ping(1, text=text)}).encode() + b"\n"
        group.start_soon(anyio.to_thread.run_sync, _write_all, pipes.stdin, line)
        message = await pipes.heard()
        assert isinstance(message, t.JSONRPCRequest)
        assert message.params == {"text": text}


async def test_a_request_with_half_a_surrogate_pair_is_answered_with_an_error(
    ends: Callable[[], Ends],
) -> None:
    async with pipes_of(ends) as pipes:
        pipes.say(ping(5, text="\ud800"), ping(6))
        assert id_of(await pipes.heard()) == 6
        refused = await pipes.read()
        assert refused["id"] == 5
        assert refused["error"]["code"] == t.INVALID_REQUEST


@pytest.mark.parametrize("bad", [b"hello", b"{}", b'{"jsonrpc": "2.0", "id": "x"}', b"\xff\xfe"])
async def test_a_line_that_is_no_message_is_passed_on_as_a_fault(
    ends: Callable[[], Ends], bad: bytes
) -> None:
    async with pipes_of(ends) as pipes:
        os.write(pipes.stdin, bad + b"\n")
        assert isinstance(await pipes.messages.receive(), ValueError)
        pipes.say(ping(1))
        assert id_of(await pipes.heard()) == 1


async def test_the_end_of_stdin_ends_the_messages_after_the_last(ends: Callable[[], Ends]) -> None:
    async with pipes_of(ends) as pipes:
        os.write(pipes.stdin, json.dumps({"jsonrpc": "2.0", **ping(1)}).encode())
        pipes.close(pipes.stdin)
        assert id_of(await pipes.heard()) == 1
        for _ in range(2):
            with pytest.raises(anyio.EndOfStream):
                await pipes.messages.receive()


async def test_half_a_line_at_the_end_is_no_request(ends: Callable[[], Ends]) -> None:
    async with pipes_of(ends) as pipes:
        os.write(pipes.stdin, json.dumps({"jsonrpc": "2.0", **ping(1)}).encode()[:-1])
        pipes.close(pipes.stdin)
        assert isinstance(await pipes.messages.receive(), ValueError)
        with pytest.raises(anyio.EndOfStream):
            await pipes.messages.receive()


async def test_a_host_that_closes_stdout_is_gone(ends: Callable[[], Ends]) -> None:
    async with pipes_of(ends) as pipes:
        pipes.close(pipes.stdout)
        with pytest.raises(anyio.EndOfStream):
            await pipes.messages.receive()
        with pytest.raises(anyio.BrokenResourceError):
            await pipes.answers.send(answer(1))


async def test_an_answer_waits_for_a_host_that_does_not_read(ends: Callable[[], Ends]) -> None:
    async with pipes_of(ends) as pipes:
        sent = await _until_unread(pipes)
        async with anyio.create_task_group() as group:
            group.start_soon(pipes.answers.send, answer(sent))
            numbers = [await pipes.read() for _ in range(sent + 1)]
        assert [each["id"] for each in numbers] == list(range(sent + 1))


async def test_nothing_more_is_taken_from_a_host_that_does_not_read(
    ends: Callable[[], Ends],
) -> None:
    async with pipes_of(ends) as pipes:
        await _until_unread(pipes)
        os.set_blocking(pipes.stdin, False)
        written = 0
        line = json.dumps({"jsonrpc": "2.0", **ping(1, text="x" * 1000)}).encode() + b"\n"
        with anyio.move_on_after(0.3):
            while written < 10 * WAITING_BYTES:
                with suppress(BlockingIOError):
                    written += os.write(pipes.stdin, line)
                with anyio.move_on_after(0):
                    await pipes.messages.receive()
                    raise AssertionError("a message was given")
                await anyio.lowlevel.checkpoint()
        assert 0 < written < WAITING_BYTES + KERNEL_BYTES
        async with anyio.create_task_group() as group:
            group.start_soon(_drain, pipes)
            for _ in range(written // len(line)):
                assert id_of(await pipes.heard()) == 1
            group.cancel_scope.cancel()


async def test_stdin_that_ends_is_seen_although_the_host_does_not_read(
    ends: Callable[[], Ends],
) -> None:
    async with pipes_of(ends) as pipes:
        await _until_unread(pipes)
        pipes.close(pipes.stdin)
        with pytest.raises(anyio.EndOfStream):
            await pipes.messages.receive()
        pipes.closing.set()
        await pipes.answers.send(answer(1))  # does not wait any more
        began = anyio.current_time()
    assert anyio.current_time() - began < FLUSH_SECONDS + 1


async def test_what_is_written_last_reaches_a_host_that_reads_later(
    ends: Callable[[], Ends],
) -> None:
    text = "x" * (4 << 20)
    got: list[bytes] = []
    async with anyio.create_task_group() as group, pipes_of(ends) as pipes:
        pipes.closing.set()
        await pipes.answers.send(answer(1, text))
        kept = os.dup(pipes.stdout)
        group.start_soon(anyio.to_thread.run_sync, _read_to_end, kept, got)
    assert json.loads(b"".join(got))["result"]["text"] == text


STRAY = """
import os, subprocess, sys, anyio, mcp.types as t
from mcp.shared.message import SessionMessage
from a2a_mcp.server.transports.pipes import pipe_streams

async def serve():
    async with pipe_streams(anyio.Event()) as (messages, answers):
        print("printed")
        os.write(1, b"written\\n")
        subprocess.run(["sh", "-c", "echo started; cat"], check=True)
        assert sys.stdin.read() == ""
        answer = t.JSONRPCResponse(jsonrpc="2.0", id=1, result={})
        await answers.send(SessionMessage(answer))

anyio.run(serve)
assert os.get_blocking(0) and os.get_blocking(1)
print("afterwards")
"""


def test_what_other_code_reads_and_prints_does_not_reach_the_host() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRAY], input=b"a message\n", capture_output=True, timeout=60
    )
    assert done.stdout == b'{"jsonrpc":"2.0","id":1,"result":{}}\nafterwards\n', done.stderr
    assert sorted(done.stderr.split()) == [b"printed", b"started", b"written"]


async def test_the_loop_waits_for_pipes_and_for_two_sockets_only(tmp_path: Any) -> None:
    a_pipe, a_pair, another = os.pipe(), socket_pair(), socket_pair()
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    null = os.open(os.devnull, os.O_RDWR)
    same = os.dup(a_pair[0])
    try:
        assert can_wait_for(*a_pipe)
        assert can_wait_for(a_pair[0], another[0])
        assert can_wait_for(a_pipe[0], a_pair[0])
        assert not can_wait_for(a_pair[0], same)
        assert not can_wait_for(file, a_pipe[1])
        assert not can_wait_for(a_pipe[0], file)
        assert not can_wait_for(null, a_pipe[1])
    finally:
        for number in (*a_pipe, *a_pair, *another, file, null, same):
            os.close(number)
    assert not can_wait_for(*a_pipe)


async def _until_unread(pipes: Pipes) -> int:
    """Send answers that nobody reads until the next would wait; return how many were sent."""
    for sent in range(1 << 20):
        with anyio.move_on_after(0.05) as scope:
            await pipes.answers.send(answer(sent, "x" * 10_000))
        if scope.cancelled_caught:
            return sent + 1
    raise AssertionError("the host was never waited for")


async def _drain(pipes: Pipes) -> None:
    while True:
        await anyio.wait_readable(pipes.stdout)
        os.read(pipes.stdout, 1 << 16)


def _write_all(number: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(number, left) :]


def _read_to_end(number: int, got: list[bytes]) -> None:
    with os.fdopen(number, "rb") as file:
        got.append(file.read())
