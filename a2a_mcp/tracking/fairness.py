"""Whose entry is evicted, and who is let in, when a bound that all owners share is reached. Pure.

No owner can use a bound up alone: who holds less than an equal share is always let in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

_K = TypeVar("_K")


def is_below_share(owner: str, holders: Iterable[str], most: int) -> bool:
    """Return whether `owner` may have one more although all `most` are used.

    It would then hold no more than its equal share.
    """
    held = Counter([owner, *holders])
    return held[owner] * len(held) <= most


def oldest_of_most(held: Mapping[_K, str]) -> _K:
    """Return the oldest key of the owner that holds most; `held` has the oldest key first."""
    most = Counter(held.values()).most_common(1)[0][0]
    return next(key for key, owner in held.items() if owner == most)
