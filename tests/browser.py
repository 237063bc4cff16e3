"""A person with a browser, at the pages of the authorization server of `real_agents`."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx

FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'name="([^"]+)"[^>]*value="([^"]*)"')
MOST_PAGES = 10


async def sign_in_at(url: str, code: str | None = None) -> str:
    """Open a page, sign in and consent; return the text of the last page."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=20) as browser:
        page = await browser.get(url)
        for _ in range(MOST_PAGES):
            form = FORM.search(page.text)
            if form is None:
                return page.text
            target = urljoin(str(page.url), form[1])
            page = await browser.post(target, data=_fields(form[2], code))
    raise AssertionError(f"the pages do not end: {page.text[:300]}")


async def decline_at(url: str) -> None:
    """Open a page, and leave it by the link that cancels."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=20) as browser:
        page = await browser.get(url)
        link = re.search(r'href="([^"]+/abort)"', page.text)
        assert link
        await browser.get(urljoin(str(page.url), link[1]))


def _fields(form: str, code: str | None) -> dict[str, str]:
    fields = dict(FIELD.findall(form))
    if 'name="login"' in form:
        fields |= {"login": "alice", "password": "any"}
    if "user_code" in form and code:
        fields["user_code"] = code
    if 'name="confirm"' in form:
        fields["confirm"] = "yes"
    return fields
