"""The demo agent's small table, as rows, as CSV and as a PNG bar chart.

It uses only the standard library, so that the demo needs no imaging package.
"""

import struct
import zlib
from typing import Final

ROWS: Final = (("Oslo", 3.5), ("Paris", 11.0), ("Cairo", 21.5), ("Lima", 19.0), ("Delhi", 24.0))
"""City and temperature in degrees Celsius. The values are invented."""

WIDTH: Final = 240
HEIGHT: Final = 120
BAR: Final = bytes((46, 110, 186))
PAPER: Final = bytes((250, 250, 247))


def records() -> list[dict[str, str | float]]:
    """Return the table as JSON objects, one per row."""
    return [{"city": city, "celsius": celsius} for city, celsius in ROWS]


def csv_bytes() -> bytes:
    """Return the table as CSV with a header line."""
    lines = ["city,celsius", *(f"{city},{celsius}" for city, celsius in ROWS)]
    return ("\n".join(lines) + "\n").encode()


def png_bytes() -> bytes:
    """Return the table as a bar chart: an 8-bit RGB PNG of WIDTH x HEIGHT pixels (RFC 2083)."""
    # Each line of pixels begins with its filter type, 0: none.
    pixels = b"".join(b"\0" + _line(y) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(pixels)),
            _chunk(b"IEND", b""),
        )
    )


def _line(y: int) -> bytes:
    """Return line `y`, counted from the top, in RGB; a bar fills the middle of its slot."""
    slot = WIDTH // len(ROWS)
    gap = slot // 6
    tallest = max(celsius for _, celsius in ROWS)
    line = b""
    for _, celsius in ROWS:
        filled = y >= HEIGHT - HEIGHT * 0.9 * celsius / tallest
        line += PAPER * gap + (BAR if filled else PAPER) * (slot - 2 * gap) + PAPER * gap
    return line


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)
