"""The platform's mark of a file that came from elsewhere: systems warn before they run such a file.

Windows keeps it in a stream beside the content, macOS in an attribute; Linux has none. A disk that
cannot hold it holds the file all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

ZONE: Final = "[ZoneTransfer]\r\nZoneId=3\r\n"  # 3: the Internet
QUARANTINE: Final = b"com.apple.quarantine"
DOWNLOADED: Final = "0081"  # not opened by its user yet


def mark_as_download(path: Path, platform: str) -> None:
    """Mark a file as the platform's browsers do; `platform` is `sys.platform`."""
    if platform in MARKS:
        with suppress(OSError):
            MARKS[platform](path)


def _on_windows(path: Path) -> None:
    Path(f"{path}:Zone.Identifier").write_text(ZONE, encoding="ascii", newline="")


def _on_macos(path: Path) -> None:
    import ctypes  # Python's own os.setxattr is there on Linux only

    value = f"{DOWNLOADED};{int(time.time()):x};a2a-mcp;".encode()
    size, position, options = ctypes.c_size_t(len(value)), ctypes.c_uint32(0), ctypes.c_int(0)
    ctypes.CDLL(None).setxattr(bytes(path), QUARANTINE, value, size, position, options)


MARKS: Final[dict[str, Callable[[Path], None]]] = {"win32": _on_windows, "darwin": _on_macos}
