"""Which URLs a pattern of the configuration means; what could be read in two ways matches none."""

import pytest

from a2a_mcp.text.url_patterns import matches, matches_any


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("https://a.example/x", "https://a.example"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example:443/x", "https://a.example"),
        ("https://A.Example/x", "https://a.example"),
        ("https://b.a.example/x", "https://*.a.example"),
        ("https://a.example/hooks/1?x=/../", "https://a.example/hooks/*"),
        ("https://a.example/one", "https://a.example/one"),
        ("http://127.0.0.1:99/x", "http://127.0.0.1:99/*"),
    ],
)
def test_a_url_that_is_meant_matches(url: str, pattern: str) -> None:
    assert matches(url, pattern)


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("http://a.example/x", "https://a.example"),
        ("https://a.example:8443/x", "https://a.example"),
        ("https://a.example.evil.example/", "https://a.example"),
        ("https://evil-a.example/", "https://*.a.example"),
        ("https://a.example/", "https://*.a.example"),
        ("https://.a.example/", "https://*.a.example"),
        ("https://a.example/hooksy", "https://a.example/hooks/*"),
        ("https://a.example/hooks/../x", "https://a.example/hooks/*"),
        ("https://a.example/hooks/%2E%2e/x", "https://a.example/hooks/*"),
        ("https://a.example/hooks/..%2fx", "https://a.example/hooks/*"),
        ("https://a.example/hooks/%252e%252e/x", "https://a.example/hooks/*"),
        ("https://a.example@evil.example/", "https://a.example"),
        ("https://u:p@a.example/", "https://a.example"),
        ("https://a.example\\@evil.example/", "https://a.example"),
        ("https://evil.example\\.a.example/", "https://*.a.example"),
        ("https://a.example/\nx", "https://a.example"),
        ("https://\uff41.example/", "https://a.example"),
        ("https://a.example:0/", "https://a.example"),
        ("https://a.example:99999/", "https://a.example"),
        ("https://[::1/", "https://a.example"),
        ("https:///x", "https://a.example"),
        ("a.example", "https://a.example"),
        ("", "https://a.example"),
        ("https://a.example/two", "https://a.example/one"),
    ],
)
def test_any_other_url_does_not(url: str, pattern: str) -> None:
    assert not matches(url, pattern)


def test_one_of_several_patterns_is_enough() -> None:
    patterns = ("https://a.example", "https://b.example")
    assert matches_any("https://b.example/x", patterns)
    assert not matches_any("https://c.example/x", patterns)
    assert not matches_any("https://b.example/x", ())
