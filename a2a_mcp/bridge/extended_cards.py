"""An agent's extended card as it is shown: merged with the public one, and what it adds.

Interfaces and authentication stay those of the public card, whatever the extended one says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from a2a_mcp.a2a.card_model import AgentCapabilities, AgentCard, AgentExtension, AgentSkill
from a2a_mcp.a2a.errors import (
    A2AError,
    AgentError,
    AuthenticationRequired,
    ExtendedCardNotConfigured,
    MethodNotFound,
    UnsupportedOperation,
)
from a2a_mcp.presentation import card_sentences

if TYPE_CHECKING:
    from a2a_mcp.agents.extended_cards import ExtendedCard

Say = Callable[[str, int], str]

WORDS: Final = ("name", "description", "version", "provider", "documentation_url")
FLAGS: Final = {
    "streaming": "streaming",
    "push_notifications": "push notifications",
}
MODES: Final = ("default_input_modes", "default_output_modes")
HAS_NONE: Final = (ExtendedCardNotConfigured, MethodNotFound, UnsupportedOperation)
NOT_FOUND: Final = 404
MOST_NAMES: Final = 10
NAME_BYTES: Final = 60
WORDS_BYTES: Final = 300


def merged(public: AgentCard, extended: AgentCard) -> AgentCard:
    """Return the public card with what the extended one adds or says in other words.

    What the extended card leaves out is not taken away.
    """
    words = {name: said for name in WORDS if (said := getattr(extended, name))}
    modes = {name: _together(getattr(public, name), getattr(extended, name)) for name in MODES}
    return public.model_copy(
        update={
            **words,
            **modes,
            "skills": _skills(public.skills, extended.skills),
            "capabilities": _capabilities(public.capabilities, extended.capabilities),
        }
    )


def _together(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *second]))


def _skills(
    public: tuple[AgentSkill, ...], extended: tuple[AgentSkill, ...]
) -> tuple[AgentSkill, ...]:
    """Return the public skills, each as the extended card has it, and after them the others."""
    by_id = {skill.id: skill for skill in public} | {skill.id: skill for skill in extended}
    return tuple(by_id.values())


def _capabilities(public: AgentCapabilities, extended: AgentCapabilities) -> AgentCapabilities:
    said = {name: True for name in FLAGS if getattr(extended, name)}
    extensions = _by_uri(public.extensions) | _by_uri(extended.extensions)
    return public.model_copy(update={**said, "extensions": tuple(extensions.values())})


def _by_uri(extensions: Iterable[AgentExtension]) -> dict[str, AgentExtension]:
    return {extension.uri: extension for extension in extensions}


def facts(
    public: AgentCard, extended: ExtendedCard | None, say: Say, *, is_pinned: bool = False
) -> list[str]:
    """Return what is told beside the capabilities: what the extended card adds, who signed it."""
    if not public.capabilities.extended_agent_card:
        return []
    if extended is None:
        return [card_sentences.PIN_ONLY if is_pinned else card_sentences.NO_CREDENTIALS]
    if extended.found is None:
        return []
    signature = extended.found.signature
    signed = [f"extended card {say(signature, WORDS_BYTES)}"] if signature else []
    return [_additions(public, extended.found.card, say), *signed]


def _additions(public: AgentCard, extended: AgentCard, say: Say) -> str:
    added = [
        f"{kind} {_listed(names, say)}"
        for kind, names in _added(public, merged(public, extended)).items()
        if names
    ]
    if not added:
        return card_sentences.ADDS_NOTHING
    return card_sentences.ADDS.format(what="; ".join(added))


def _added(public: AgentCard, whole: AgentCard) -> dict[str, list[str]]:
    """Return the names of what only the extended card has, by kind."""
    skills = {skill.id for skill in public.skills}
    capabilities = public.capabilities
    extensions = _by_uri(capabilities.extensions)
    return {
        "the skills": [skill.name for skill in whole.skills if skill.id not in skills],
        "as input": _new(public.default_input_modes, whole.default_input_modes),
        "as output": _new(public.default_output_modes, whole.default_output_modes),
        "as capability": [
            word
            for name, word in FLAGS.items()
            if getattr(whole.capabilities, name) and not getattr(capabilities, name)
        ],
        "the extensions": [
            item.uri for item in whole.capabilities.extensions if item.uri not in extensions
        ],
    }


def _new(before: Iterable[str], now: Iterable[str]) -> list[str]:
    known = set(before)
    return [mode for mode in now if mode not in known]


def _listed(names: list[str], say: Say) -> str:
    shown = ", ".join(say(name, NAME_BYTES) for name in names[:MOST_NAMES])
    return f"{shown} … {len(names)} in all" if len(names) > MOST_NAMES else shown


def note(public: AgentCard, extended: ExtendedCard | None, say: Say) -> str | None:
    """Return why the extended card is not shown, or not as it came; None where all is well."""
    if extended is None:
        return None
    if extended.error:
        return _refusal(extended.error, say)
    found = extended.found
    if found and found.doubt:
        return say(f"Extended card: {found.doubt}", WORDS_BYTES)
    is_elsewhere = found and set(found.card.interfaces) - set(public.interfaces)
    return card_sentences.OTHER_INTERFACES if is_elsewhere else None


def _refusal(error: A2AError, say: Say) -> str:
    if isinstance(error, AuthenticationRequired):
        return card_sentences.NOT_ALLOWED
    is_missing = isinstance(error, AgentError) and error.status == NOT_FOUND
    if is_missing or isinstance(error, HAS_NONE):
        return card_sentences.MISSING
    return card_sentences.failed(say(error.reason(), WORDS_BYTES))
