"""Results as a host gets them: both channels whole, masked, bounded, true to the output schema."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from pydantic import SecretStr
from scripted import (
    CANCEL,
    CARD,
    GET,
    LIST,
    SEND,
    STREAM,
    SUBSCRIBE,
    Reply,
    ScriptedAgent,
    artifact,
    card,
    cut,
    document,
    done,
    error,
    free_port,
    http,
    interface,
    moved,
    origin_of,
    piece,
    result,
    scripted,
    silence,
    stream,
    task,
    words_of,
)
from staging import agents, configured, hosted

from a2a_mcp.a2a.auth.static import Bearer
from a2a_mcp.config.load import Config
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.config.secrets import SecretRegister
from a2a_mcp.server.lifespan import create_server
from a2a_mcp.server.tools.offer import offered_tools

pytestmark = pytest.mark.anyio

SECRET = "token-of-the-test"
SCHEMAS = {tool.name: tool.fn_metadata.output_schema for tool in offered_tools(ServerConfig())}
PNG = "iVBORw0KGgo="


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with scripted() as running:
        yield running


@asynccontextmanager
async def host(agent: ScriptedAgent, folder: Path, **more: Any) -> AsyncIterator[Client]:
    async with hosted(configured(it=agent.url, **more), folder) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> t.CallToolResult:
    with anyio.fail_after(20):
        answer = await client.call_tool(tool, arguments)
    structure = answer.structured_content
    if SCHEMAS[tool]:
        assert structure is not None
        Draft202012Validator(SCHEMAS[tool]).validate(structure)
    return answer


def text(answer: t.CallToolResult) -> str:
    return "".join(block.text for block in answer.content if isinstance(block, t.TextContent))


def compact(answer: t.CallToolResult) -> str:
    """Return the structure as it is sent."""
    return json.dumps(answer.structured_content, ensure_ascii=False, separators=(",", ":"))


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [] if isinstance(value, bool) else [str(value)]


def assert_both_channels_tell_the_same(answer: t.CallToolResult) -> None:
    structure = dict(answer.structured_content or {})
    if len(structure.get("artifacts", [])) == 1:  # its text is the answer's own
        del structure["artifacts"]
    missing = [leaf for leaf in leaves(structure) if leaf.rstrip() not in text(answer)]
    assert not missing


# --- every kind of result, held against its schema ---

FILES = {"parts": [{"raw": PNG, "mediaType": "image/png", "filename": "a.png"}], "artifactId": "p"}
KINDS: dict[str, Reply] = {
    "message": result({"message": words_of("hi", contextId="c1")}),
    "empty message": result({"message": {**words_of("x"), "parts": []}}),
    "completed": result({"task": done("the answer")}),
    "completed, empty": result({"task": task("completed")}),
    "completed, files": result({"task": task("completed", artifacts=[FILES, artifact("x")])}),
    "completed, long": result({"task": done("long " * 20_000)}),
    "working": result({"task": task("working", "on it")}),
    "submitted": result({"task": task("submitted")}),
    "question": result({"task": task("input-required", "Which?")}),
    "sign-in": result({"task": task("auth-required", "https://example.com/in")}),
    "failed": result({"task": task("failed", "no")}),
    "failed, silent": result({"task": task("failed")}),
    "rejected": result({"task": task("rejected", "no")}),
    "canceled": result({"task": task("canceled")}),
    "an unknown state": result({"task": {"id": "t1", "status": {"state": "dreaming"}}}),
    "silence": silence,
    "an error": error(-32603, "internal"),
    "an unknown error": error(-31999, "strange"),
    "401": http(401, b"", www_authenticate="Bearer"),
    "500": http(500, b"<html>Traceback secrets</html>", "text/html"),
    "HTML": http(200, b"<html>", "text/html"),
    "cut": cut,
}


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_answer_is_valid_and_whole_in_both_channels(
    kind: str, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, KINDS[kind])
    agent.on(GET, KINDS[kind] if kind != "silence" else error(-32001, "no"))
    async with host(agent, tmp_path) as client:
        sent = await call(client, "send_task", message="hi", wait_seconds=0.5)
        assert_both_channels_tell_the_same(sent)
        task_id = (sent.structured_content or {}).get("task_id", "t1")
        for tool, arguments in (
            ("get_task", {"task_id": task_id, "history_length": 2}),
            ("subscribe", {"task_id": task_id, "wait_seconds": 0.1}),
            ("cancel_task", {"task_id": task_id}),
            ("list_tasks", {}),
            ("list_tasks", {"remote": True}),
            ("agent_info", {}),
            ("agent_info", {"agent": "it"}),
        ):
            answer = await call(client, tool, **arguments)
            if tool != "agent_info":
                assert_both_channels_tell_the_same(answer)
            for channel in (text(answer), compact(answer)):
                assert len(channel.encode()) <= 10_000
                assert PNG not in channel
                assert "Traceback" not in channel


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("send_task", {"message": "hi", "agent": "nope"}),
        ("send_task", {"message": "hi", "agent": "off"}),
        ("send_task", {"message": "hi"}),
        ("send_task", {"message": "hi", "task_id": "nope"}),
        ("send_task", {"message": "hi", "context_id": "nope"}),
        ("send_task", {"message": "hi", "files": [{}], "agent": "it"}),
        ("get_task", {"task_id": "nope"}),
        ("get_task", {"task_id": "n" * 600}),
        ("cancel_task", {"task_id": "nope", "agent": "it"}),
        ("subscribe", {"task_id": "nope"}),
        ("list_tasks", {"remote": True}),
        ("list_tasks", {"updated_after": "nope"}),
        ("agent_info", {"agent": "nope"}),
        ("send_task", {}),
    ],
    ids=str,
)
async def test_each_bridge_error_is_whole_in_both_channels_and_says_what_to_do(
    tool: str, arguments: dict[str, Any], agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(GET, error(-32001, "Task not found"))
    more = {"off": {"url": agent.url, "enabled": False}, "second": agent.url}
    async with host(agent, tmp_path, **more) as client:
        answer = await call(client, tool, **arguments)
    assert answer.is_error
    structure = answer.structured_content or {}
    assert structure["error"]
    assert structure["next_step"]
    assert_both_channels_tell_the_same(answer)
    assert "Error executing tool" not in text(answer)


async def test_an_artifact_comes_without_a_structure(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(GET, result(done("the answer")))
    async with host(agent, tmp_path) as client:
        answer = await call(client, "get_artifact", task_id="t1", artifact_id="answer", agent="it")
        assert answer.structured_content is None
        assert text(answer) == "it · artifact_id answer\n\nthe answer"
        missing = await call(client, "get_artifact", task_id="t1", artifact_id="x", agent="it")
    assert missing.is_error
    assert "'x'" in text(missing)


@pytest.mark.parametrize("local", [True, False])
async def test_a_text_that_is_cut_is_saved_whole_for_a_host_on_this_machine(
    agent: ScriptedAgent, tmp_path: Path, local: bool
) -> None:
    whole = "".join(f"line {n}\n" for n in range(5_000)) + SECRET
    agent.on(GET, result(done(whole)))
    with anyio.fail_after(20):
        server = create_server(guarded(agent, SECRET), tmp_path, local=local)
        async with Client(server) as client:
            answers = [await call(client, "get_task", task_id="t1", agent="it") for _ in range(2)]
    saved = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(saved) == local
    for channel in (text(answers[1]), (answers[1].structured_content or {})["next_step"]):
        assert ("The whole text is saved as " in channel) == local
        assert "get_artifact(" in channel
        assert all(str(path) in channel for path in saved)
    for path in saved:
        assert path.read_text("utf-8") == whole.replace(SECRET, "***")


async def test_updates_stand_in_both_channels(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(CARD, document(card(agent.url, streaming=True)))
    agent.on(STREAM, stream(moved("working", "step one"), piece("the end"), moved("completed")))
    async with host(agent, tmp_path) as client:
        answer = await call(client, "subscribe", message="go")
    assert (answer.structured_content or {})["updates"][0] == {
        "state": "working",
        "text": "step one",
    }
    assert "- [working] step one" in text(answer)


async def test_a_question_stands_in_the_text_and_not_in_the_updates_again(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(CARD, document(card(agent.url, streaming=True)))
    agent.on(STREAM, stream(moved("working", "a look"), moved("input-required", "Which city?")))
    async with host(agent, tmp_path) as client:
        answer = await call(client, "subscribe", message="go")
    structure = answer.structured_content or {}
    assert [(update["state"], update["text"]) for update in structure["updates"]] == [
        ("working", "a look"),
    ]
    assert structure["text"] == "Which city?"
    assert text(answer).count("Which city?") == 1


async def test_without_any_agent_a_call_says_what_to_configure(tmp_path: Path) -> None:
    async with hosted(Config(), tmp_path) as client:
        for tool, arguments in (
            ("send_task", {"message": "hi"}),
            ("agent_info", {}),
            ("get_task", {"task_id": "t1", "agent": "x"}),
        ):
            answer = await call(client, tool, **arguments)
            assert "agents.toml" in text(answer)


# --- failures on the way to an agent ---


async def test_an_unreachable_agent_is_an_error_that_names_it_and_its_address(
    tmp_path: Path,
) -> None:
    nobody = free_port()
    url = origin_of(nobody)
    async with hosted(configured(weather=url), tmp_path) as client:
        answer = await call(client, "send_task", message="hi")
    nobody.close()
    assert answer.is_error
    for channel in (text(answer), json.dumps(answer.structured_content)):
        assert "weather" in channel
        assert url in channel
        assert "not delivered" in channel
        assert "Try again later" in channel


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (http(404, b"", "text/plain"), "no agent card"),
        (http(200, b"<html>", "text/html"), "no agent card"),
        (document({"name": "x", "skills": []}), "no interface"),
        (http(401, b"", www_authenticate="Bearer realm=a"), "refused the credentials"),
        (document(card("https://elsewhere.example")), "allowed_origins"),
        (document(card("/", supportedInterfaces=[interface("/", "9.0")])), "not supported"),
        (document(card("/", supportedInterfaces=[interface("/", binding="GRPC")])), "gRPC"),
    ],
    ids=["404", "HTML", "no interface", "401", "elsewhere", "version", "gRPC"],
)
async def test_a_card_that_cannot_be_used_says_so_and_that_nothing_was_sent(
    reply: Reply, words: str, agent: ScriptedAgent, tmp_path: Path
) -> None:
    for place in ("agent-card.json", "agent.json"):
        agent.on(f"GET /.well-known/{place}", reply)
    async with host(agent, tmp_path) as client:
        answer = await call(client, "send_task", message="hi")
    assert answer.is_error
    assert words in text(answer)
    assert "'it'" in text(answer)
    assert "was not delivered" in text(answer)
    assert agent.sends() == []


@pytest.mark.parametrize("reply", [http(500, b"", "text/plain"), cut], ids=["500", "cut"])
async def test_an_unknown_delivery_is_reported_with_the_message_id(
    reply: Reply, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, reply)
    async with host(agent, tmp_path) as client:
        answer = await call(client, "send_task", message="hi")
        listed = await call(client, "list_tasks")
    assert answer.is_error
    message_id = agent.sends()[0].message["messageId"]
    for channel in (text(answer), json.dumps(answer.structured_content)):
        assert "unknown" in channel
        assert "do not simply send it again" in channel
        assert message_id in channel
    assert message_id in text(listed)


async def test_a_failed_read_does_not_speak_of_delivery(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(GET, http(500, b"", "text/plain"))
    async with host(agent, tmp_path) as client:
        answer = await call(client, "get_task", task_id="t1", agent="it")
    assert answer.is_error
    assert "delivered" not in text(answer)
    assert "carried out" not in text(answer)


# --- secrets ---


def guarded(agent: ScriptedAgent, *secrets: str) -> Config:
    register = SecretRegister()
    for secret in secrets:
        register.add(secret)
    table = {"url": agent.url, "auth": Bearer(SecretStr(secrets[0]))}
    return Config(agents=agents(it=table), secrets=register)


@pytest.mark.parametrize(
    "reply",
    [
        result({"task": done(f"you sent {SECRET}")}),
        result({"task": task("failed", f"bad token {SECRET}")}),
        result({"task": done("x", task_id=f"id-{SECRET}")}),
        result(
            {
                "task": task(
                    "completed",
                    artifacts=[artifact("x", name=SECRET), artifact("y", artifact_id=SECRET)],
                )
            }
        ),
        result({"message": words_of(SECRET, contextId=SECRET)}),
        error(-32603, f"bad token {SECRET}"),
        http(401, b"", www_authenticate=f"Bearer error={SECRET}"),
        http(200, f"<html>{SECRET}".encode(), "text/html"),
        http(500, f"oops {SECRET}".encode(), "text/plain"),
    ],
    ids=["answer", "failure", "ids", "names", "message", "error", "challenge", "HTML", "500"],
)
async def test_a_secret_that_the_agent_repeats_is_masked_in_both_channels(
    reply: Reply, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, reply)
    agent.on(GET, reply)
    agent.on(LIST, result({"tasks": [done(SECRET, task_id=SECRET)]}))
    agent.on(CARD, document(card(agent.url, description=f"I know {SECRET}")))
    async with hosted(guarded(agent, SECRET), tmp_path) as client:
        for tool, arguments in (
            ("send_task", {"message": "hi"}),
            ("get_task", {"task_id": "t1", "agent": "it"}),
            ("list_tasks", {}),
            ("list_tasks", {"remote": True}),
            ("agent_info", {"agent": "it"}),
        ):
            answer = await call(client, tool, **arguments)
            assert SECRET not in text(answer)
            assert SECRET not in json.dumps(answer.structured_content)
    shutil.rmtree(tmp_path)  # ids are kept as they came, also where an agent makes them of a secret


async def test_a_secret_split_over_updates_is_masked_in_updates_and_answer(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    parts = [
        piece(part, append=n > 0) for n, part in enumerate(("I have tok", "en-of-t", "he-test!"))
    ]
    agent.on(CARD, document(card(agent.url, streaming=True)))
    agent.on(STREAM, stream({"task": task("working")}, *parts, moved("completed")))
    async with hosted(guarded(agent, SECRET), tmp_path) as client:
        answer = await call(client, "subscribe", message="go")
    structure = answer.structured_content or {}
    assert "".join(it["text"] for it in structure["updates"]) == structure["text"] == "I have ***!"
    for channel in (text(answer), json.dumps(structure)):
        assert not any(part in channel for part in ("en-of-t", "he-test"))


async def test_no_part_of_an_unfinished_secret_is_shown(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(CARD, document(card(agent.url, streaming=True)))
    begun = ({"task": task("working")}, piece(f"I have {SECRET[:-1]}"))
    agent.on(STREAM, stream(*begun, anyio.Event()))
    agent.on(GET, result(task("working", artifacts=[artifact(f"I have {SECRET[:-1]}")])))
    async with hosted(guarded(agent, SECRET), tmp_path) as client:
        first = await call(client, "subscribe", message="go", wait_seconds=1)
        again = await call(client, "get_task", task_id="t1", agent="it")
    for answer in (first, again):
        assert "I have ***" in text(answer)
        assert SECRET[:5] not in text(answer) + json.dumps(answer.structured_content)


async def test_a_secret_in_an_artifact_is_masked(agent: ScriptedAgent, tmp_path: Path) -> None:
    agent.on(GET, result(done(f"token: {SECRET}")))
    async with hosted(guarded(agent, SECRET), tmp_path) as client:
        answer = await call(client, "get_artifact", task_id="t1", artifact_id="answer", agent="it")
        error_of = await call(client, "get_artifact", task_id="t1", artifact_id=SECRET)
    assert "token: ***" in text(answer)
    assert SECRET not in text(error_of)


LONG_SECRET = "S3CRET" * 150  # as long as a signed token may be


@pytest.mark.parametrize("before", [150, 700, 950])
async def test_no_part_of_a_long_secret_in_an_error_is_shown(
    before: int, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, error(-32603, "x" * before + LONG_SECRET))
    async with hosted(guarded(agent, LONG_SECRET), tmp_path) as client:
        answers = [
            await call(client, "send_task", message="hi"),
            await call(client, "agent_info", agent="it"),
            await call(client, "agent_info"),
        ]
    for answer in answers:
        assert "S3CRET" not in text(answer) + json.dumps(answer.structured_content)
        assert len(text(answer)) < 2_000


async def test_no_part_of_a_long_secret_in_a_card_or_list_is_shown(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    odd = {"url": f"gopher://{'x' * 150}{LONG_SECRET}", "protocolBinding": "JSONRPC"}
    told = task("working") | {"status": {"state": "TASK_STATE_WORKING", "timestamp": LONG_SECRET}}
    agent.on(LIST, result({"tasks": [told]}))
    modes = [f"{'x' * 250}{LONG_SECRET}", "text/plain"]
    agent.on(CARD, document(card(agent.url, defaultInputModes=modes)))
    async with hosted(guarded(agent, LONG_SECRET), tmp_path) as client:
        listed = await call(client, "list_tasks", remote=True)
        picture = {"content": "aGk=", "name": "a.png", "media_type": "image/png"}
        await call(client, "agent_info", agent="it", refresh=True)
        refused = await call(client, "send_task", message="hi", files=[picture])
        assert "It takes: " in text(refused)
        agent.on(
            CARD, document(card(agent.url, supportedInterfaces=[{**odd, "protocolVersion": "1.0"}]))
        )
        useless = await call(client, "agent_info", agent="it", refresh=True)
    for answer in (listed, refused, useless):
        assert "S3CRET" not in text(answer) + json.dumps(answer.structured_content)


async def test_no_part_of_a_secret_at_a_cut_is_shown(agent: ScriptedAgent, tmp_path: Path) -> None:
    secret = "S3CRET" * 40
    agent.on(SEND, result({"task": done(secret * 400)}))
    async with hosted(guarded(agent, secret), tmp_path) as client:
        answer = await call(client, "send_task", message="hi")
    for channel in (text(answer), json.dumps(answer.structured_content)):
        assert "S3CRETS3CRET" not in channel


@pytest.mark.parametrize(
    "secret", ['quo"te\\slash', "line\u2028break\ttab", "pässwörd-日本", "123456"], ids=str
)
async def test_a_secret_of_any_letters_is_masked_and_breaks_nothing(
    secret: str, agent: ScriptedAgent, tmp_path: Path
) -> None:
    long = "x" * (123_456 - len(secret)) + secret
    agent.on(
        SEND,
        result(
            {
                "task": task(
                    "completed",
                    artifacts=[artifact(long), artifact(f"and {secret}", artifact_id="b")],
                )
            }
        ),
    )
    register = SecretRegister()
    register.add(secret)
    config = Config(agents=agents(it=agent.url), secrets=register)
    async with hosted(config, tmp_path) as client:
        answer = await call(client, "send_task", message="hi")
    assert not answer.is_error
    assert "and ***" in (answer.structured_content or {})["text"]
    assert "and ***" in text(answer)


@pytest.mark.parametrize("secret", ["completed", "task_id", "artifacts", "truncated"])
async def test_a_secret_equal_to_a_field_name_keeps_the_structure(
    secret: str, agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": done("the answer")}))
    async with hosted(guarded(agent, secret), tmp_path) as client:
        answer = await call(client, "send_task", message="hi")
    assert not answer.is_error
    assert (answer.structured_content or {})["state"] == "completed"


# --- bounds ---


@pytest.mark.parametrize("limit", [1_000, 4_000, 10_000])
async def test_a_configured_bound_holds_for_every_tool(
    limit: int, agent: ScriptedAgent, tmp_path: Path
) -> None:
    long = task(
        "completed",
        "w" * 30_000,
        artifacts=[artifact("é" * 60_000), artifact("x" * 9_000, artifact_id="b")],
    )
    agent.on(SEND, result({"task": long}))
    agent.on(GET, result(long))
    agent.on(SUBSCRIBE, error(-32004, "no"))
    agent.on(CANCEL, error(-32002, "no"))
    config = configured({"result_bytes": limit}, it=agent.url)
    async with hosted(config, tmp_path) as client:
        for tool, arguments in (
            ("send_task", {"message": "hi"}),
            ("get_task", {"task_id": "t1"}),
            ("cancel_task", {"task_id": "t1"}),
            ("subscribe", {"task_id": "t1"}),
            ("get_artifact", {"task_id": "t1", "artifact_id": "answer"}),
            ("get_artifact", {"task_id": "t1", "artifact_id": "answer", "search": "é"}),
        ):
            answer = await call(client, tool, **arguments)
            assert len(text(answer).encode()) <= limit, tool
            assert len(compact(answer).encode()) <= limit, tool


async def test_an_ignored_argument_is_named_within_the_bound(
    agent: ScriptedAgent, tmp_path: Path
) -> None:
    agent.on(SEND, result({"task": done("x" * 60_000)}))
    async with host(agent, tmp_path) as client:
        answer = await call(
            client, "send_task", message="hi", **{f"x{n}" * 20: 1 for n in range(9)}
        )
    assert max(len(text(answer).encode()), len(compact(answer).encode())) <= 10_600
