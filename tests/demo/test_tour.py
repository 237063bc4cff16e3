"""The tour, taken with the real bridge, client and agent."""

import io

import anyio
import pytest

from a2a_mcp.demo.page import WIDEST, Page
from a2a_mcp.demo.tour import tour

pytestmark = pytest.mark.anyio


async def test_the_tour_goes_as_expected_and_fits_a_terminal() -> None:
    out = io.StringIO()
    with anyio.fail_after(120):
        code = await tour(out, ["/opt/a2a-mcp"])
    shown = out.getvalue()
    assert code == 0, shown
    assert "!!" not in shown
    assert "\033" not in shown
    assert "   | echo: hello" in shown
    copied = [line for line in shown.splitlines() if not line.startswith("    ")]
    assert max(map(len, copied)) <= WIDEST
    assert "claude mcp add --scope user a2a -- /opt/a2a-mcp http://127.0.0.1:9999" in shown


def test_words_that_the_terminal_cannot_write_do_not_end_the_tour() -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Page(narrow).answer("grüße · 東京")
    narrow.seek(0)
    assert narrow.read() == "   | gr??e ? ??\n"


def test_an_answer_keeps_its_lines_and_is_never_wider_than_the_page() -> None:
    out = io.StringIO()
    Page(out).answer("one\n\n  two\n" + "long " * 60)
    lines = out.getvalue().splitlines()
    assert lines[:3] == ["   | one", "   |", "   |   two"]
    assert len(lines) > 4
    assert max(map(len, lines)) <= WIDEST
