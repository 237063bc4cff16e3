"""Secrets in text: hidden in every spelling, also across pieces."""

from __future__ import annotations

import time
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from a2a_mcp.text.masking import MASK, Mask, mask


@pytest.mark.parametrize(
    "spelling",
    [
        lambda s: s,
        lambda s: quote(s, safe=""),
        lambda s: b64encode(s.encode()).decode(),
        lambda s: b64encode(s.encode()).decode().rstrip("="),
        lambda s: urlsafe_b64encode(s.encode()).decode(),
    ],
    ids=["plain", "percent-encoded", "base64", "base64 without padding", "base64 for URLs"],
)
def test_a_secret_is_masked_in_every_spelling(spelling: object) -> None:
    secret = "s3cr3t/+?ÿÿ~~>>"
    echoed = f"you sent {spelling(secret)}!"  # type: ignore[operator]
    assert mask(echoed, [secret]) == f"you sent {MASK}!"


@pytest.mark.parametrize("user", ["a", "bo", "eve", "john"])
def test_a_password_is_masked_inside_a_basic_header(user: str) -> None:
    header = b64encode(f"{user}:correct horse".encode()).decode()
    shown = mask(f"Basic {header}", ["correct horse"])
    assert MASK in shown
    assert b64encode(b"correct horse").decode()[4:12] not in shown
    assert len(shown) < len(f"Basic {header}") - 10


def test_short_secrets_are_left_and_long_ones_are_masked_before_those_inside_them() -> None:
    assert mask("the pin is 12345", ["12345"]) == "the pin is 12345"
    assert mask("token-token-extra", ["token-", "token-token-extra"]) == MASK


def test_masking_with_thousands_of_secrets_finds_them_quickly() -> None:
    secrets = [f"secret-number-{number}" for number in range(2_000)]
    hide = Mask(secrets)
    assert hide("it is secret-number-1234, and secret-number-7 too") == "it is ***, and *** too"
    began = time.process_time()
    hide("an ordinary answer of an agent " * 10)
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 100])
@pytest.mark.parametrize(
    "said",
    ["a sk-abcdef1234 b", "sk-abcdef1234", "sk-abcdef1234 sk-ab sk-abcdef1234sk-abcdef1234!"],
)
def test_masked_pieces_join_to_the_masked_whole(said: str, size: int) -> None:
    hide = Mask(["sk-abcdef1234"])
    pieces = [said[at : at + size] for at in range(0, len(said), size)]
    shown = hide.pieces(["", *pieces, ""])
    assert len(shown) == len(pieces) + 2
    assert "".join(shown) == hide(said)


def test_a_suffix_that_could_start_a_secret_is_masked() -> None:
    hide = Mask(["sk-abcdef1234", "abcdef-and-more"])
    assert hide.pieces(["the key", " is sk-ab"]) == ["the key", " is ***"]
    assert hide.pieces(["sk-", "abcdef-and"]) == ["sk-", "***"]
    assert hide.pieces(["sk-ab", "acus"]) == ["sk-ab", "acus"]
    assert hide.pieces(["words that end in s"]) == ["words that end in s"]
    assert Mask(()).pieces(("sk-ab", "cdef1234")) == ["sk-ab", "cdef1234"]
