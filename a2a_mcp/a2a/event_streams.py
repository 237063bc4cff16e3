"""What answers and streams tell: their JSON decoded into tasks, messages and events.

What is large is decoded in a thread, so that no other call waits for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Final, TypeAlias

import anyio.to_thread

from a2a_mcp.a2a.answers import result_of
from a2a_mcp.a2a.decoding.errors import decode_error
from a2a_mcp.a2a.decoding.events import decode_event
from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.http.large_json import LARGE
from a2a_mcp.a2a.http.responses import HttpResponse, parse_text
from a2a_mcp.a2a.http.sse import ServerSentEvent
from a2a_mcp.a2a.model import StreamEvent

MOST_TOGETHER: Final = 64
"""Events that are yielded together, so that a long read keeps no other call waiting."""

Together: TypeAlias = list[StreamEvent]
EventStream: TypeAlias = AsyncIterator[Together]
"""What a stream tells, the events of one read together; it never yields none."""


async def event_of(answer: HttpResponse) -> StreamEvent | None:
    """Return what a whole answer tells; None where that is no event."""
    result = result_of(answer.body)
    if answer.is_large:
        return await anyio.to_thread.run_sync(decode_event, result)
    return decode_event(result)


async def events_of(
    reads: AsyncIterator[Sequence[ServerSentEvent]], place: str
) -> AsyncGenerator[Together]:
    """Yield what each read tells, a bounded number at once; raises an error of the agent.

    `place` is where the agent is called.
    """
    async for events in reads:
        for start in range(0, len(events), MOST_TOGETHER):
            together: Together = []
            try:
                await _decode(events[start : start + MOST_TOGETHER], place, together)
            except A2AError:
                if together:  # the agent said this before the error
                    yield together
                raise
            if together:
                yield together


async def _decode(events: Sequence[ServerSentEvent], place: str, together: Together) -> None:
    """Append what events tell; raises an error of the agent."""
    if any(len(event.data) > LARGE for event in events):
        await anyio.to_thread.run_sync(together.extend, _decoded(events, place))
    else:
        together.extend(_decoded(events, place))


def _decoded(events: Sequence[ServerSentEvent], place: str) -> Iterator[StreamEvent]:
    """Yield events that are known; others, and marks of the end, are passed over."""
    for event in events:
        body, is_json = parse_text(event.data)
        if isinstance(body, dict) and body.get("error") is not None:
            raise decode_error(body, status=None, url=place)
        decoded = decode_event(result_of(body), streaming=True) if is_json else None
        if decoded is not None:
            yield decoded
