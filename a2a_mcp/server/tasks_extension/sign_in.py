"""A sign-in without which an agent cannot be asked about a running task: a question of that task.

It has a key of its own for each link. A person who declines gets the result that says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import mcp.types as t

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.bridge.jobs import Job
from a2a_mcp.errors import BridgeError
from a2a_mcp.server.app import App
from a2a_mcp.server.caller import owner
from a2a_mcp.server.elicitation.reply import Answer, Reply
from a2a_mcp.server.elicitation.sign_in import link_to

DECLINED: Final = "declined"
KEY_LETTERS: Final = 32


def waits_for_sign_in(job: Job) -> bool:
    """Return whether a job goes on after a sign-in that nobody has declined."""
    return job.needs_sign_in and DECLINED not in job.answered


async def sign_in_question(app: App, job: Job) -> tuple[str, t.ElicitRequest] | None:
    """Return the link to the sign-in with its key, begun if there is none; None if it cannot be."""
    agent = job.record.agent
    try:
        page = await app.sign_ins.of(owner(), agent).page()
    except (BridgeError, A2AError):
        return None
    return _key_of(page.url), t.ElicitRequest(params=link_to(agent, page))


async def answer_sign_in(app: App, job: Job, replies: Mapping[str, Reply]) -> None:
    """Take what the person said to the link; that he has signed in shows by itself."""
    agent = job.record.agent
    address = await app.sign_ins.address(owner(), agent)
    key = _key_of(address) if address else ""
    if key in replies:
        agreed = isinstance(replies[key], Answer)
        if not agreed:
            await app.sign_ins.give_up(owner(), agent)
        app.jobs.mark(job, key if agreed else DECLINED)


def _key_of(url: str) -> str:
    return sha256(url.encode()).hexdigest()[:KEY_LETTERS]
