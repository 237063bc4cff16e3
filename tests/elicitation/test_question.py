"""What a waiting task asks: which words are shown, and which link may be opened."""

from typing import Any

import pytest
from asking import MARKS, asking, data, text

from a2a_mcp.a2a.model import Message, Part, Role, Task, TaskState, TaskStatus
from a2a_mcp.elicitation.question import fingerprint_of, sign_in_link, words_of


def signing_in(*parts: Part) -> Task:
    return asking(*parts, state=TaskState.AUTH_REQUIRED)


def test_the_words_are_the_text_or_else_the_words_in_the_data() -> None:
    assert words_of(asking(text("Which?"), data({"question": "No"}))) == "Which?"
    call = {"id": "1", "name": "ask", "args": {"description": "d", "question": "Which colour?"}}
    assert words_of(asking(data(call, **MARKS))) == "Which colour?"
    assert words_of(asking(data({"a": 1}))) == '{"a": 1}'


def test_the_words_are_the_agents_last_message_when_the_status_has_none() -> None:
    user = Message(message_id="u", role=Role.USER, parts=(text("go"),))
    agent = Message(message_id="a", role=Role.AGENT, parts=(text("Which?"),))
    status = TaskStatus(state=TaskState.INPUT_REQUIRED)
    assert words_of(Task(id="t", status=status, history=(user, agent))) == "Which?"
    assert words_of(Task(id="t", status=status, history=(user,))) == ""


def test_an_agents_words_are_scrubbed() -> None:
    assert words_of(asking(text("a\u202eb\x1b[0m"))) == "a\\u202eb\\u001b[0m"
    assert "\u202e" not in words_of(asking(data({"question": "a\u202eb"})))


def test_a_question_keeps_its_fingerprint_and_another_has_another() -> None:
    first = asking(text("Which city?"))
    again = first.model_copy(update={"history": (), "metadata": {"seen": 1}})
    assert fingerprint_of(first) == fingerprint_of(again)
    other = Message(message_id="q2", role=Role.AGENT, parts=(text("Which city?"),))
    status = TaskStatus(state=TaskState.INPUT_REQUIRED, message=other, timestamp="2026")
    assert fingerprint_of(first) == fingerprint_of(Task(id="t1", status=status))
    assert fingerprint_of(first) != fingerprint_of(asking(text("Which street?")))


@pytest.mark.parametrize("name", ["data", "metadata"])
def test_a_fingerprint_does_not_depend_on_the_order_of_the_data(name: str) -> None:
    told: dict[str, Any] = {"city": {"type": "string", "title": "City"}, "nights": 1}
    retold = {"nights": 1, "city": {"title": "City", "type": "string"}}
    first, again, other = (
        data({"fields": it}) if name == "data" else data({}, it=it)
        for it in (told, retold, {**told, "nights": 2})
    )
    assert (
        fingerprint_of(asking(first))
        == fingerprint_of(asking(again))
        != fingerprint_of(asking(other))
    )


@pytest.mark.parametrize(
    "part",
    [
        text("Please sign in at https://id.example/a?b=c&d=e."),
        text("[Sign in](https://id.example/a?b=c&d=e), then wait"),
        data({"auth": {"uri": "https://id.example/a?b=c&d=e"}}),
        Part(kind="url", url="https://id.example/a?b=c&d=e"),
    ],
)
def test_a_link_is_found_whole_in_text_data_and_url_parts(part: Part) -> None:
    assert sign_in_link(signing_in(part)) == "https://id.example/a?b=c&d=e"


@pytest.mark.parametrize(
    "words",
    [
        "Please sign in.",
        "Sign in at https://a.example or https://b.example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://id.example@evil.example/",
        "https://xn--pple-43d.example/",
        "https://XN--pple-43d.example/",
        "https://id.example%2eevil.example/",
        "http://id.example/a",
        "https:///evil.example/",
        "https://\u0430pple.example/",
        "https://id.example/\u202egnp.exe",
        "https://",
        "http://[::1",
        f"https://id.example/{'a' * 3000}",
    ],
)
def test_a_link_that_could_pass_for_another_is_not_offered(words: str) -> None:
    assert sign_in_link(signing_in(text(words))) is None


def test_the_same_link_twice_counts_as_one_link() -> None:
    link: Any = "https://id.example/a"
    assert sign_in_link(signing_in(text(f"Go to {link}"), data({"uri": link}))) == link
