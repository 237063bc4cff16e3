"""What the person reads who must agree to a message, and what the model reads afterwards."""

from __future__ import annotations

from typing import Final

AGREE: Final = "Send this message"
SENT_BEFORE: Final = "This message was sent before; nothing was sent again."
SENT_BEFORE_NEXT: Final = "Call list_tasks to find its task."
NOT_SENT_NEXT: Final = "Do not send it again unless the user wants it. Ask them what to do instead."


def question(agent: str, words: str, files: str) -> str:
    """Ask the person whether a message may leave."""
    enclosed = f"\n\nEnclosed: {files}" if files else ""
    return f"Send this message to the agent {agent}?\n\n{words}{enclosed}"


def not_sent(agent: str, reason: str) -> str:
    """Say that the person did not agree, and that nothing was sent."""
    return f"Nothing was sent to the agent {agent!r}, which needs the user's consent. {reason}"


def open_page(url: str) -> str:
    """Say where the person signs in, to a host that cannot show a link by itself."""
    return f"Ask the user to open {url} in a browser and to sign in there. Then call again."


def sign_in(agent: str, host: str, code: str | None) -> str:
    """Say to the person that a sign-in is needed, and where."""
    shown = f" Check that it shows the code {code}." if code else ""
    return f"To use the agent {agent}, sign in at {host}.{shown}"
