"""Errors of the rooms below as results: what failed is told whatever else is wrong by then."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import anyio
import mcp.types as t
import pytest
from scripted import CARD, SEND, Request, Step, card, cut, document, scripted
from staging import configured, hosted

from a2a_mcp.agents.name_errors import unknown_agent
from a2a_mcp.agents.registry import Registry

pytestmark = pytest.mark.anyio


async def test_a_failure_is_told_although_its_agent_has_gone_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Registry, name: str, owner: str | None = None) -> NoReturn:
        raise unknown_agent(name, {}, [])

    def removed_and_cut(sent: Request) -> list[Step]:
        monkeypatch.setattr(Registry, "resolve", gone)
        return cut(sent)

    async with scripted() as agent, hosted(configured(it=agent.url), tmp_path) as client:
        agent.on(CARD, document(card(agent.url)))
        agent.on(SEND, removed_and_cut)
        with anyio.fail_after(20):
            answer = await client.call_tool("send_task", {"message": "go", "agent": "it"})
    (block,) = answer.content
    assert answer.is_error
    assert isinstance(block, t.TextContent)
    assert "did not answer in full" in block.text
    assert agent.sends()[0].message["messageId"] in block.text
