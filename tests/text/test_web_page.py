"""A page for a browser: light and dark, nothing in it runs or is loaded."""

import re

from a2a_mcp.text.web_page import web_page


def test_a_page_is_whole_light_and_dark_and_inert() -> None:
    page = web_page("a <b>", "<p>text</p>", style="p { margin: 0; }")
    assert page.startswith('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">')
    assert "<title>a &lt;b&gt;</title>" in page
    assert "color-scheme: light dark" in page
    assert not re.search(r"<script|<link|<img|@import|url\(| on\w+=|https?:", page)
    assert re.findall(r"<(\w+)", page) == [
        "html",
        "head",
        "meta",
        "meta",
        "title",
        "style",
        "body",
        "p",
    ]
