"""What the commands share: mistyped words, and the names they are compared with."""

import pytest

from a2a_mcp.cli.main import COMMANDS
from a2a_mcp.cli.startup import COMMAND_NAMES, refuse_mistyped
from a2a_mcp.errors import ConfigError


def test_mistyped_words_are_compared_with_every_command() -> None:
    assert tuple(COMMANDS) == COMMAND_NAMES


def test_urls_and_named_urls_are_accepted() -> None:
    refuse_mistyped(["https://a.example", "here=http://localhost:9999"])


@pytest.mark.parametrize(
    ("word", "suggestion"),
    [
        ("chek", "did you mean check?"),
        ("check", "the command check comes first"),
        ("agent.example", "did you mean https://agent.example?"),
        ("here=localhost", "did you mean here=http://localhost?"),
        ("localhost:9999", "did you mean http://localhost:9999?"),
        ("something", "neither a URL nor a command"),
    ],
)
def test_a_mistyped_word_is_refused_with_what_may_be_meant(word: str, suggestion: str) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_mistyped(["https://a.example", word])
    assert suggestion in refused.value.faults[0]
