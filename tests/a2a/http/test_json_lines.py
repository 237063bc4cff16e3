import json

import pytest

from a2a_mcp.a2a.http.json_lines import StreamDecoder
from a2a_mcp.a2a.http.sse import TooLarge

ONE, TWO = '{"result": {"id": "1"}}', '{"result": {"id": "2", "text": "a\u2028b"}}'


def data(body: bytes, cut: int) -> list[str]:
    decoder = StreamDecoder(10_000)
    events = decoder.feed(body[:cut]) + decoder.feed(body[cut:]) + decoder.end()
    return [event.data for event in events]


@pytest.mark.parametrize(
    "body",
    [
        f"{ONE}\n{TWO}\n",
        f"{ONE}\n{TWO}",
        f"{ONE}\r\n\r\n{TWO}\r\n",
        f"\n\n{ONE}\n\n\n{TWO}",
        f"\ufeff{ONE}\n{TWO}\n",
        f"{ONE}\ndata: {TWO}\n",
        f"data: {ONE}\n\ndata: {TWO}\n\n",
        f"\ufeffdata: {ONE}\n\n: ping\n\ndata: {TWO}",
        f"\n: ping\n\ndata: {ONE}\n\ndata: {TWO}\n\n",
    ],
)
def test_lines_of_json_and_server_sent_events_are_told_apart_at_every_cut(body: str) -> None:
    octets = body.encode()
    for cut in range(len(octets) + 1):
        assert data(octets, cut) == [ONE, TWO]


def test_one_json_over_many_lines_is_one_event() -> None:
    body = json.dumps({"jsonrpc": "2.0", "error": {"code": -32601, "message": "m"}}, indent=2)
    for cut in range(len(body)):
        (text,) = data(body.encode(), cut)
        assert json.loads(text) == json.loads(body)


@pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb", b"\xef\xbb\xbf"])
def test_a_body_of_nothing_has_no_event(body: bytes) -> None:
    assert data(body, 1) == []


@pytest.mark.parametrize("begin", [b"", b"{", b"{\n", b"{}\n{", b"data: "])
def test_no_event_is_larger_than_its_limit(begin: bytes) -> None:
    decoder = StreamDecoder(100)
    decoder.feed(begin)
    with pytest.raises(TooLarge):
        decoder.feed(b" " * 101)
