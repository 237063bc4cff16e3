"""The site is built without a warning, and pages made of the code are as the code is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
MAKING: Final = ROOT / "docs" / "making"
QUIET: Final = {"NO_MKDOCS_2_WARNING": "1"}


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], str]]:
    monkeypatch.syspath_prepend(str(MAKING))
    import reference

    found: dict[str, Callable[[], str]] = reference.PAGES
    return found


def test_the_site_is_built_without_a_warning_and_links_within_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | QUIET,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    for page in ("index", "start", "reference-tools", "decisions/index", "CONTRIBUTING"):
        assert (tmp_path / f"{page}.html").exists()
    assert (tmp_path / "agents.example.toml").exists()


def test_the_pages_made_of_the_code_are_as_the_code_is_now(
    pages: dict[str, Callable[[], str]],
) -> None:
    old = [
        name
        for name, page in pages.items()
        if (ROOT / "docs" / name).read_text(encoding="utf-8") != page()
    ]
    assert old == [], "run scripts/reference"


def test_pictures_are_as_their_script_draws_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(MAKING))
    import picture

    for name, colours in (("light", picture.LIGHT), ("dark", picture.DARK)):
        drawn = (ROOT / f"docs/images/bridge-{name}.svg").read_text(encoding="utf-8")
        assert drawn == picture.picture(colours), "run scripts/pictures"


def test_the_animation_shows_the_recording_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(MAKING))
    import animation
    import recording

    images = ROOT / "docs" / "images"
    cast = (images / "send.cast").read_text(encoding="utf-8")
    drawn = animation.animation(cast, recording.TITLE)
    assert drawn == (images / "send.svg").read_text(encoding="utf-8"), "run scripts/recording"
    last = drawn.rpartition("<g transform")[2]
    for words in (recording.COMMAND, "Which city?", recording.ANSWER, "completed"):
        assert words in last
    assert "3 of 4 s" in drawn
