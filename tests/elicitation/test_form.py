"""A question as a form, and its answer as the agent wants it: what is shown, and what goes back."""

from typing import Any

import pytest
from asking import MARKS, asking, data, schema, text

from a2a_mcp.a2a.model import Part
from a2a_mcp.elicitation.form import ONE_LINE, Form, form_of


def form(*parts: Part) -> Form:
    found = form_of(asking(*parts))
    assert found
    return found


def fields(**properties: Any) -> Any:
    """What becomes of the fields of a question's schema; None where it gets one line of text."""
    found = form(data({"schema": schema(**properties)})).schema
    return None if found is ONE_LINE else found["properties"]


def test_a_question_in_words_is_answered_in_words() -> None:
    found = form(text("Which city?"))
    assert found.schema is ONE_LINE
    assert found.answer({"answer": "Paris"}) == (text("Paris"),)


@pytest.mark.parametrize("given", [{}, {"answer": ""}, {"answer": None}, {"other": "Paris"}])
def test_an_empty_answer_makes_no_part(given: dict[str, Any]) -> None:
    assert form(text("Which city?")).answer(given) == ()


@pytest.mark.parametrize(
    "question",
    [
        schema(["city"], city={"type": "string"}),
        {"response_schema": schema(["city"], city={"type": "string"})},
        {"ask": [{"form": {"input": schema(["city"], city={"type": "string"})}}]},
    ],
    ids=["the data itself", "beside other things", "deep inside"],
)
def test_a_schema_is_found_at_any_depth_and_answered_with_data(question: Any) -> None:
    found = form(text("Where to?"), data(question))
    assert found.schema == schema(["city"], city={"type": "string"})
    assert found.answer({"city": "Rome", "invented": 1}) == (data({"city": "Rome"}),)
    assert found.answer({"invented": 1}) == ()


def test_an_optional_field_may_be_left_out() -> None:
    found = form(data(schema(["a"], a={"type": "string"}, b={"type": "integer"})))
    assert found.answer({"a": "x"}) == (data({"a": "x"}),)
    assert found.answer({"a": "x", "b": 0}) == (data({"a": "x", "b": 0}),)
    assert found.answer({"b": 1}) == ()


def test_required_fields_come_first_in_any_order_of_the_properties() -> None:
    kinds = {name: {"type": "string"} for name in ("street", "note", "city", "zip")}
    wanted = ["city", "street", "nowhere", {"odd": 1}, "city"]
    found = form(data(schema(wanted, **kinds))).schema  # type: ignore[arg-type]
    assert list(found["properties"]) == ["city", "street", "note", "zip"]
    assert found["required"] == ["city", "street"]


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ({"type": "string", "minLength": 2, "pattern": "x"}, {"type": "string", "minLength": 2}),
        ({"type": "string", "format": "email"}, {"type": "string", "format": "email"}),
        ({"type": "string", "format": "regex"}, {"type": "string"}),
        ({"type": "integer", "minimum": 1, "maximum": "9"}, {"type": "integer", "minimum": 1}),
        ({"type": "number", "maximum": 0.5}, {"type": "number", "maximum": 0.5}),
        ({"type": "boolean", "default": True}, {"type": "boolean"}),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}], "title": "N"}, None),
        ({"type": "string", "title": "a\u202eb"}, {"type": "string", "title": "a\\u202eb"}),
    ],
)
def test_a_plain_field_keeps_what_a_form_can_say(field: Any, shown: Any) -> None:
    assert fields(it=field) == {"it": shown or {"type": "integer", "title": "N"}}


@pytest.mark.parametrize(
    "field",
    [
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "properties": {}},
        {"type": "integer", "enum": [1, 2]},
        {"type": "string", "enum": ["a\u202e"]},
        {"type": "string", "enum": []},
        {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        {"type": [["odd"]]},
        {"$ref": "#/$defs/City"},
        "string",
        {},
    ],
)
def test_a_schema_with_one_complex_field_becomes_one_line_of_text(field: Any) -> None:
    assert fields(good={"type": "string"}, it=field) is None


def test_a_misleading_name_or_too_many_fields_make_no_form() -> None:
    assert fields(**{"na\u202eme": {"type": "string"}}) is None
    assert fields(**{f"f{number}": {"type": "string"} for number in range(21)}) is None
    assert form(data({"a": schema(x={"type": "string"}), "b": schema(y={})})).schema is ONE_LINE


def test_a_function_call_is_answered_by_its_response_with_ids_and_metadata() -> None:
    call = {"id": "adk-1", "name": "ask_colour", "args": {"question": "Which?"}}
    found = form(data(call, **MARKS))
    response = {"id": "adk-1", "name": "ask_colour", "response": {"result": "blue"}}
    answer = data(response, adk_type="function_response")
    assert found.answer({"answer": "blue"}) == (answer,)


def test_a_function_call_with_a_schema_gets_the_fields_as_its_response() -> None:
    args = {"response_schema": schema(["ok"], ok={"type": "boolean"})}
    found = form(data({"id": "1", "name": "confirm", "args": args}, kagent_type="function_call"))
    (part,) = found.answer({"ok": False})
    assert part.data == {"id": "1", "name": "confirm", "response": {"ok": False}}
    assert part.metadata == {"kagent_type": "function_response"}


def test_an_interrupt_is_answered_by_one_data_part() -> None:
    found = form(text("Colour?"), data({"interrupts": [{"interruptId": "i-1", "name": "colour"}]}))
    response = {"interruptResponse": {"interruptId": "i-1", "response": "blue"}}
    assert found.answer({"answer": "blue"}) == (data(response),)


def test_several_questions_with_an_answer_each_make_no_form() -> None:
    two = [{"interruptId": "i-1"}, {"interruptId": "i-2"}]
    assert form_of(asking(data({"interrupts": two}))) is None


def test_data_without_a_schema_is_a_question_like_any_other() -> None:
    found = form(text("Which?"), data({"options": ["a", "b"]}))
    assert found.answer({"answer": "a"}) == (text("a"),)
