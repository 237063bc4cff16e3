import io
import json
import logging
from collections.abc import Iterator

import pytest

from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.telemetry import logs


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("a2a_mcp")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_a_record_is_one_line_whatever_an_agent_sent() -> None:
    stream = io.StringIO()
    logs.configure("info", stream=stream)
    logging.getLogger("a2a_mcp.bridge.service").info("said %s", "a\nb\x1b[2J\u2028ERROR fake")
    assert len(lines(stream)) == 1
    assert r"info a2a_mcp.bridge.service: said a\nb\u001b[2J\u2028ERROR fake" in lines(stream)[0]


def test_secrets_are_hidden_also_those_learned_later_and_those_in_tracebacks() -> None:
    stream, secrets = io.StringIO(), SecretRegister()
    logs.configure("debug", stream=stream, redact=secrets.mask)
    secrets.add("hunter2-hunter2")
    logger = logging.getLogger("a2a_mcp")
    try:
        int("hunter2-hunter2")
    except ValueError:
        logger.exception("with %s", "hunter2-hunter2")
    assert "hunter2" not in stream.getvalue()
    assert "with ***" in stream.getvalue()
    assert "base 10: '***'" in stream.getvalue()
    assert len(lines(stream)) == 1


def test_a_url_loses_its_query_and_its_user() -> None:
    stream = io.StringIO()
    logs.configure("info", stream=stream)
    logging.getLogger("a2a_mcp").info('GET "https://me:pw@x.example/a?key=1#f" 200')
    assert '"https://x.example/a" 200' in stream.getvalue()


def test_libraries_log_only_warnings_even_if_they_set_their_own_level() -> None:
    stream = io.StringIO()
    logs.configure("debug", stream=stream)
    library = logging.getLogger("httpx.of.this.test")
    library.setLevel(logging.DEBUG)
    library.info("GET https://x.example")
    library.warning("slow")
    logging.getLogger("a2a_mcp_other").info("not ours")
    logging.getLogger("a2a_mcp.a2a").debug("ours")
    assert [line.split(" ", 1)[1] for line in lines(stream)] == [
        "warning httpx.of.this.test: slow",
        "debug a2a_mcp.a2a: ours",
    ]


def test_the_level_leaves_out_what_is_below_it() -> None:
    stream = io.StringIO()
    logs.configure("warning", stream=stream)
    logging.getLogger("a2a_mcp").info("small talk")
    assert lines(stream) == []


def test_json_lines_are_json() -> None:
    stream, secrets = io.StringIO(), SecretRegister()
    secrets.add('quo"ted-secret')
    logs.configure("info", json_lines=True, stream=stream, redact=secrets.mask)
    logging.getLogger("a2a_mcp").info('x "y"\n%s', 'quo"ted-secret')
    (record,) = map(json.loads, lines(stream))
    assert (record["level"], record["logger"]) == ("info", "a2a_mcp")
    assert record["message"] == r'x "y"\n***'


def test_logging_configured_before_the_server_is_made_stays_as_it_is() -> None:
    stream = io.StringIO()
    logs.configure("info", stream=stream)
    logging.basicConfig(level=logging.DEBUG, format="%(message)s")
    logging.getLogger("mcp.server").info("chatter")
    assert lines(stream) == []
