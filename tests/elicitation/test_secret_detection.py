"""Which questions count as asking for a secret."""

import pytest
from asking import MARKS, asking, data, schema, text

from a2a_mcp.a2a.model import Part
from a2a_mcp.elicitation.secret_detection import wants_secret


@pytest.mark.parametrize(
    "part",
    [
        text("Please type your password."),
        text("I need your API key to go on"),
        text("Bitte das Passwort eingeben"),
        text("Give me the access token"),
        text("An API token is needed, please"),
        text("Paste your token here"),
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
def test_a_secret_is_detected_by_words_names_and_format(part: Part) -> None:
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
def test_an_ordinary_question_does_not_count_as_a_secret(part: Part) -> None:
    assert not wants_secret(asking(part))
