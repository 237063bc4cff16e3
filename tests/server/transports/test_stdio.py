"""How the server over stdio ends at Ctrl-C, also on an event loop that takes no signal handlers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

CTRL = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)
RECEIVED = getattr(signal, "SIGBREAK", signal.SIGINT)
OWN_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
SECONDS = 60

LIKE_ON_WINDOWS = """
import asyncio, sys
from a2a_mcp.cli.main import main

def refuse(*_):
    raise NotImplementedError

asyncio.SelectorEventLoop.add_signal_handler = refuse
main(["--state-dir", sys.argv[1], "http://127.0.0.1:9"])
"""
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def test_ctrl_c_ends_the_server_where_the_loop_takes_no_signal_handlers(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LIKE_ON_WINDOWS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=OWN_GROUP,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(json.dumps(PING).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(CTRL)
        assert process.wait(SECONDS) == 128 + RECEIVED
        assert b"Traceback" not in process.stderr.read()
