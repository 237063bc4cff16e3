"""What a client's elicitation result means."""

from __future__ import annotations

import mcp.types as t

from a2a_mcp.server.elicitation.reply import Answer, NoAnswer, reply_of


def test_an_accepted_form_is_an_answer_with_its_content() -> None:
    assert reply_of(t.ElicitResult(action="accept", content={"city": "Oslo"})) == Answer(
        {"city": "Oslo"}
    )


def test_an_accepted_link_is_an_answer_without_content() -> None:
    assert reply_of(t.ElicitResult(action="accept")) == Answer({})


def test_a_refusal_says_whether_the_person_declined_or_closed_the_question() -> None:
    assert reply_of(t.ElicitResult(action="decline")) is NoAnswer.DECLINED
    assert reply_of(t.ElicitResult(action="cancel")) is NoAnswer.CLOSED


def test_of_a_closed_question_is_not_said_that_a_user_closed_it() -> None:
    """Hosts that run without a person close a question at once."""
    assert "whether the user saw it is not known" in NoAnswer.CLOSED.value


def test_each_reason_has_a_note_of_its_own() -> None:
    assert len({reason.value for reason in NoAnswer}) == len(NoAnswer.__members__) == 4
