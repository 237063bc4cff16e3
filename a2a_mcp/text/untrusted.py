"""Untrusted text made safe to show: characters that steer a terminal or a reader become visible.

Pure. It changes what is shown, never what is stored: saved files and resources stay byte-exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from a2a_mcp.text.steps import STEP, is_long

# C0 without tab and newline, DEL and C1, surrogates, bidi embeddings and isolates, tags.
_SUSPECT: Final = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
# The flag of a subdivision (Unicode UTS 51, ED-14a): black flag, three to seven tags, end tag.
_FLAG: Final = r"\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,7}\U000e007f"
_BREAKS: Final = re.compile(r"[\t\n\u2028\u2029]+")
_LOOK: Final = re.compile(_SUSPECT)
_HOSTILE: Final = re.compile(rf"({_FLAG})|\r\n|{_SUSPECT}")


def scrub(text: str) -> str:
    r"""Return `text` with escapes such as `\u202e` for characters that steer a terminal or reader.

    CR LF becomes LF. Tab, newline, joiners, variation selectors, combining marks and flags stay.
    The result always encodes to UTF-8; clean text is returned as the same object.
    """
    if is_long(text):
        return _scrub_long(text)
    if _LOOK.search(text) is None:
        return text
    return _HOSTILE.sub(_shown, text)


def scrub_line(text: str) -> str:
    """Return `text` scrubbed and on one line: for names, ids and words within a sentence."""
    return _BREAKS.sub(" ", scrub(text))


def _scrub_long(text: str) -> str:
    """Return a long text scrubbed in steps."""
    starts = range(0, len(text), STEP)
    if not any(_LOOK.search(text, start, start + STEP) for start in starts):
        return text
    return "".join(_HOSTILE.sub(_shown, lines) for lines in _by_lines(text))


def _by_lines(text: str) -> Iterator[str]:
    """Yield a text in pieces that end with a line: a line's end lies in no flag."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + STEP) + 1 or len(text)
        yield text[start:end]
        start = end


def _shown(found: re.Match[str]) -> str:
    if found[1]:  # a flag
        return found[1]
    if found[0] == "\r\n":
        return "\n"
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
