"""A page for a person's browser, light or dark as the browser is. It runs and loads nothing."""

from __future__ import annotations

from html import escape
from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --line: light-dark(#e3e5e8, #33363b);
  --soft: light-dark(#667, #9aa0a8); --card: light-dark(#fff, #1d1f23);
  --good: light-dark(#177245, #5ad08f); --bad: light-dark(#b3261e, #ff8a80); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem;
  background: light-dark(#f6f7f8, #141518); }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 1rem 1.25rem; margin: 1rem 0; overflow-x: auto; }
p { margin: .25rem 0; } a { color: inherit; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
"""


def web_page(title: str, body: str, *, style: str = "", head: str = "") -> str:
    """Return a document; all but the title is HTML or CSS of ours."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{head}'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head>"
        f"<body>{body}</body></html>\n"
    )
