"""A sign-in that an agent needs before it can be called, put to the person by a link of the host.

The link leads to the authorization server. The call waits until the person has signed in, then goes
on; nothing was sent before. The tokens go into the store, never through the host.
"""

from __future__ import annotations

from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
import mcp.types as t
from mcp.server.mcpserver import Context

from a2a_mcp.errors import SignInNeeded
from a2a_mcp.presentation import consent_sentences
from a2a_mcp.server.app import App
from a2a_mcp.server.elicitation.modes import modes_of
from a2a_mcp.server.elicitation.pushed import pushed_reply
from a2a_mcp.server.elicitation.reply import Answer

Ctx: TypeAlias = Context[Any, Any]


async def sign_in_by_link(ctx: Ctx, app: App, needed: SignInNeeded) -> None:
    """Let the person sign in to the agent that `needed` names, while the call waits.

    Raises `needed` where the client cannot show a link in a call, and where the person declined or
    did not sign in in time; CredentialUnavailable and A2AError where the sign-in failed.
    """
    from a2a_mcp.sign_in.signing_in import signing_in  # most calls need no sign-in

    modes, agent = modes_of(ctx.request_context), needed.agent or ""
    if not modes.url or modes.in_result or not app.local:
        raise needed
    seconds = app.registry.config.server.ask_seconds
    async with signing_in(app.registry.connection(agent)) as begun:
        number, page = uuid4().hex, begun.page
        message = consent_sentences.sign_in(agent, urlsplit(page.url).hostname or "", page.code)
        params = t.ElicitRequestURLParams(message=message, url=page.url, elicitation_id=number)
        if not isinstance(await pushed_reply(ctx, params, seconds, number), Answer):
            raise needed
        with anyio.move_on_after(seconds):
            await begun.ended()
            await ctx.session.send_elicit_complete(number, ctx.request_id)
            return
    raise needed
