"""Object storage for what is too large for a row: S3, GCS, Azure or a folder, through obstore.

It only puts, gets and deletes under names that the caller has made. It never lists, so it needs no
right to, and nothing of another database in the same place is ever touched. Keys and endpoints come
from the environment, as for each cloud's own tools.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import anyio
import anyio.to_thread

from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.telemetry.metrics import instruments

if TYPE_CHECKING:
    from obstore.store import ObjectStore

log = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 30.0
"""How long one object may take; a call that waits for it must still answer."""

DELETERS: Final = 16
"""Objects that are removed at the same time: a few hundred must go within the patience."""

RETRIES: Final[dict[str, Any]] = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
NEXT: Final = "Try again in a minute; if it stays so, tell the operator of this server."


class Objects(Protocol):
    """A place for large contents by name; every method raises StoreUnavailable."""

    async def put(self, name: str, content: bytes) -> None:
        """Write an object; it is there whole when this returns."""

    async def get(self, name: str) -> bytes | None:
        """Return an object, None if there is none."""

    async def delete(self, names: Sequence[str]) -> None:
        """Remove objects; one that is not there is none to remove."""


class ObjectStorage:
    """Objects below `url`: s3://, gs://, az:// or file://; it is opened at the first use."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: ObjectStore | None = None
        self._fails = False

    async def put(self, name: str, content: bytes) -> None:
        """Write an object. Raises StoreUnavailable."""
        with self._told(), anyio.fail_after(PATIENCE_SECONDS):
            store = await self._opened()
            await store.put_async(name, content)

    async def get(self, name: str) -> bytes | None:
        """Return an object, None if there is none. Raises StoreUnavailable."""
        with self._told(), anyio.fail_after(PATIENCE_SECONDS):
            store = await self._opened()
            try:
                found = await store.get_async(name)
            except FileNotFoundError:
                return None
            return bytes(await found.bytes_async())

    async def delete(self, names: Sequence[str]) -> None:
        """Remove objects. Raises StoreUnavailable."""
        with self._told(), anyio.fail_after(PATIENCE_SECONDS):
            store = await self._opened()
            waiting, faults = iter(names), list[Exception]()
            async with anyio.create_task_group() as group:
                for _ in range(DELETERS):
                    group.start_soon(_delete_each, store, waiting, faults)
            if faults:
                raise faults[0]

    async def _opened(self) -> ObjectStore:
        if self._store is None:
            self._store = await anyio.to_thread.run_sync(_open, self._url)
        return self._store

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise StoreUnavailable in the place of what obstore raises; the log says it once."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError, ValueError, TimeoutError) as fault:
            raise self._unavailable(fault) from fault
        self._fails = False

    def _unavailable(self, fault: Exception) -> StoreUnavailable:
        if not self._fails:
            log.warning("the object storage cannot be used: %s", _first_line(fault))
        self._fails = True
        if found := instruments():
            found.store_errors.add(1)
        return StoreUnavailable(
            "This server's object storage cannot be reached, where this result is kept.", NEXT
        )


def _open(url: str) -> ObjectStore:
    from obstore.store import from_url

    parts = urlsplit(url)
    if parts.scheme == "file":
        Path(unquote(parts.path)).mkdir(mode=0o700, parents=True, exist_ok=True)
        return from_url(url)
    return from_url(url, retry_config=RETRIES)  # type: ignore[call-overload,no-any-return]


async def _delete_each(store: ObjectStore, waiting: Iterator[str], faults: list[Exception]) -> None:
    """Remove one object after the other; what fails ends it, for the others as well."""
    from obstore.exceptions import BaseError

    for name in waiting:
        try:
            await store.delete_async(name)
        except FileNotFoundError:  # S3 says nothing, a folder does
            continue
        except (BaseError, OSError, ValueError) as fault:
            faults.append(fault)
            deque(waiting, maxlen=0)


def _first_line(fault: Exception) -> str:
    """Return a reason without the server's own answer, which may repeat the name of a key."""
    return str(fault).partition("\n")[0].partition(": <")[0] or type(fault).__name__
