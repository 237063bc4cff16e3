"""A server that speaks S3 for the tests, started at the first test that asks."""

from __future__ import annotations

import atexit
import socket
import subprocess
import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from functools import cache
from typing import Final
from uuid import uuid4

from real_agents.venvs import python_of
from scripted import free_port

START_SECONDS: Final = 60
NAMES: Final = {"s3": "http://s3.amazonaws.com/doc/2006-03-01/"}


@cache
def server() -> str:
    """Return the address of the server of this process, which ends with the process."""
    with free_port() as bound:
        port = bound.getsockname()[1]
    command = [str(python_of("s3")), "-m", "moto.server", "--port", str(port)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(running.kill)
    until = time.monotonic() + START_SECONDS
    while not _listens(port):
        assert running.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    return f"http://127.0.0.1:{port}"


def bucket() -> str:
    """Make a bucket; return its name."""
    name = f"b-{uuid4().hex}"
    asked = urllib.request.Request(f"{server()}/{name}", method="PUT")
    with urllib.request.urlopen(asked, timeout=20):
        return name


def names(of: str) -> set[str]:
    """Return the names of the objects in a bucket."""
    with urllib.request.urlopen(f"{server()}/{of}?list-type=2", timeout=20) as answer:
        found = ElementTree.parse(answer).findall("s3:Contents/s3:Key", NAMES)
    return {it.text or "" for it in found}


def environment(endpoint: str | None = None) -> dict[str, str]:
    """Return how a client is told of the server, or of what stands before it."""
    return {
        "AWS_ENDPOINT": endpoint or server(),
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
    }


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
