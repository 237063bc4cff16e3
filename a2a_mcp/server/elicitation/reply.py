"""What came back for a question: the person's answer, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import mcp.types as t

from a2a_mcp.a2a.model import JSON
from a2a_mcp.presentation import sentences


class NoAnswer(Enum):
    """Why a question has no answer; the value is the note for the model."""

    DECLINED = sentences.USER_DECLINED
    CLOSED = sentences.QUESTION_CLOSED  # some hosts that run without a person do so at once
    LATE = sentences.USER_LATE
    NOT_SHOWN = sentences.QUESTION_NOT_SHOWN


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person entered, by field; nothing for a link."""

    content: Mapping[str, JSON]


Reply: TypeAlias = Answer | NoAnswer


def reply_of(result: t.ElicitResult) -> Reply:
    """Return the reply that a client's elicitation result holds."""
    match result.action:
        case "accept":
            return Answer(result.content or {})
        case "decline":
            return NoAnswer.DECLINED
        case "cancel":
            return NoAnswer.CLOSED
