"""The files of an artifact: fetched where an agent only links to them, and saved on this machine.

A link is fetched only if the agent's configuration allows it. Files are saved below one folder for
the user of this machine; a path is shown only to a host that runs on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import Artifact, Part, Task
from a2a_mcp.agents.registry import Registry
from a2a_mcp.errors import BridgeError
from a2a_mcp.files import media_types, saving
from a2a_mcp.files.quota import DiskQuota
from a2a_mcp.presentation import resource_uris
from a2a_mcp.presentation.artifact_request import shown_id
from a2a_mcp.presentation.attachments import Link, SavedFile
from a2a_mcp.presentation.task_view import TaskView
from a2a_mcp.store.base import TaskRecord
from a2a_mcp.text.truncate import MaskText
from a2a_mcp.text.untrusted import scrub_line

TEXT_NAME: Final = "answer.txt"
FOLDER: Final = "files"
MOST_FETCHED: Final = 4
FETCH_SECONDS: Final = 30.0
MOST_FILES: Final = 20
DAY_SECONDS: Final = 86_400.0


class ArtifactFiles:
    """Fetches and saves files for the callers of one process; `local` callers see the paths."""

    def __init__(self, registry: Registry, state_folder: Path | None, *, local: bool) -> None:
        self._registry = registry
        self._state_folder = state_folder
        self._local = local
        self._quota: DiskQuota | None = None
        self._saving = anyio.Lock()

    # --- fetching ---

    async def fetch(self, owner: str, agent: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Return the parts with the bytes of linked files, where the configuration allows that.

        A link that cannot be read stays a link, with the reason as its problem.
        """
        linked = [part for part in parts if part.kind == "url"][:MOST_FETCHED]
        if not linked or not self._may_fetch(agent):
            return parts
        fetched = {id(part): _not_fetched(part, "no time was left") for part in linked}
        with anyio.move_on_after(FETCH_SECONDS):
            for part in linked:
                fetched[id(part)] = await self._fetch_one(owner, agent, part)
        return tuple(fetched.get(id(part), part) for part in parts)

    def _may_fetch(self, agent: str) -> bool:
        configured = self._registry.config.agents.get(agent)  # None: removed since the task began
        return configured is not None and configured.fetch

    async def _fetch_one(self, owner: str, agent: str, part: Part) -> Part:
        try:
            received = await self._registry.connection(agent, owner).download(part.url)
        except (A2AError, BridgeError) as error:
            return _not_fetched(part, scrub_line(error.reason()))
        name = part.filename or _last_segment(part.url)
        declared = part.media_type or received.media_type
        media_type = media_types.of_bytes(received.data, declared, name)
        return Part(kind="raw", raw=received.data, filename=name, media_type=media_type)

    # --- saving ---

    async def save(
        self, owner: str, agent: str, task: Task, artifact: Artifact, parts: Sequence[Part]
    ) -> tuple[SavedFile, ...]:
        """Save the files among an artifact's parts; a file that cannot be saved says why."""
        files = [part for part in parts if part.kind == "raw"][:MOST_FILES]
        quota = self._current_quota()
        folder = saving.folder_of(quota.root, owner, agent, task.id) if quota else None
        shown = shown_id(artifact, self._registry.config.secrets.mask)
        uri = resource_uris.of_artifact(agent, task.id, shown)
        return tuple([await self._save_one(quota, folder, uri, artifact, part) for part in files])

    async def save_text(self, owner: str, view: TaskView, mask: MaskText) -> TaskView:
        """Save a task's masked text for a host on this machine; return the view with its path.

        The view is returned as it is where no files are kept or its folder cannot be written to.
        """
        quota, task_id = self._current_quota(), view.task_id or view.held_as
        if not (self._local and quota and view.agent and task_id):
            return view
        folder = saving.folder_of(quota.root, owner, view.agent, task_id)
        try:
            data = await anyio.to_thread.run_sync(_masked_bytes, view.text, mask)
            path = await self._write(quota, folder, TEXT_NAME, data)
        except OSError:
            return view
        return replace(view, saved_as=str(path))

    async def forget(self, record: TaskRecord) -> None:
        """Remove the saved files of a task. Raises OSError.

        A folder that the configuration names is the user's: nothing is ever removed there.
        """
        if self._state_folder is None:
            return
        root = self._state_folder / FOLDER
        for task_id in {record.result_id, record.pending_id}:
            folder = saving.folder_of(root, record.owner, record.agent, task_id)
            await anyio.to_thread.run_sync(saving.remove, folder)

    def _current_quota(self) -> DiskQuota | None:
        """Return the quota of the folder for files; None where no files are kept."""
        server = self._registry.config.server
        root, own = self._folder(), server.files_dir is None
        if root is None or not server.keep_bytes or (own and not server.keep_days):
            return None
        if self._quota is None or self._quota.root != root:
            self._quota = DiskQuota(
                root,
                own=own,
                keep_seconds=server.keep_days * DAY_SECONDS,
                keep_bytes=server.keep_bytes,
            )
        return self._quota

    def _folder(self) -> Path | None:
        configured = self._registry.config.server.files_dir
        if configured:
            return configured.absolute()
        return self._state_folder / FOLDER if self._state_folder else None

    async def _save_one(
        self,
        quota: DiskQuota | None,
        folder: Path | None,
        uri: str,
        artifact: Artifact,
        part: Part,
    ) -> SavedFile:
        media_type = media_types.of_bytes(part.raw, part.media_type, part.filename)
        wanted = part.filename or artifact.name or artifact.artifact_id
        name = saving.safe_name(self._registry.config.secrets.mask(wanted), media_type)
        path, problem = None, None
        if folder and quota:
            try:
                path = await self._write(quota, folder, name, part.raw)
            except OSError as error:
                problem = error.strerror or "its folder cannot be written to"
        link = Link(uri, path.name if path else name, media_type, len(part.raw))
        shown = str(path) if path and self._local else None
        return SavedFile(link, shown, problem)

    async def _write(self, quota: DiskQuota, folder: Path, name: str, data: bytes) -> Path:
        async with self._saving:
            return await anyio.to_thread.run_sync(saving.save, folder, name, data, quota.reserve)


def _masked_bytes(text: str, mask: MaskText) -> bytes:
    return mask(text).encode("utf-8", "replace")


def _not_fetched(part: Part, reason: str) -> Part:
    return part.model_copy(update={"problem": f"not fetched: {reason}"})


def _last_segment(url: str) -> str | None:
    """Return the last segment of a URL's path; None where it is empty."""
    return url.partition("?")[0].rpartition("/")[2] or None
