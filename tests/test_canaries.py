"""What looks for secrets finds them: in every spelling, and in every place."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote

import canaries
import pytest
from real_agents import noting

SECRET = "canary:7f3a9c/é?>~"


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of notes of this test's own, in which the secret is noted."""
    folder = tmp_path / "canaries"
    folder.mkdir()
    monkeypatch.setenv(noting.FOLDER, str(folder))
    noting.note(SECRET, "a-plain-secret")
    return folder


@pytest.mark.parametrize(
    "told",
    [
        b"it is a-plain-secret.",
        quote(SECRET, safe="").encode(),
        b64encode(SECRET.encode()),
        b64encode(f"id:{SECRET}".encode()),
        urlsafe_b64encode(f"my:{SECRET}:more".encode()),
    ],
)
def test_a_secret_is_found_in_every_spelling(told: bytes, tmp_path: Path, noted: Path) -> None:
    file = tmp_path / "state" / "tasks.db"
    file.parent.mkdir()
    file.write_bytes(b"\0\1" + told + b"\0")
    assert [leak.endswith(f" in {file}") for leak in canaries.leaks(tmp_path, noted)] == [True]


def test_who_was_told_a_secret_is_named_with_the_test(tmp_path: Path, noted: Path) -> None:
    noting.tell("a host got", "text='a-plain-secret'")
    (leak,) = canaries.leaks(tmp_path, noted)
    assert leak.startswith("'a-plain-secret' in a host got (")
    assert "test_who_was_told" in leak


def test_what_arrives_with_a_request_is_noted_and_is_no_leak(tmp_path: Path, noted: Path) -> None:
    form = {"content-type": noting.FORM, "authorization": "Bearer a-fresh-token"}
    noting.arrived("/token?k=a-key-of-mine", form, b"code=a-one-time-code&scope=read")
    assert list(canaries.leaks(tmp_path, noted)) == []
    noting.tell("the log said", "a-fresh-token of a-one-time-code")
    assert len(list(canaries.leaks(tmp_path, noted))) == 2
