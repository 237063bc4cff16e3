from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.a2a.bindings.rest import build, join, segment
from a2a_mcp.a2a.errors import Delivery, InvalidRequest

URL = "https://agent.example/a2a"


@pytest.mark.parametrize(
    ("url", "joined"),
    [
        ("https://agent.example", "https://agent.example/message:send"),
        ("https://agent.example/", "https://agent.example/message:send"),
        ("https://agent.example/a2a", "https://agent.example/a2a/message:send"),
        ("https://agent.example/a2a/", "https://agent.example/a2a/message:send"),
        ("https://agent.example/a2a?b=c%2Fd", "https://agent.example/a2a/message:send?b=c%2Fd"),
    ],
)
def test_a_path_is_joined_with_one_slash_and_the_query_stays(url: str, joined: str) -> None:
    assert join(url, "/message:send") == joined


def test_a_post_carries_its_params_as_body() -> None:
    made = build(URL, "POST /message:send", {"message": {}, "metadata": {"a": 1}})
    assert (made.verb, made.url) == ("POST", f"{URL}/message:send")
    assert (made.body, dict(made.query)) == ({"message": {}, "metadata": {"a": 1}}, {})


def test_a_get_carries_its_params_as_query_and_no_body() -> None:
    made = build(URL, "GET /tasks", {"pageSize": 5, "includeArtifacts": True, "contextId": "c&d"})
    assert (made.verb, made.url, made.body) == ("GET", f"{URL}/tasks", None)
    assert dict(made.query) == {"pageSize": "5", "includeArtifacts": "true", "contextId": "c&d"}


def test_an_id_goes_into_the_path_and_nowhere_else() -> None:
    made = build(URL, "POST /tasks/{id}:cancel", {"id": "t 1", "metadata": {"id": "x"}})
    assert made.url == f"{URL}/tasks/t%201:cancel"
    assert made.body == {"metadata": {"id": "x"}}


def test_a_tenant_comes_before_the_path() -> None:
    made = build(URL, "GET /tasks/{id}", {"id": "t"}, "acme/eu")
    assert made.url == f"{URL}/acme%2Feu/tasks/t"


def test_building_leaves_the_params_as_they_were() -> None:
    params = {"id": "t"}
    build(URL, "GET /tasks/{id}", params)
    assert params == {"id": "t"}


@pytest.mark.parametrize("value", [".", "..", ""])
def test_an_id_that_cannot_be_a_segment_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        build(URL, "GET /tasks/{id}", {"id": value})
    assert refused.value.delivery is Delivery.NEVER
    with pytest.raises(InvalidRequest):
        segment(value)


HOSTILE = [
    "../../control",
    "a/b",
    "a?b=1#c",
    "x:cancel",
    "%2e%2e",
    "a\r\nX: y",
    "\x00",
    "é",
    "{id}",
]


@given(st.sampled_from(HOSTILE) | st.text(min_size=1))
def test_any_id_is_one_segment_of_the_path_that_is_dialled(value: str) -> None:
    if value in (".", ".."):
        return
    dialled = httpx.URL(build(URL, "GET /tasks/{id}:subscribe", {"id": value}).url)
    assert dialled.host == "agent.example"
    assert dialled.query == b""
    assert dialled.fragment == ""
    path = dialled.raw_path.decode()
    assert path.count("/") == 3
    sent = path.removeprefix("/a2a/tasks/").removesuffix(":subscribe")
    assert unquote(sent, errors="surrogatepass") == value


def test_an_id_with_a_lone_surrogate_is_written_all_the_same() -> None:
    assert segment("a\ud800") == "a%ED%A0%80"
    assert urlsplit(build(URL, "GET /tasks/{id}", {"id": "\ud800"}).url).path.endswith("%ED%A0%80")
