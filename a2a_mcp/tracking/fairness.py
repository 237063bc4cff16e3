"""Whose entry is evicted when a bound that all owners share is reached. Pure.

No owner can use a bound up alone: the one that holds most gives an entry up first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

_K = TypeVar("_K")


def owner_to_evict(owner: str, holders: Iterable[str], most: int) -> str:
    """Return the owner whose entry is evicted when all `most` are used and `owner` wants one more.

    It is `owner` itself, unless it would then hold no more than its equal share.
    """
    held = Counter([owner, *holders])
    within_share = held[owner] * len(held) <= most
    return held.most_common(1)[0][0] if within_share else owner


def oldest_of_most(held: Mapping[_K, str]) -> _K:
    """Return the oldest key of the owner that holds most; `held` has the oldest key first."""
    most = Counter(held.values()).most_common(1)[0][0]
    return next(key for key, owner in held.items() if owner == most)
