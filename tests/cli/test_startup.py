"""What the commands share: mistyped words."""

import pytest

from a2a_mcp.cli.startup import refuse_mistyped
from a2a_mcp.errors import ConfigError


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
