"""Which tasks a process says that it reads, so that the others leave them to it. Pure.

Every process writes into the store, with each word, that it lives and which tasks it reads: those
that it follows, since it sent their message or somebody asked for them, and those that it takes
over. What a process reads that has been silent too long, or has left, another one takes over. It
then only reads: it attaches, polls, or looks for the task by its message. Nothing is ever sent for
a task that was taken over, so that two readers at a time cost a read and no more.

    word      is due at once where the tasks have changed, and now and then while there are any
    said      the store has it: until then the same word is due again
    took      tasks of others, in one search; the store has noted them already
    searched  those that could not be followed are let go, so that anybody may try again

tests/simulation/ runs this beside databases that go away and processes that die, hang and leave.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Word:
    """By their keys, tasks that are read since the last word, and those that are read no more."""

    begun: frozenset[int]
    ended: frozenset[int]


@dataclass(frozen=True, slots=True)
class Guard:
    """What one process has said, when it last did so (seconds), and what it takes over now."""

    noted: frozenset[int] = frozenset()
    taken: frozenset[int] = frozenset()
    last_word: float = 0.0

    def word(self, followed: Iterable[int], now: float, every: float) -> Word | None:
        """Return what to say; None while nothing has changed and `every` seconds are not over."""
        read = self.taken.union(followed)
        is_due = bool(read) and now - self.last_word >= every
        if read == self.noted and not is_due:
            return None
        return Word(read - self.noted, self.noted - read)

    def said(self, word: Word, now: float) -> Guard:
        """Return the guard after the store has taken a word."""
        return replace(self, noted=(self.noted | word.begun) - word.ended, last_word=now)

    def took(self, keys: Iterable[int]) -> Guard:
        """Return the guard after tasks were given to this process."""
        given = frozenset(keys)
        return replace(self, taken=self.taken | given, noted=self.noted | given)

    def searched(self) -> Guard:
        """Return the guard after a search: what runs is followed by now."""
        return replace(self, taken=frozenset()) if self.taken else self
