"""An interface as text, for the record of a task: follow-ups go where the task was made.

Pure. Texts of earlier releases are read as well.
"""

from __future__ import annotations

import json

from a2a_mcp.a2a.interfaces import Interface
from a2a_mcp.a2a.versions import table


def to_text(interface: Interface) -> str:
    """Return an interface as text, for the record of a task that was made with it."""
    dialect = interface.dialect
    members = [interface.url, dialect.version, dialect.binding, interface.tenant]
    return json.dumps([*members, interface.conversation] if interface.conversation else members)


def from_text(text: str) -> Interface | None:
    """Return the interface that `to_text` wrote; None when this library no longer speaks it."""
    try:
        url, version, binding, tenant, *more = json.loads(text)
    except (ValueError, TypeError):
        return None
    dialect = table.dialect_named(version, binding)
    if dialect is None or not isinstance(url, str):
        return None
    return Interface(url, dialect, tenant, conversation=more[0] if more else None)


def unchosen_text(conversation: str | None, tenant: str | None) -> str | None:
    """Return the text for the record of a task whose interface is not chosen yet.

    None where nothing is known of it.
    """
    if not (conversation or tenant):
        return None
    return json.dumps([None, None, None, tenant, conversation])


def conversation_in(text: str | None) -> str | None:
    """Return the conversation that a task's record names; None where it names none."""
    return _named(text, 4)


def tenant_in(text: str | None) -> str | None:
    """Return the tenant that a task's record names; None where it names none."""
    return _named(text, 3)


def _named(text: str | None, place: int) -> str | None:
    try:
        found = json.loads(text or "[]")[place]
    except (ValueError, TypeError, LookupError):
        return None
    return found if isinstance(found, str) else None
