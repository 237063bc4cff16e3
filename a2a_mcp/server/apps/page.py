"""The page of the view, as the contents of an MCP resource.

The files of `view` become one document that loads nothing from anywhere. Its own policy lets only
this script and this style count, by their hashes, whatever the host allows.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import mcp.types as t
from mcp.server.apps import APP_MIME_TYPE, ResourceCsp

URI: Final = "ui://a2a-mcp/tasks"
FILES: Final = Path(__file__).with_name("view")
SCRIPTS: Final = ("host.js", "tasks.js", "list.js", "begin.js")
CANCELS: Final = "<body data-cancel>"
"""The body of a page with buttons that cancel."""
POLICY: Final = (
    "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none';"
    " form-action 'none'; require-trusted-types-for 'script'"
)


def contents(*, cancels: bool) -> t.TextResourceContents:
    """Return the page; it has buttons that cancel only with `cancels`."""
    html = _document()
    if not cancels:
        html = html.replace(CANCELS, "<body>", 1)
    return t.TextResourceContents(uri=URI, mime_type=APP_MIME_TYPE, text=html, _meta=_meta())


def _document() -> str:
    style, script = _file("style.css"), _script()
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    html = _file("page.html").replace("POLICY", policy, 1)
    return html.replace("STYLE", style, 1).replace("SCRIPT", script, 1)


def _script() -> str:
    """Return all scripts as one, in a block: its names cannot clash with those of the host."""
    return "\n".join(['"use strict";\n{', *(_file(name) for name in SCRIPTS), "}"])


def _file(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _meta() -> dict[str, Any]:
    """Return what the host is told: the page needs no domain, and prefers a border."""
    nothing = ResourceCsp(
        connect_domains=[], resource_domains=[], frame_domains=[], base_uri_domains=[]
    )
    return {"ui": {"csp": nothing.model_dump(by_alias=True), "prefersBorder": True}}
