"""A person with a browser, at the pages of the authorization server of `real_agents`."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx

FORM = re.compile(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'name="([^"]+)"[^>]*value="([^"]*)"')
MOST_PAGES = 10


async def sign_in_at(
    url: str, code: str | None = None, *, login: str = "alice", token: str = ""
) -> str:
    """Open a page, sign in and consent; return the text of the last page."""
    async with open_browser() as browser:
        return await go_through(browser, url, code, login=login, token=token)


def open_browser() -> httpx.AsyncClient:
    """Return a browser with no cookies yet."""
    return httpx.AsyncClient(follow_redirects=True, timeout=20)


async def go_through(
    browser: httpx.AsyncClient,
    url: str,
    code: str | None = None,
    *,
    login: str = "alice",
    token: str = "",
) -> str:
    """Open a page and fill in every form that follows; return the text of the last page."""
    page = await browser.get(url)
    for _ in range(MOST_PAGES):
        form = FORM.search(page.text)
        if form is None or page.is_error:
            return page.text
        target = urljoin(str(page.url), form[1])
        fields = _fields(form[2], code, login, token)
        page = await browser.post(target, data=fields, headers={"Origin": origin_of(page.url)})
    raise AssertionError(f"the pages do not end: {page.text[:300]}")


def origin_of(url: httpx.URL) -> str:
    """Return the origin that a browser names when it sends a form of a page."""
    return f"{url.scheme}://{url.netloc.decode()}"


async def decline_at(url: str) -> None:
    """Open a page, and leave it by the link that cancels."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=20) as browser:
        page = await browser.get(url)
        link = re.search(r'href="([^"]+/abort)"', page.text)
        assert link
        await browser.get(urljoin(str(page.url), link[1]))


def _fields(form: str, code: str | None, login: str, token: str) -> dict[str, str]:
    fields = dict(FIELD.findall(form))
    if 'name="login"' in form:
        fields |= {"login": login, "password": "any"}
    if 'name="token"' in form:
        fields["token"] = token
    if "user_code" in form and code:
        fields["user_code"] = code
    if 'name="confirm"' in form:
        fields["confirm"] = "yes"
    return fields
