"""What a waiting task asks: whose words are shown, what is a secret, which link may be opened."""

from typing import Any

import pytest
from asking import MARKS, asking, data, schema, text

from a2a_mcp.a2a.model import Message, Part, Role, Task, TaskState, TaskStatus
from a2a_mcp.elicitation.question import mark_of, sign_in_link, wants_secret, words_of


def signing_in(*parts: Part) -> Task:
    return asking(*parts, state=TaskState.AUTH_REQUIRED)


def test_the_words_are_the_text_and_else_what_the_data_says() -> None:
    assert words_of(asking(text("Which?"), data({"question": "No"}))) == "Which?"
    call = {"id": "1", "name": "ask", "args": {"description": "d", "question": "Which colour?"}}
    assert words_of(asking(data(call, **MARKS))) == "Which colour?"
    assert words_of(asking(data({"a": 1}))) == '{"a": 1}'


def test_the_words_are_in_the_history_where_the_status_has_none() -> None:
    user = Message(message_id="u", role=Role.USER, parts=(text("go"),))
    agent = Message(message_id="a", role=Role.AGENT, parts=(text("Which?"),))
    status = TaskStatus(state=TaskState.INPUT_REQUIRED)
    assert words_of(Task(id="t", status=status, history=(user, agent))) == "Which?"
    assert words_of(Task(id="t", status=status, history=(user,))) == ""


def test_words_of_an_agent_are_scrubbed() -> None:
    assert words_of(asking(text("a\u202eb\x1b[0m"))) == "a\\u202eb\\u001b[0m"
    assert "\u202e" not in words_of(asking(data({"question": "a\u202eb"})))


def test_a_question_keeps_its_mark_and_the_next_one_has_another() -> None:
    first = asking(text("Which city?"))
    again = first.model_copy(update={"history": (), "metadata": {"seen": 1}})
    assert mark_of(first) == mark_of(again)
    other = Message(message_id="q2", role=Role.AGENT, parts=(text("Which city?"),))
    status = TaskStatus(state=TaskState.INPUT_REQUIRED, message=other)
    assert mark_of(first) != mark_of(Task(id="t1", status=status))
    assert mark_of(first) != mark_of(asking(text("Which street?")))


@pytest.mark.parametrize("name", ["data", "metadata"])
def test_a_question_keeps_its_mark_in_whatever_order_its_data_is_told(name: str) -> None:
    told: dict[str, Any] = {"city": {"type": "string", "title": "City"}, "nights": 1}
    retold = {"nights": 1, "city": {"title": "City", "type": "string"}}
    first, again, other = (
        data({"fields": it}) if name == "data" else data({}, it=it)
        for it in (told, retold, {**told, "nights": 2})
    )
    assert mark_of(asking(first)) == mark_of(asking(again)) != mark_of(asking(other))


@pytest.mark.parametrize(
    "part",
    [
        text("Please type your password."),
        text("I need your API key to go on"),
        text("Bitte das Passwort eingeben"),
        text("Give me the access token"),
        text("Please give your p\u200bass\u00adword"),
        text("Your \uff30\uff41\uff53\uff53\uff57\uff4f\uff52\uff44, please"),
        text("Type all your passwords"),
        text("Which is your credit card number?"),
        text("Enter the verification code that we sent"),
        text("رمز عبور را وارد کنید"),
        data({"question": "Please fill in", **schema(x={"description": "Your bank password"})}),
        data(schema(x={"type": "string", "title": "Dein Passwort"})),
        data(schema(cardNumber={"type": "string"})),
        data(schema(token={"type": "string"})),
        data({"schema": schema(apiKey={"type": "string"})}),
        data({"schema": schema(x={"type": "string", "title": "Your PIN"})}),
        data({"schema": schema(x={"type": "string", "format": "password"})}),
        data({"fields": [{"name": "db_password", "type": "string"}]}),
        data({"id": "1", "name": "adk_request_credential", "args": {}}, **MARKS),
    ],
)
def test_a_secret_is_told_by_its_words_its_names_and_its_format(part: Part) -> None:
    assert wants_secret(asking(part))


@pytest.mark.parametrize(
    "part",
    [
        text("Which city?"),
        text("How many tokens may the summary have?"),
        text("Shall the spinner pin to the top?"),
        text("Visa or another credit card?"),
        data(schema(max_tokens={"type": "integer", "description": "How many tokens at most"})),
        data(schema(city={"type": "string"}, shipping={"type": "string"})),
        data({"page_token": "abc", "question": "Which?"}),
    ],
)
def test_an_ordinary_question_is_no_secret(part: Part) -> None:
    assert not wants_secret(asking(part))


@pytest.mark.parametrize(
    "part",
    [
        text("Please sign in at https://id.example/a?b=c&d=e."),
        text("[Sign in](https://id.example/a?b=c&d=e), then wait"),
        data({"auth": {"uri": "https://id.example/a?b=c&d=e"}}),
        Part(kind="url", url="https://id.example/a?b=c&d=e"),
    ],
)
def test_the_link_is_found_whole_wherever_it_stands(part: Part) -> None:
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
def test_a_link_that_is_none_or_could_pass_for_another_is_left_in_the_text(words: str) -> None:
    assert sign_in_link(signing_in(text(words))) is None


def test_the_same_link_twice_is_one_link() -> None:
    link: Any = "https://id.example/a"
    assert sign_in_link(signing_in(text(f"Go to {link}"), data({"uri": link}))) == link
