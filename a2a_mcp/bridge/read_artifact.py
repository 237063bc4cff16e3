"""Read an artifact for a model: a piece of its text, and its files with the first piece.

It finds the artifact and hands it on; how a piece is cut is decided in presentation.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import anyio.to_thread

from a2a_mcp.a2a.model import Artifact, Part
from a2a_mcp.a2a.sizes import is_much
from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.artifact_files import ArtifactFiles
from a2a_mcp.bridge.read_task import Reader
from a2a_mcp.presentation import artifact_sentences, message_artifacts
from a2a_mcp.presentation.artifact import ArtifactPiece, read_artifact
from a2a_mcp.presentation.artifact_request import ArtifactRequest, NothingThere, find_requested
from a2a_mcp.presentation.attachments import SavedFile


class ArtifactReader:
    """Reads artifacts for the callers of one process."""

    def __init__(self, registry: Registry, reader: Reader, files: ArtifactFiles) -> None:
        self._registry = registry
        self._reader = reader
        self._files = files

    async def read(
        self, owner: str, task_id: str, agent: str | None, wanted: ArtifactRequest
    ) -> ArtifactPiece:
        """Return a piece of an artifact; raises as `Reader`, and NothingThere.

        The files come with the first piece of text or of a part, never with a search.
        """
        history = message_artifacts.history_for(wanted.artifact_id)
        found = await self._reader.read(owner, task_id, agent, history)
        task, name = found.contents, found.record.agent
        if task is None:
            raise await self._reader.explain_no_task(found.record)
        mask = self._registry.config.secrets.mask
        artifact, requested = find_requested(name, task, wanted, mask)
        parts = await self._files.fetch(owner, name, requested)
        saved: tuple[SavedFile, ...] = ()
        if wanted.is_first_piece:
            saved = await self._files.save(owner, name, task, artifact, parts)
        try:
            make = partial(self._piece, name, artifact, parts, wanted, saved, found.note)
            return await anyio.to_thread.run_sync(make) if is_much(parts) else make()
        except NothingThere as error:
            raise error.at(name, task.id) from error

    def _piece(
        self,
        agent: str,
        artifact: Artifact,
        parts: tuple[Part, ...],
        wanted: ArtifactRequest,
        saved: tuple[SavedFile, ...],
        note: str | None,
    ) -> ArtifactPiece:
        """Return the piece with the note before it, both within one result."""
        config = self._registry.config
        before = artifact_sentences.note_before(note)
        room = config.server.result_bytes - len(before.encode())
        mask = config.secrets.mask
        piece = read_artifact(agent, artifact, parts, wanted, room, mask, saved)
        return replace(piece, text=before + piece.text)
