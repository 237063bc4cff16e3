"""What a process says of the tasks that it reads: word by word."""

from a2a_mcp.tracking.guard import Guard, Word

EVERY = 10.0


def word(begun: set[int], ended: set[int]) -> Word:
    return Word(frozenset(begun), frozenset(ended))


def test_a_change_is_said_at_once_and_life_now_and_then_while_there_are_tasks() -> None:
    guard = Guard()
    assert guard.word([], 100, EVERY) is None
    first = guard.word([1, 2], 100, EVERY)
    assert first == word({1, 2}, set())
    guard = guard.said(first, 100)
    assert guard.word([1, 2], 109, EVERY) is None
    assert guard.word([1, 2], 110, EVERY) == word(set(), set())
    last = guard.word([], 101, EVERY)
    assert last == word(set(), {1, 2})
    assert guard.said(last, 101).word([], 200, EVERY) is None


def test_a_word_that_the_store_has_not_taken_is_due_again() -> None:
    guard = Guard()
    assert guard.word([1], 100, EVERY) == guard.word([1], 101, EVERY) == word({1}, set())


def test_what_was_taken_over_and_cannot_be_followed_is_let_go() -> None:
    guard = Guard().took([1, 2])
    assert guard.word([], 100, EVERY) == word(set(), set())
    assert guard.searched().word([2], 100, EVERY) == word(set(), {1})
