"""`a2a-mcp chat`: lines go to one conversation, answers to the task that asked."""

from __future__ import annotations

import pytest
from commands import Home, ended, shown
from scripted import done, error, result, scripted, task

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no pseudo-terminals"),
]


async def test_a_conversation_keeps_its_context_and_outlives_an_error(home: Home) -> None:
    async with scripted() as agent:
        agent.on(
            "SendMessage",
            result({"task": done("first")}),
            error(-32603, "out of order"),
            result({"task": task("input-required", "Which city?", task_id="t2")}),
            result({"task": done("sunny", task_id="t2")}),
        )
        agent.on("GetTask", result(task("input-required", "Which city?", task_id="t2")))
        home.write(f'[agents.it]\nurl = "{agent.url}"\n')
        terminal = home.terminal("chat", "it")
        for line, answer in (("one", "first"), ("two", "out of order"), ("three", "Which city?")):
            await shown(terminal, "You: ")
            terminal.sendline(line)
            await shown(terminal, answer)
        await shown(terminal, " ")
        terminal.sendline("Oslo")
        await shown(terminal, "sunny")
        await shown(terminal, "You: ")
        terminal.sendline("")
        code, _ = await ended(terminal)
    messages = [sent.message for sent in agent.sends()]
    assert code == 0
    assert [message.get("contextId") for message in messages[1:]] == ["c1", "c1", "c1"]
    assert messages[3]["taskId"] == "t2"


async def test_an_agent_that_is_not_there_is_named_before_anything_is_asked(home: Home) -> None:
    home.write('[agents.it]\nurl = "http://127.0.0.1:9"\n')
    told = await home.run("chat", "nobody")
    assert told.code == 1
    assert "There is no agent named 'nobody'" in told.err


async def test_ctrl_c_at_the_prompt_ends_it_at_once_and_without_a_trace(home: Home) -> None:
    home.write('[agents.it]\nurl = "http://127.0.0.1:9"\n')
    terminal = home.terminal("chat", "it")
    await shown(terminal, "You: ")
    terminal.sendintr()
    code, said = await ended(terminal)
    assert code == 130
    assert "Traceback" not in said
