"""Read files that a caller names by path, only below the folders that the configuration allows.

A model chooses the path, and an agent's text may have led it to. A path that leads out of the
folders, also through a link, is refused before anything is read; so are the bridge's own files.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from a2a_mcp.errors import NotAllowed

INSTEAD: Final = "Give the file as content (base64) with a name, or as an https URL."
OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class AllowedPaths:
    """The paths that may be read: below `roots`, not in `own`, and only for `local` callers."""

    roots: Sequence[Path] = ()
    own: Sequence[Path] = ()
    local: bool = True

    def read(self, wanted: str, most: int) -> tuple[str, bytes]:
        """Return a file's name and its bytes, at most `most`; raises NotAllowed."""
        if not self.local:
            raise NotAllowed(
                "Files are read from paths only by a server that the host runs itself (stdio).",
                INSTEAD,
            )
        if not self.roots:
            raise NotAllowed(
                "Files cannot be read from paths: the configuration opens no folder.",
                f"{INSTEAD} Or ask the user to set file_roots in [server] of agents.toml.",
            )
        path = self._allowed(wanted)
        try:
            return path.name, _read(path, most)
        except OSError as error:
            reason = error.strerror or "it cannot be opened"
            raise NotAllowed(
                f"The file {wanted!r} cannot be read: {reason}.", "Check the path and call again."
            ) from None

    def _allowed(self, wanted: str) -> Path:
        """Return the path with all links resolved; raises NotAllowed outside the roots."""
        roots = [root.resolve() for root in self.roots]
        try:
            named = Path(os.path.expanduser(wanted))
            if is_elsewhere(named, [*self.roots, *roots]):
                raise self._outside(wanted)
            tried = [named] if named.is_absolute() else [root / named for root in roots]
            found = [path.resolve() for path in tried]
            path = next((path for path in found if path.exists()), found[0])
        except (OSError, ValueError, RuntimeError):  # a NUL, a loop of links, no home folder
            raise NotAllowed(
                f"{wanted[:200]!r} is no path.", "Check the path and call again."
            ) from None
        opened = [root for root in roots if is_below(path, root)]
        if not opened:
            raise self._outside(wanted)
        if any(_holds(own.resolve(), path, opened) for own in self.own):
            raise NotAllowed(
                f"The file {wanted!r} is one of this server's own and is not given to agents.",
                "Choose another file.",
            )
        return path

    def _outside(self, wanted: str) -> NotAllowed:
        return NotAllowed(
            f"The file {wanted!r} is not in a folder that files may be read from.",
            f"Those are: {', '.join(map(str, self.roots))}. Others the user opens with "
            "file_roots in [server] of agents.toml.",
        )


def is_elsewhere(named: PurePath, roots: Sequence[PurePath]) -> bool:
    r"""Return whether a path is on another drive or share than all roots, without touching it.

    Opening `\\host\share` would send the user's Windows credentials to that host.
    """
    anchors = {root.anchor.casefold() for root in roots}
    return named.is_absolute() and named.anchor.casefold() not in anchors


def is_below(path: Path, root: Path) -> bool:
    """Return whether a path is `root` or below it, as the file system compares names.

    Letters of another case, or composed in another way, name the same folder on one disk and
    another folder on the next; so names that are alike are looked up.
    """
    if path.is_relative_to(root):
        return True
    start = Path(*path.parts[: len(root.parts)])
    return _alike(start) == _alike(root) and _is_same(start, root)


def _alike(path: Path) -> str:
    """Return a path's name without case, its letters composed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", str(path)).casefold())


def _holds(own: Path, path: Path, opened: Sequence[Path]) -> bool:
    """Return whether a path is one of the bridge's own, in no folder there that is a root itself.

    The files are compared, not only their names: names can differ in case, or be hard links.
    """
    if any(is_below(root, own) for root in opened):
        return False
    return path.is_relative_to(own) or any(_is_same(own, each) for each in (path, *path.parents))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _read(path: Path, most: int) -> bytes:
    with os.fdopen(os.open(path, OPEN), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(None, "it is not a regular file")
        if path.resolve() != path or not os.path.samestat(found, path.stat()):
            raise OSError(None, "it was changed meanwhile")
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(None, f"it is larger than {most} bytes")
    return data
