"""The pages of a sign-in while what they are kept in cannot be used."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from mcp.server import MCPServer
from pydantic import SecretStr

from a2a_mcp.server.auth.sign_in_pages import SignInPages
from a2a_mcp.server.auth.static_tokens import StaticTokens
from a2a_mcp.sign_in.shared_desk import SharedDesk
from a2a_mcp.store.login_folder import FolderKey
from a2a_mcp.store.sqlite.tickets import TicketFile

pytestmark = pytest.mark.anyio

ORIGIN = "http://127.0.0.1:8000"


async def test_a_person_is_told_to_come_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "no-folder"
    folder.touch()
    desk = SharedDesk(TicketFile(folder), FolderKey(folder, SecretStr("k" * 32)))
    server = MCPServer("pages")
    SignInPages(ORIGIN, desk, StaticTokens({}), {}).mount(server)
    app = server.streamable_http_app()
    cookies = {"a2a-mcp-sign-in-name": "browser"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=ORIGIN, cookies=cookies
    ) as browser:
        pages = [
            await browser.get("/sign-in/the-id"),
            await browser.post("/sign-in/the-id"),
            await browser.get("/sign-in/callback?code=the-code&state=s"),
        ]
    assert [page.status_code for page in pages] == [503] * 3
    assert all("Sign-ins are not possible now" in page.text for page in pages)
    assert "Sign-ins cannot be kept" in caplog.text
    assert "the-code" not in caplog.text.replace(str(tmp_path), "")
