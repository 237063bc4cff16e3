"""What a person is shown of an agent's question: no configured secret, not even half of one."""

from __future__ import annotations

from typing import Any, cast

import mcp.types as t
from asking import asking, data, schema, text

from a2a_mcp.bridge.questions import question_of
from a2a_mcp.server.app import App
from a2a_mcp.server.elicitation.request import can_be_shown, request_of
from a2a_mcp.text.masking import Mask

SECRET = "correct-horse-battery-staple"


class _App:
    """As much of the app as hides secrets."""

    mask = staticmethod(Mask([SECRET]))


APP = cast(App, _App())


def described(words: str) -> Any:
    field = {"type": "string", "title": "City", "description": words}
    return question_of("it", asking(text("Where to?"), data(schema(city=field))))


def test_a_form_with_a_secret_is_not_shown_even_if_half_of_it_is_cut() -> None:
    assert can_be_shown(APP, described("x" * 290))
    for filler in range(250, 300, 7):
        assert not can_be_shown(APP, described("x" * filler + SECRET))


def test_a_long_label_is_cut_for_a_person() -> None:
    request = request_of(APP, described("x" * 1_000))
    assert isinstance(request, t.ElicitRequestFormParams)
    (field,) = cast(dict[str, Any], request.requested_schema["properties"]).values()
    assert (field["title"], len(field["description"].encode())) == ("City", 300)


def test_long_words_are_masked_before_they_are_cut() -> None:
    for filler in range(2_960, 3_010, 7):
        question = question_of("it", asking(text("x" * filler + SECRET)))
        assert question
        assert SECRET[:6] not in request_of(APP, question).message
