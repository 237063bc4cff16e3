"""How a client can ask its user, by its capabilities and protocol version."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import mcp.types as t
import pytest
from mcp.server.context import ServerRequestContext

from a2a_mcp.server.elicitation.modes import Modes, modes_of

FORM = t.FormElicitationCapability()
URL = t.UrlElicitationCapability()
NOTHING_SAID = t.ElicitationCapability()
BOTH = t.ElicitationCapability(form=FORM, url=URL)


def modes(
    version: str, declared: t.ElicitationCapability | None, *, can_send_request: bool = True
) -> Modes:
    capabilities = t.ClientCapabilities(elicitation=declared)
    session = SimpleNamespace(client_capabilities=capabilities, can_send_request=can_send_request)
    context = SimpleNamespace(session=session, protocol_version=version)
    return modes_of(cast(ServerRequestContext[Any, Any], context))


def test_a_client_that_declares_nothing_cannot_be_asked() -> None:
    assert modes("2026-07-28", None) == Modes()


def test_an_empty_declaration_means_forms() -> None:
    assert modes("2025-06-18", NOTHING_SAID) == Modes(form=True)


def test_a_client_that_declares_only_urls_gets_no_form() -> None:
    assert modes("2025-11-25", t.ElicitationCapability(url=URL)) == Modes(url=True)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2025-06-18", Modes(form=True)),
        ("2025-11-25", Modes(form=True, url=True)),
        ("2026-07-28", Modes(form=True, url=True, in_result=True)),
    ],
)
def test_each_protocol_version_has_its_modes(version: str, expected: Modes) -> None:
    assert modes(version, BOTH) == expected


@pytest.mark.parametrize("version", ["zzz", "2027-01-01", ""])
def test_an_unknown_version_is_not_taken_for_a_new_one(version: str) -> None:
    assert modes(version, BOTH) == Modes(form=True)
    assert modes(version, BOTH, can_send_request=False) == Modes()


def test_only_the_newest_version_needs_no_request_of_the_server() -> None:
    assert modes("2025-11-25", BOTH, can_send_request=False) == Modes()
    assert modes("2026-07-28", BOTH, can_send_request=False).in_result
