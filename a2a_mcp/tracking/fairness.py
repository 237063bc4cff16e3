"""What the owners of one process share, and who gives way where it is full. Pure.

A bound is never one owner's to use up: who has the most gives way, so that nobody can push out what
is another's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

_K = TypeVar("_K")


def owner_to_evict(owner: str, holders: Iterable[str], most: int) -> str:
    """Give the owner of whose there is to be one less, where `most` are held and `owner` wants one.

    It is `owner`, unless all that it had then were no more than its share among those who hold any.
    """
    held = Counter([owner, *holders])
    within_share = held[owner] * len(held) <= most
    return held.most_common(1)[0][0] if within_share else owner


def oldest_of_most(held: Mapping[_K, str]) -> _K:
    """Give what goes first where there is too much; `held` names each one's owner, oldest first."""
    most = Counter(held.values()).most_common(1)[0][0]
    return next(key for key, owner in held.items() if owner == most)
