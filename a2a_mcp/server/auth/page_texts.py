"""What a person reads on the bridge's own pages while signing in to an agent. Pure.

Every word that is not ours is escaped. No page runs a script or loads anything.
"""

from __future__ import annotations

from html import escape
from typing import Final

from a2a_mcp.text.web_page import web_page

STYLE: Final = """
body { max-width: 34rem; }
p { margin: .75rem 0; }
button, input { font: inherit; padding: .3rem .6rem; }
"""
GONE: Final = (
    "This sign-in is over",
    "The link has been used or is too old. Call the agent again in your host for a new one.",
)
NOT_HERE: Final = (
    "This is not the sign-in that is waited for",
    "Go on in the browser in which you began, or call the agent again in your host.",
)
OTHER_PERSON: Final = (
    "This link is for somebody else",
    "You are not the person for whom this sign-in was asked. Nothing was changed. Do not open "
    "links of this kind that others send you.",
)
FOREIGN_FORM: Final = ("Not sent from here", "Open the link again, and go on from there.")
NO_PROVIDER: Final = (
    "Your sign-in cannot be checked",
    "The identity provider does not answer as it should. Try again later.",
)
NO_STORE: Final = (
    "Sign-ins are not possible now",
    "This bridge cannot reach what it keeps them in. Try again in a minute.",
)
WRONG_TOKEN: Final = "That is not the access token for which this sign-in was asked."  # noqa: S105
WARNING: Final = "Go on only if you have asked for this yourself, a moment ago, in your own host."
ENTRY: Final = (
    '<p><label>Your access token of this bridge, as your host sends it:<br><input name="token" '
    'type="password" value="" autocomplete="off" required></label></p>'
)


def page(title: str, *paragraphs: str, form: str = "") -> str:
    """Return a page; `form` is HTML of ours."""
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    heading = f"<h1>{escape(title)}</h1>"
    return web_page(title, f"{heading}<section>{body}{form}</section>", style=STYLE)


def invitation(agent: str, server: str, provider: str | None, fault: str = "") -> str:
    """Return the page that a link opens; `provider` is where the person proves who he is."""
    first = (
        f"First sign in to this bridge at {provider}: the link is for you alone."
        if provider
        else "First show that you are the person who asked: the link is for you alone."
    )
    leads = f"You then go on to {server}, where you sign in for the agent."
    field = "" if provider else ENTRY
    button = f'<form method="post" action="">{field}<p><button>Go on</button></p></form>'
    texts = [text for text in (fault, first, leads, WARNING) if text]
    return page(f"Sign in to the agent {agent}", *texts, form=button)


def outcome(agent: str, *, succeeded: bool) -> str:
    """Return the last page."""
    if succeeded:
        return page(f"You are signed in to {agent}", "You may close this page.")
    return page(f"You are not signed in to {agent}", "Your host says why. You may close this page.")
