"""Artifacts whose pieces each hold the whole text so far, although they were sent to append. Pure.

Appended to each other, such pieces tell the answer again and again. Text that only begins like the
piece before it is common in streams, so an artifact is mended where there is no doubt: the status
of the ended task says the same as the last piece, or a third piece still repeats all before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from a2a_mcp.a2a.model import Artifact, Part, Task

SURE_PIECES: Final = 3
BEGINNING: Final = 1_000


def with_whole_texts(task: Task) -> Task:
    """Return a task that has ended with the last one of pieces that repeat all before them."""
    if not task.state.terminal or not task.artifacts:
        return task
    said = task.status.message.parts if task.status.message else ()
    artifacts = tuple(_whole(artifact, said) for artifact in task.artifacts)
    return task.model_copy(update={"artifacts": artifacts})


def without_repeats(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the last of many texts alone where each holds all before it, else all of them."""
    if len(parts) < SURE_PIECES or not _grow(part.text for part in parts):
        return parts
    return parts[-1:]


def _grow(texts: Iterable[str]) -> bool:
    return all(
        len(earlier) < len(later) and later.startswith(earlier)
        for earlier, later in pairwise(texts)
    )


def _whole(artifact: Artifact, said: tuple[Part, ...]) -> Artifact:
    """Return the artifact with its last piece alone where that holds the others."""
    pieces = tuple(part for part in artifact.parts if part.kind != "text" or part.text.strip())
    if len(pieces) < 2 or any(part.kind != "text" for part in pieces):
        return artifact
    if not all(_begin_alike(*pair) for pair in pairwise(pieces)):
        return artifact
    texts = [_words((part,)) for part in pieces]
    if not all(later.startswith(earlier) for earlier, later in pairwise(texts)):
        return artifact
    if texts[-1] == _words(said) or (len(texts) >= SURE_PIECES and _grow(texts)):
        return artifact.model_copy(update={"parts": pieces[-1:]})
    return artifact


def _begin_alike(part: Part, other: Part) -> bool:
    """Return whether two texts may begin alike: most that do not are told apart so, at no cost."""
    one, another = ("".join(it.text[:BEGINNING].split()) for it in (part, other))
    return one.startswith(another) or another.startswith(one)


def _words(parts: tuple[Part, ...]) -> str:
    """Return the words of parts without white space, which agents change between two tellings."""
    return "".join("".join(part.text for part in parts).split())
