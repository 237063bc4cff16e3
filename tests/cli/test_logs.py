"""What the log says of the requests to an agent, and by what an agent's own log is searched."""

from __future__ import annotations

import json
import re

import pytest
from commands import Home
from scripted import CARD, STREAM, card, document, done, result, scripted, stream

pytestmark = pytest.mark.anyio


async def test_each_request_is_one_line_with_the_id_that_its_agent_gets(home: Home) -> None:
    async with scripted() as agent:
        agent.on("SendMessage", result({"task": done("an answer")}))
        home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        told = await home.run("send", "it", "a question", "--log-level", "info", "--log-json")
        (sent,) = agent.sends()
    lines = [json.loads(line) for line in told.err.splitlines() if line.startswith("{")]
    (line,) = (line for line in lines if line.get("operation") == "SendMessage")
    assert (line["agent"], line["outcome"]) == ("it", "answered")
    assert line["ms"] >= 0
    assert line["bytes"] > 0
    assert sent.headers["x-request-id"] == line["call"]
    logged = json.dumps(lines)
    assert "a question" not in logged
    assert "an answer" not in logged


async def test_of_a_stream_no_bytes_are_told(home: Home) -> None:
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, streaming=True)))
        agent.on(STREAM, stream({"task": done("an answer")}))
        home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        told = await home.run("send", "it", "a question", "--log-level", "info")
    line = r"agent it: SendStreamingMessage: answered after \d+ ms \(call \w+\)$"
    assert re.search(line, told.err, re.MULTILINE)


async def test_without_json_the_line_reads_as_words(home: Home) -> None:
    async with scripted() as agent:
        home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        agent.on("SendMessage", result({"task": done("an answer")}))
        told = await home.run("send", "it", "a question", "--log-level", "info")
        quiet = await home.run("send", "it", "a question")
    (sent, _) = agent.sends()
    call = sent.headers["x-request-id"]
    line = rf"agent it: SendMessage: answered after \d+ ms, \d+ bytes \(call {call}\)$"
    assert re.search(line, told.err, re.MULTILINE)
    assert "SendMessage" not in quiet.err
