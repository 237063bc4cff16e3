"""Messages of every shape that a dialect can carry, for properties of the encoders."""

from typing import Any

from hypothesis import strategies as st

from a2a_mcp.a2a.model import Message, Part, Role
from a2a_mcp.a2a.requests import SendMessageRequest

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
WORD = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
ID = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=9
)
NUMBER = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(WORD, JSON, max_size=3)
NAMED: dict[str, Any] = {
    "media_type": st.none() | st.sampled_from(["text/plain", "image/png", "application/json"]),
    "filename": st.none() | WORD,
    "metadata": OBJECT,
}

TEXTS = st.builds(Part, kind=st.just("text"), text=TEXT, metadata=OBJECT)
LINKS = st.builds(Part, kind=st.just("url"), url=WORD, **NAMED)
FILES = st.builds(Part, kind=st.just("raw"), raw=st.binary(max_size=12), **NAMED)


def looks_wrapped(data: Any) -> bool:
    """Return whether data of 1.0 looks just like what 0.3 over HTTP+JSON wraps around its data."""
    return isinstance(data, dict) and set(data) == {"data"} and isinstance(data["data"], dict)


def data_parts(data: st.SearchStrategy[Any]) -> st.SearchStrategy[Part]:
    fitting = data.filter(lambda value: not looks_wrapped(value))
    return st.builds(Part, kind=st.just("data"), data=fitting, metadata=OBJECT)


def messages(parts: st.SearchStrategy[Part], **more: Any) -> st.SearchStrategy[Message]:
    return st.builds(
        Message,
        message_id=ID,
        role=st.sampled_from([Role.USER, Role.AGENT]),
        parts=st.lists(parts, min_size=1, max_size=3).map(tuple),
        task_id=st.none() | ID,
        context_id=st.none() | ID,
        metadata=OBJECT,
        extensions=st.lists(WORD, max_size=2).map(tuple),
        **more,
    )


def sends(message: st.SearchStrategy[Message]) -> st.SearchStrategy[SendMessageRequest]:
    return st.builds(
        SendMessageRequest,
        message=message,
        accepted_output_modes=st.lists(WORD, max_size=2).map(tuple),
        history_length=st.none() | st.integers(0, 100),
        return_immediately=st.none() | st.booleans(),
        metadata=OBJECT,
    )


REFERENCES = st.lists(WORD, max_size=2).map(tuple)
HELLO = SendMessageRequest(
    message=Message(
        message_id="m1",
        role=Role.USER,
        parts=(Part(kind="text", text="hi"),),
        task_id="t1",
        context_id="c1",
        reference_task_ids=("t0",),
    ),
    accepted_output_modes=("text/plain",),
    history_length=0,
    return_immediately=True,
)
