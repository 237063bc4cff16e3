"""Which files go out: what a card's input modes leave out is refused with a reason."""

from __future__ import annotations

import pytest

from a2a_mcp.a2a.card_model import AgentCard, AgentSkill
from a2a_mcp.a2a.model import Part
from a2a_mcp.errors import NotAllowed
from a2a_mcp.files.accepted_types import refuse_unwanted

PNG = Part(kind="raw", raw=b"x", media_type="image/png", filename="x.png")


def card(*modes: str, skill: tuple[str, ...] = ()) -> AgentCard:
    skills = (AgentSkill(id="s", name="s", input_modes=skill),)
    return AgentCard(name="a", default_input_modes=modes, skills=skills)


@pytest.mark.parametrize(
    "modes",
    [
        (),
        ("image/png",),
        ("IMAGE/PNG; q=1",),
        ("image/*",),
        ("*/*",),
        ("*",),
        ("image",),
        ("file",),
    ],
)
def test_a_file_is_sent_if_a_mode_fits_or_the_card_has_none(modes: tuple[str, ...]) -> None:
    refuse_unwanted("a", card(*modes), [PNG])
    refuse_unwanted("a", card("text/plain", skill=modes or ("image/png",)), [PNG])


@pytest.mark.parametrize("modes", [("text/plain",), ("text",), ("image/jpeg", "application/*")])
def test_a_file_that_no_mode_accepts_is_refused_with_the_modes(modes: tuple[str, ...]) -> None:
    with pytest.raises(NotAllowed) as caught:
        refuse_unwanted("a", card(*modes), [PNG])
    assert "'x.png' is image/png" in caught.value.message
    assert all(mode in caught.value.next_step for mode in modes)


def test_a_linked_file_is_checked_too() -> None:
    link = Part(kind="url", url="https://example.com/x.png", media_type="image/png")
    with pytest.raises(NotAllowed):
        refuse_unwanted("a", card("text/plain"), [link])


@pytest.mark.parametrize(
    "part",
    [
        Part(kind="raw", raw=b"x", media_type="text/markdown"),  # any text is text
        Part(kind="url", url="https://example.com/x"),  # of unknown kind
        Part(kind="data", data={}),
        Part(kind="text", text="x"),
    ],
    ids=lambda part: part.kind,
)
def test_text_data_and_files_of_unknown_type_pass(part: Part) -> None:
    refuse_unwanted("a", card("text/plain"), [part])
