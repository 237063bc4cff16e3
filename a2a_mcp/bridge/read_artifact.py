"""The files of an artifact, handed out with a piece of it: fetched where allowed, kept, named.

What an agent only links to is fetched if its configuration says so. Bytes are kept below one
folder, for whoever sits at this machine; where they lie is told only to a host that runs here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import anyio

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Artifact, Part, Task
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.errors import BridgeError
from a2a_mcp.files import media_types, saving
from a2a_mcp.files.quota import DiskQuota
from a2a_mcp.presentation import message_artifacts, resource_uris
from a2a_mcp.presentation.artifact import ArtifactPiece, read_artifact
from a2a_mcp.presentation.artifact_request import (
    ArtifactRequest,
    NothingThere,
    find_requested,
    shown_id,
)
from a2a_mcp.presentation.attachments import Link, SavedFile
from a2a_mcp.text.untrusted import scrub

FOLDER: Final = "files"
MOST_FETCHED: Final = 4
FETCH_SECONDS: Final = 30.0
MOST_FILES: Final = 20
DAY_SECONDS: Final = 86_400.0


class FilesOut:
    """Reads artifacts for the callers of one process; `local` ones are told where files lie."""

    def __init__(
        self, registry: Registry, reader: Reader, state_folder: Path | None, *, local: bool
    ) -> None:
        self._registry = registry
        self._reader = reader
        self._state_folder = state_folder
        self._local = local
        self._room: DiskQuota | None = None
        self._saving = anyio.Lock()

    async def read(
        self, owner: str, task_id: str, agent: str | None, wanted: ArtifactRequest
    ) -> ArtifactPiece:
        """Read a piece of an artifact, and hand out its files with the first; raises as `Reader`.

        Its files come with the first piece of text, or of a part; not with a search.
        """
        config = self._registry.config
        history = message_artifacts.history_for(wanted.artifact_id)
        found = await self._reader.read(owner, task_id, agent, history)
        record, task = found.record, found.contents
        if task is None:
            raise await self._reader.explain_no_task(record)
        mask = config.secrets.mask
        artifact, parts = find_requested(record.agent, task, wanted, mask)
        if self._fetches(record.agent) and any(part.kind == "url" for part in parts):
            parts = await self._fetched(record.agent, parts)
        handed: tuple[SavedFile, ...] = ()
        if wanted.is_first_piece:
            handed = await self._hand_out(owner, record.agent, task, artifact, parts)
        note = f"Note: {found.note}\n\n" if found.note else ""
        room = config.server.result_bytes - len(note.encode())
        try:
            piece = read_artifact(record.agent, artifact, parts, wanted, room, mask, handed)
        except NothingThere as error:
            error.agent, error.task_id = record.agent, task.id
            raise
        return replace(piece, text=note + piece.text)

    def _fetches(self, agent: str) -> bool:
        known = self._registry.config.agents.get(agent)  # a task may outlive its agent's table
        return known is not None and known.fetch

    async def _fetched(self, agent: str, parts: Sequence[Part]) -> tuple[Part, ...]:
        """Read what is only linked to; one link that cannot be read costs no more than itself."""
        linked = [part for part in parts if part.kind == "url"][:MOST_FETCHED]
        read: dict[int, Part] = {}
        with anyio.move_on_after(FETCH_SECONDS):
            for part in linked:
                read[id(part)] = await self._fetch(agent, part)
        late = {id(part): _not_fetched(part, "no time was left") for part in linked}
        return tuple((late | read).get(id(part), part) for part in parts)

    async def _fetch(self, agent: str, part: Part) -> Part:
        try:
            received = await self._registry.connection(agent).download(part.url)
        except (A2AError, BridgeError) as error:
            return _not_fetched(part, scrub(error.message))
        name = part.filename or part.url.partition("?")[0].rpartition("/")[2] or None
        said = part.media_type or received.media_type
        return Part(
            kind="raw",
            raw=received.data,
            filename=name,
            media_type=media_types.of_bytes(received.data, said, name),
        )

    async def _hand_out(
        self, owner: str, agent: str, task: Task, artifact: Artifact, parts: Sequence[Part]
    ) -> tuple[SavedFile, ...]:
        files = [part for part in parts if part.kind == "raw"][:MOST_FILES]
        room = self._room_of_files()
        folder = saving.folder_of(room.root, owner, agent, task.id) if room else None
        shown = shown_id(artifact, self._registry.config.secrets.mask)
        uri = resource_uris.of_artifact(agent, task.id, shown)
        return tuple([await self._keep(folder, uri, artifact, part) for part in files])

    def _room_of_files(self) -> DiskQuota | None:
        """Give where files are kept; None where none are."""
        server = self._registry.config.server
        own = server.files_dir is None
        root = server.files_dir.absolute() if server.files_dir else self._own_folder()
        if root is None or not server.keep_bytes or (own and not server.keep_days):
            return None
        if self._room is None or self._room.root != root:
            self._room = DiskQuota(
                root,
                own=own,
                keep_seconds=server.keep_days * DAY_SECONDS,
                keep_bytes=server.keep_bytes,
            )
        return self._room

    def _own_folder(self) -> Path | None:
        return self._state_folder / FOLDER if self._state_folder else None

    async def _keep(
        self, folder: Path | None, uri: str, artifact: Artifact, part: Part
    ) -> SavedFile:
        media_type = media_types.of_bytes(part.raw, part.media_type, part.filename)
        wanted = part.filename or artifact.name or artifact.artifact_id
        name = saving.safe_name(self._registry.config.secrets.mask(wanted), media_type)
        digest = sha256(part.raw).hexdigest()
        path, problem = None, None
        if folder and self._room:
            make = self._room.reserve
            try:
                async with self._saving:
                    path = await anyio.to_thread.run_sync(saving.save, folder, name, part.raw, make)
            except OSError as error:
                problem = error.strerror or "its folder cannot be written to"
        link = Link(uri, path.name if path else name, media_type, len(part.raw))
        shown = str(path) if path and self._local else None
        return SavedFile(link, digest, shown, problem)


def _not_fetched(part: Part, reason: str) -> Part:
    return part.model_copy(update={"problem": f"not fetched: {reason}"})
