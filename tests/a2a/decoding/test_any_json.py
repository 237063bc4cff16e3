"""Whatever JSON an agent sends, a decoder returns a value or raises one of our errors, quickly.

The inputs are real answers with members changed, dropped, doubled and swapped, and JSON made of the
protocol's own member names. `scripts/fuzz` runs many more of them than the suite does.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any, Final

import pytest
from captures import payloads, unwrapped
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from a2a_mcp.a2a.card import inline_card
from a2a_mcp.a2a.decoding.card import is_card
from a2a_mcp.a2a.decoding.errors import decode_error, is_error
from a2a_mcp.a2a.decoding.events import decode_event, decode_message, decode_page, decode_task
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.http.json_lines import StreamDecoder
from a2a_mcp.a2a.http.sse import EventDecoder, TooLarge
from a2a_mcp.a2a.updates import apply

EXAMPLES: Final = int(os.environ.get("A2A_MCP_FUZZ_EXAMPLES", "100"))
MOST_SECONDS: Final = 1.0
EVENT_LIMIT: Final = 1 << 16

fuzzed = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@cache
def seen() -> tuple[Any, ...]:
    """Every distinct answer of a real server."""
    found = {json.dumps(unwrapped(payload.body)): None for _, payload in payloads()}
    return tuple(json.loads(text) for text in found if len(text) < 4_000)


@cache
def names() -> tuple[str, ...]:
    """Every member name that a real server has used, in both spellings."""
    found: set[str] = {"Task", "task", "snapshot", "statusUpdate", "status_update", "result"}

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            found.update(value)
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    for value in seen():
        collect(value)
    return tuple(sorted(found))


def leaves() -> st.SearchStrategy[Any]:
    odd = st.sampled_from(
        ["", "task", "message", "data:;base64,AAAA", "\ud800", "\u202e", "1e400", "TASK_STATE_DONE"]
    )
    numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
    return st.none() | st.booleans() | numbers | odd | st.text(max_size=8)


def values() -> st.SearchStrategy[Any]:
    """JSON of any shape, made of names that mean something."""

    def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        keys = st.deferred(lambda: st.sampled_from(names())) | st.text(max_size=4)
        return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6)

    return st.recursive(leaves(), larger, max_leaves=24)


@st.composite
def altered(draw: st.DrawFn) -> Any:
    """A real answer, with up to four of its values replaced, dropped, wrapped or moved."""
    value = json.loads(json.dumps(draw(st.deferred(lambda: st.sampled_from(seen())))))
    for _ in range(draw(st.integers(1, 4))):
        value = _altered(draw, value)
    return value


def _altered(draw: st.DrawFn, value: Any) -> Any:
    inside = list(_places(value))
    if not inside:
        return draw(values())
    node, key = draw(st.sampled_from(inside))
    other, at = draw(st.sampled_from(inside))
    node[key] = draw(
        leaves()
        | values()
        | st.just([node[key], node[key]])
        | st.just({draw(st.sampled_from(names())): node[key]})
        | st.just(json.loads(json.dumps(other[at])))
    )
    if isinstance(node, dict) and draw(st.booleans()):
        del node[key]
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Go through all places of a value that something else can be put into."""
    if not isinstance(value, dict | list):
        return
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def object_only(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: decode(value) if isinstance(value, dict) else None


def checked_card(value: Any) -> Any:
    return inline_card(value, "a card") if is_card(value) else None


def folded(value: Any) -> Any:
    """Decode an event of a stream twice, and take it into a task."""
    event = decode_event(value, streaming=True)
    task = apply(None, event) if event else None
    return apply(task, event) if event else None


DECODERS: Final[dict[str, Callable[[Any], Any]]] = {
    "an answer": decode_event,
    "an event": folded,
    "a page": decode_page,
    "a task": object_only(decode_task),
    "a message": object_only(decode_message),
    "a card": checked_card,
    "an error": lambda value: is_error(value, 200) and decode_error(value, status=500, url=None),
    "an error in a stream": lambda value: decode_error(value, status=None, url=None),
}


@fuzzed
@given(value=altered() | values())
def test_any_json_is_a_value_or_one_of_our_errors_to_every_decoder(value: Any) -> None:
    for name, decode in DECODERS.items():
        note(name)
        began = time.process_time()
        with suppress(A2AError):
            decode(value)
        assert time.process_time() - began < MOST_SECONDS


@fuzzed
@given(
    body=st.lists(
        st.sampled_from([b"data:", b"event:", b"\n", b"\r", b"\r\n", b"{}", b":", b"\xff", b"id:1"])
        | st.binary(max_size=8),
        max_size=60,
    ),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
@pytest.mark.parametrize("decoder", [EventDecoder, StreamDecoder])
def test_any_bytes_are_events_whose_cuts_do_not_matter(
    decoder: type[EventDecoder | StreamDecoder], body: list[bytes], cuts: list[int]
) -> None:
    whole = b"".join(body)
    at_once = decoder(EVENT_LIMIT)
    expected = at_once.feed(whole) + at_once.end()
    piecewise, found, last = decoder(EVENT_LIMIT), [], 0
    for cut in sorted({min(cut, len(whole)) for cut in cuts} | {len(whole)}):
        found += piecewise.feed(whole[last:cut])
        last = cut
    assert found + piecewise.end() == expected


@fuzzed
@given(pieces=st.lists(st.binary(max_size=200), max_size=30), limit=st.integers(1, 300))
def test_no_event_is_larger_than_its_limit(pieces: list[bytes], limit: int) -> None:
    decoder = EventDecoder(limit)
    try:
        events = [event for piece in pieces for event in decoder.feed(piece)]
    except TooLarge:
        return
    assert all(len(event.data.encode("utf-8", "replace")) <= 3 * limit for event in events)
