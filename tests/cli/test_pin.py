"""`a2a-mcp agents pin NAME`, against a real agent."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_agents import Agents

from a2a_mcp.cli.main import main


def pinned(name: str, folder: Path) -> int:
    options = ["--config", str(folder / "agents.toml"), "--state-dir", str(folder / "state")]
    with pytest.raises(SystemExit) as ended:
        main(["agents", "pin", name, *options])
    return int(ended.value.code or 0)


def test_a_card_is_pinned_and_its_changes_are_said(
    running_agent: Agents, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = running_agent("1.3-jsonrpc")
    config = f'[agents.it]\nurl = "{agent.url}"\npin = true\n[agents.free]\nurl = "{agent.url}"\n'
    (tmp_path / "agents.toml").write_text(config)
    assert pinned("it", tmp_path) == 0
    assert capsys.readouterr().out == (
        "The card of 'it' is pinned as it is now. It changes nothing.\n"
    )
    assert len(list((tmp_path / "state" / "pins").iterdir())) == 1
    assert pinned("free", tmp_path) == 1
    assert "Set pin = true for it" in capsys.readouterr().err
    assert pinned("nobody", tmp_path) == 1
