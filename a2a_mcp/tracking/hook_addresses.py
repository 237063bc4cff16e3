"""The addresses at which agents say that a task has moved, made of the key of the state folder.

Nothing is stored: each process of a folder makes the same address for a task, also after a restart.
An address belongs to one owner, agent and task, and its token to the address alone. So a token is
checked without looking anything up, and only a holder of the key can make either.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

from a2a_mcp.store.base import TaskRecord
from a2a_mcp.store.state_key import StateKey


@dataclass(frozen=True, slots=True)
class Address:
    """Where an agent posts: `name` is the end of the URL; the token goes with each post."""

    name: str
    url: str
    token: str = field(repr=False)


class Addresses:
    """The addresses below a public URL."""

    def __init__(self, url: str, key: StateKey) -> None:
        self.url = url
        self._key = key

    def of(self, record: TaskRecord, task_id: str) -> Address:
        """Return the address of one task."""
        key = self._key.make()
        name = _made(key, "push-path", json.dumps([record.owner, record.agent, task_id]))
        return Address(name, f"{self.url}/{name}", _made(key, "push-token", name))

    def fits(self, name: str, token: str) -> bool:
        """Return whether a token is that of an address; the time it takes says nothing of either.

        Without a key no address was ever made, and none is made for a stranger.
        """
        wanted = _made(self._key.find() or b"", "push-token", name)
        fits = hmac.compare_digest(wanted.encode(), token.encode(errors="replace"))
        return fits and self._key.find() is not None


def _made(key: bytes, purpose: str, text: str) -> str:
    """Return 43 characters that stand in URLs and headers."""
    made = hmac.digest(key, f"{purpose}|{text}".encode(errors="surrogatepass"), sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()
