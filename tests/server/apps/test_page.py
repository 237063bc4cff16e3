"""The page of the view: small, loads nothing, and its policy lets only itself run."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from a2a_mcp.server.apps.page import CANCELS, FILES, SCRIPTS, contents

HTML = contents(cancels=True).text
MOST_BYTES = 20_000


@pytest.mark.parametrize("element", ["script", "style"])
def test_the_policy_names_the_one_script_and_the_one_style_by_their_hashes(element: str) -> None:
    (inside,) = re.findall(rf"<{element}>(.*?)</{element}>", HTML, re.DOTALL)
    digest = b64encode(sha256(inside.encode()).digest()).decode()
    assert f"{element}-src 'sha256-{digest}';" in HTML


def test_the_policy_comes_before_all_that_it_is_for() -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', HTML)
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert HTML.index(policy) < HTML.index("<style>") < HTML.index("<script>")


@pytest.mark.parametrize(
    "forbidden",
    [
        *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "srcdoc"),
        *("eval(", "Function(", "http:", "https:", "//cdn", " src=", " href=", "url(", "@import"),
        *("fetch(", "XMLHttpRequest", "WebSocket", "localStorage", "document.cookie", "onclick="),
    ],
)
def test_words_cannot_become_markup_and_nothing_is_loaded(forbidden: str) -> None:
    assert forbidden not in HTML


def test_it_is_all_its_files_small_and_needs_no_domain() -> None:
    files = {file.name for file in FILES.iterdir()}
    assert files == {"page.html", "style.css", *SCRIPTS}
    assert len(HTML.encode()) < MOST_BYTES
    served = contents(cancels=True)
    assert served.mime_type == "text/html;profile=mcp-app"
    assert served.meta
    assert not any(served.meta["ui"]["csp"].values())


def test_where_nothing_may_be_cancelled_it_has_no_buttons_for_it() -> None:
    assert CANCELS in HTML
    assert contents(cancels=False).text == HTML.replace(CANCELS, "<body>")
