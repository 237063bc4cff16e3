"""Agents whose cards lie about their version: answered at the first call, executed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from scripted import SEND, ScriptedAgent, error, http, scripted, silence
from speakers import PROOFS, Speaker, posts, says, speak
from staging import ME, configured, hosted, staged

from a2a_mcp.a2a.errors import A2AError
from a2a_mcp.a2a.model import TaskState

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Liar:
    """A card's version, what the agent speaks instead, and how it refuses anything else."""

    says: str | None
    speaks: str
    refusal: str = "-32601"
    named: str = ""

    def play(self, agent: ScriptedAgent, *, streaming: bool = False) -> Speaker:
        hint = {"google_a2a_compatible": True} if self.speaks == "python-a2a" else {}
        says(agent, self.says, capabilities={"streaming": streaming} | hint)
        return speak(agent, self.speaks, self.refusal)


LIARS = {
    "a card of 0.3, an agent of 1.0": Liar("0.3.0", "1.0", "-32009"),
    "a card of 0.3, an agent of 1.0 that names no version": Liar("0.3.0", "1.0"),
    "a card of 1.0, an agent of 0.3": Liar("1.0", "0.3"),
    "a card of 1.0, an agent of 0.2": Liar("1.0", "0.3", "0.2.16"),
    "a card of 0.3, an agent of 0.1": Liar("0.3.0", "0.1", "orig"),
    "a card of 1.0, an agent of 0.1": Liar("1.0", "0.1", "orig"),
    "a card without version, an agent of 0.1": Liar(None, "0.1", "orig"),
    "a card without version, an agent of 1.0": Liar(None, "1.0"),
    "a card of python-a2a": Liar("0.3.0", "python-a2a", named="0.1 python-a2a"),
    "a gateway of 1.0 before an agent of 0.3": Liar("1.0", "0.3", "a gateway's 405"),
    "a gateway of 1.0 without a route for 1.0": Liar("1.0", "0.3", "a gateway's 404"),
}
by_liar = pytest.mark.parametrize("liar", LIARS.values(), ids=LIARS)


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that has to succeed, and give what it says."""
    came = await client.call_tool(tool, arguments)
    assert not came.is_error, came.content
    assert came.structured_content is not None
    return came.structured_content


async def shown(client: Client) -> str:
    """Return what agent_info says of the agent, as text."""
    came = await client.call_tool("agent_info", {"agent": "it"})
    return "\n".join(block.text for block in came.content if block.type == "text")


by_form = pytest.mark.parametrize("streaming", [False, True], ids=["polled", "streamed"])


@by_form
@by_liar
async def test_the_first_message_is_answered_and_executed_once(
    liar: Liar, streaming: bool, tmp_path: Path
) -> None:
    async with scripted() as agent:
        speaker = liar.play(agent, streaming=streaming)
        async with hosted(configured(it=agent.url), tmp_path) as client:
            came = await call(client, "send_task", message="hello")
    assert (came["state"], came["text"]) == ("completed", "echo: hello")
    assert speaker.ran == ["hello"]


@by_form
@by_liar
async def test_what_was_corrected_is_known_after_a_restart(
    liar: Liar, streaming: bool, tmp_path: Path
) -> None:
    async with scripted() as agent:
        speaker = liar.play(agent, streaming=streaming)
        config = configured(it=agent.url)
        async with hosted(config, tmp_path) as client:
            await call(client, "send_task", message="one")
        before = len(posts(agent))
        async with hosted(config, tmp_path) as client:
            came = await call(client, "send_task", message="two")
        after = posts(agent)[before:]
    assert came["text"] == "echo: two"
    assert speaker.ran == ["one", "two"]
    assert len(after) == 1


@by_liar
async def test_the_author_of_a_card_is_told_what_the_agent_speaks(
    liar: Liar, tmp_path: Path
) -> None:
    async with scripted() as agent:
        liar.play(agent)
        config = configured(it=agent.url)
        async with hosted(config, tmp_path) as client:
            await call(client, "send_task", message="one")
            told = await shown(client)
        async with hosted(config, tmp_path) as client:
            told_again = await shown(client)
    for text in (told, told_again):
        assert f"the card says A2A {liar.says or '0.3'}" in text
        assert f"the agent speaks {liar.named or liar.speaks}" in text


@by_liar
async def test_a_question_is_answered_and_read_in_the_version_it_was_asked_in(
    liar: Liar, tmp_path: Path
) -> None:
    async with scripted() as agent:
        speaker = liar.play(agent)
        config = configured(it=agent.url)
        async with hosted(config, tmp_path) as client:
            asked = await call(client, "send_task", message="ask")
        before = len(posts(agent))
        async with hosted(config, tmp_path) as client:
            read = await call(client, "get_task", task_id=asked["task_id"])
            assert len(posts(agent)) == before + 1
            came = await call(client, "send_task", message="blue", task_id=asked["task_id"])
    assert (asked["state"], read["state"]) == ("input-required", "input-required")
    assert (read["text"], came["text"]) == ("which colour?", "got: blue")
    assert came["task_id"] == asked["task_id"]
    assert speaker.ran == ["ask", "blue"]


# --- an agent replaced by a newer one, in place ---


@dataclass(frozen=True)
class Upgrade:
    """From what to what, how the new one refuses the old ways, and whether its card is new."""

    before: str
    after: str
    refusal: str
    card: str | None

    def replace(self, agent: ScriptedAgent, old: Speaker) -> Speaker:
        if self.card:
            says(agent, self.card)
        return speak(agent, self.after, self.refusal, known=old.tasks)


UPGRADES = {
    "0.3 to 1.0 with a new card": Upgrade("0.3", "1.0", "-32009", "1.0"),
    "0.3 to 1.0 with the old card": Upgrade("0.3", "1.0", "-32009", None),
    "0.3 to 1.0 without a word on versions": Upgrade("0.3", "1.0", "-32601", "1.0"),
    "0.1 to 0.3": Upgrade("0.1", "0.3", "0.2.16", "0.3.0"),
    "0.1 to 1.0": Upgrade("0.1", "1.0", "-32601", "1.0"),
    "1.0 back to 0.3": Upgrade("1.0", "0.3", "-32601", "0.3.0"),
}
by_upgrade = pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)


def begun(agent: ScriptedAgent, upgrade: Upgrade) -> Speaker:
    says(agent, upgrade.before)
    return speak(agent, upgrade.before, "orig" if upgrade.before == "0.1" else "-32601")


@by_upgrade
async def test_a_replaced_agent_goes_on_after_one_corrected_call(
    upgrade: Upgrade, tmp_path: Path
) -> None:
    async with scripted() as agent:
        old = begun(agent, upgrade)
        async with hosted(configured(it=agent.url), tmp_path) as client:
            await call(client, "send_task", message="one")
            new = upgrade.replace(agent, old)
            corrected = await call(client, "send_task", message="two")
            before = len(posts(agent))
            after = await call(client, "send_task", message="three")
            assert len(posts(agent)) == before + 1
    assert (corrected["text"], after["text"]) == ("echo: two", "echo: three")
    assert (old.ran, new.ran) == (["one"], ["two", "three"])


@by_upgrade
async def test_a_task_of_before_the_replacement_is_read_and_answered(
    upgrade: Upgrade, tmp_path: Path
) -> None:
    async with scripted() as agent:
        old = begun(agent, upgrade)
        async with hosted(configured(it=agent.url), tmp_path) as client:
            asked = await call(client, "send_task", message="ask")
            new = upgrade.replace(agent, old)
            read = await call(client, "get_task", task_id=asked["task_id"])
            came = await call(client, "send_task", message="blue", task_id=asked["task_id"])
            again = await call(client, "get_task", task_id=asked["task_id"])
    assert read["text"] == "which colour?"
    assert (came["text"], again["text"]) == ("got: blue", "got: blue")
    assert new.ran == ["blue"]


@by_upgrade
async def test_a_task_of_before_the_replacement_is_answered_without_having_been_read(
    upgrade: Upgrade, tmp_path: Path
) -> None:
    async with scripted() as agent:
        old = begun(agent, upgrade)
        config = configured(it=agent.url)
        async with hosted(config, tmp_path) as client:
            asked = await call(client, "send_task", message="ask")
        new = upgrade.replace(agent, old)
        async with hosted(config, tmp_path) as client:
            came = await call(client, "send_task", message="blue", task_id=asked["task_id"])
    assert came["text"] == "got: blue"
    assert new.ran == ["blue"]


@by_upgrade
async def test_a_task_of_before_the_replacement_is_cancelled(
    upgrade: Upgrade, tmp_path: Path
) -> None:
    async with scripted() as agent:
        old = begun(agent, upgrade)
        async with hosted(configured(it=agent.url), tmp_path) as client:
            asked = await call(client, "send_task", message="ask")
            new = upgrade.replace(agent, old)
            came = await call(client, "cancel_task", task_id=asked["task_id"])
    assert came["state"] == "canceled"
    assert new.tasks[asked["task_id"]][0] == "canceled"


@by_liar
async def test_a_question_is_cancelled_in_the_version_it_was_asked_in(
    liar: Liar, tmp_path: Path
) -> None:
    async with scripted() as agent:
        liar.play(agent)
        async with hosted(configured(it=agent.url), tmp_path) as client:
            asked = await call(client, "send_task", message="ask")
            came = await call(client, "cancel_task", task_id=asked["task_id"])
    assert came["state"] == "canceled"


@by_upgrade
async def test_a_replaced_agent_is_found_again_after_a_restart(
    upgrade: Upgrade, tmp_path: Path
) -> None:
    async with scripted() as agent:
        old = begun(agent, upgrade)
        config = configured(it=agent.url)
        async with hosted(config, tmp_path) as client:
            await call(client, "send_task", message="one")
        new = upgrade.replace(agent, old)
        async with hosted(config, tmp_path) as client:
            await call(client, "send_task", message="two")
        before = len(posts(agent))
        async with hosted(config, tmp_path) as client:
            await call(client, "send_task", message="three")
    assert new.ran == ["two", "three"]
    assert len(posts(agent)) == before + 1


async def test_a_mended_card_is_believed_again(tmp_path: Path) -> None:
    async with scripted() as agent:
        LIARS["a card of 1.0, an agent of 0.3"].play(agent)
        config = configured(it=agent.url)
        async with hosted(config, tmp_path) as client:
            await call(client, "send_task", message="one")
        says(agent, "0.3.0")
        async with hosted(config, tmp_path) as client:
            await call(client, "send_task", message="two")
            assert "the card says" not in await shown(client)


@pytest.mark.parametrize("spoken", ["0.1", "python-a2a"])
async def test_slow_work_of_the_first_version_is_found_by_the_id_that_it_was_given(
    spoken: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        speaker = Liar("0.3.0", spoken, "orig").play(agent)
        config = configured(it=agent.url)
        async with staged(config, tmp_path) as stage:
            await stage.send("warm up")
            agent.on("tasks/send", silence)
            begun = await stage.send("slow", wait_seconds=0.2)
        made_up = posts(agent)[-1].params["id"]
        speaker.tasks[made_up] = ("completed", "late but here")
        async with staged(config, tmp_path) as stage:
            view = await stage.bridge.get(ME, begun.task_id or "", None)
    assert begun.task_id == made_up
    assert (view.state, view.text) == (TaskState.COMPLETED, "late but here")


# --- what is never done ---


async def outcome(agent: ScriptedAgent, folder: Path, **config: Any) -> A2AError | None:
    async with staged(configured(it={"url": agent.url} | config), folder) as stage:
        try:
            await stage.send()
        except A2AError as failure:
            return failure
    return None


@pytest.mark.parametrize("refusal", PROOFS)
@pytest.mark.parametrize(
    ("pinned", "said", "spoken", "method"),
    [
        ("1.0", "1.0", "0.3", "SendMessage"),
        ("1.0", "0.3.0", "0.3", "SendMessage"),
        ("0.3", "0.3.0", "1.0", "message/send"),
        ("0.3", "1.0", "1.0", "message/send"),
        ("0.1", "0.3.0", "0.3", "tasks/send"),
    ],
)
async def test_a_pinned_version_is_never_left(
    pinned: str, said: str, spoken: str, method: str, refusal: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        says(agent, said)
        speaker = speak(agent, spoken, refusal)
        failure = await outcome(agent, tmp_path, version=pinned)
    assert failure is not None
    assert {request.call for request in posts(agent)} == {method}
    assert speaker.ran == []


async def test_a_lesson_does_not_move_a_version_that_is_pinned_afterwards(tmp_path: Path) -> None:
    async with scripted() as agent:
        speaker = LIARS["a card of 1.0, an agent of 0.3"].play(agent)
        assert await outcome(agent, tmp_path) is None
        assert await outcome(agent, tmp_path, version="1.0") is not None
    assert posts(agent)[-1].call == SEND
    assert len(speaker.ran) == 1


BROKEN: dict[str, Callable[[], Any]] = {
    "500": lambda: http(500, b"Internal Server Error", "text/plain"),
    "500 with -32603": lambda: error(-32603, "Internal error", status=500),
    "-32603": lambda: error(-32603, "Internal error"),
    "400": lambda: http(400, b"Bad Request", "text/plain"),
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(("said", "method"), [("1.0", "SendMessage"), ("0.3.0", "message/send")])
async def test_an_answer_that_proves_nothing_is_never_sent_again(
    said: str, method: str, broken: str, tmp_path: Path
) -> None:
    async with scripted() as agent:
        says(agent, said)
        other = speak(agent, "0.3" if said == "1.0" else "1.0")
        agent.on(method, BROKEN[broken]())
        failure = await outcome(agent, tmp_path)
    assert failure is not None
    assert [request.call for request in agent.sends()] == [method]
    assert other.ran == []


async def test_an_agent_that_fails_at_its_work_is_not_taken_for_one_of_another_version(
    tmp_path: Path,
) -> None:
    async with scripted() as agent:
        says(agent, "1.0")
        speaker = speak(agent, "1.0")
        agent.on(SEND, error(-32603, "the model is down"), speaker.send)
        config = configured(it=agent.url)
        async with staged(config, tmp_path) as stage:
            with pytest.raises(A2AError):
                await stage.send("one")
            view = await stage.send("two")
    assert (view.state, view.text) == (TaskState.COMPLETED, "echo: two")
    assert [request.call for request in agent.sends()] == [SEND, SEND]


async def test_where_a_failure_leaves_doubt_a_read_finds_out_what_is_spoken(tmp_path: Path) -> None:
    async with scripted() as agent:
        says(agent, "1.0")
        speaker = speak(agent, "0.3", "500 for an unknown method")
        async with staged(configured(it=agent.url), tmp_path) as stage:
            with pytest.raises(A2AError):
                await stage.send("one")
            assert len(agent.sends()) == 1
            view = await stage.send("two")
    assert view.text == "echo: two"
    assert speaker.ran == ["two"]
