"""Which agent a name means, and what becomes of the agents when the configuration changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from scripted import (
    CARD,
    SEND,
    STREAM,
    card,
    document,
    done,
    later,
    result,
    scripted,
    stream,
    task,
)
from staging import ME, agents, staged, until

from a2a_mcp.agents.registry import Registry
from a2a_mcp.config.load import Config
from a2a_mcp.config.reload import Reloader
from a2a_mcp.config.schema import AgentConfig
from a2a_mcp.errors import AgentDisabled, AmbiguousAgent, BridgeError, UnknownAgent

FAULTS = {"broken": "url: must be http or https"}


def registry(*names: str, **more: object) -> Registry:
    urls = dict.fromkeys(names, "https://agent.example")
    return Registry(Config(agents=agents(**urls), **more))  # type: ignore[arg-type]


def test_the_only_agent_needs_no_name() -> None:
    assert registry("weather").resolve(None) == "weather"


def test_the_default_agent_needs_no_name() -> None:
    assert registry("a", "b", default_agent="b").resolve(None) == "b"


def test_one_usable_agent_beside_a_broken_one_needs_no_name() -> None:
    assert registry("weather", faults=FAULTS).resolve(None) == "weather"


def test_a_name_is_found_in_any_case_and_given_as_configured() -> None:
    assert registry("Weather", "mail").resolve("wEATHER") == "Weather"


def test_a_known_name_wins_over_the_default() -> None:
    assert registry("a", "b", default_agent="b").resolve("a") == "a"


def test_without_a_name_several_agents_are_listed() -> None:
    with pytest.raises(AmbiguousAgent) as caught:
        registry("weather", "mail").resolve(None)
    assert "weather, mail" in caught.value.next_step


@pytest.mark.parametrize("name", [None, "weather"])
def test_without_any_agent_the_error_says_what_to_configure(name: str | None) -> None:
    with pytest.raises(UnknownAgent) as caught:
        registry().resolve(name)
    assert "A2A_AGENTS" in caught.value.next_step
    assert "agents.toml" in caught.value.next_step


def test_with_only_broken_agents_the_error_says_why_they_are() -> None:
    with pytest.raises(AmbiguousAgent) as caught:
        registry(faults=FAULTS).resolve(None)
    assert "broken: url: must be http or https" in caught.value.message


def test_an_unknown_name_is_refused_with_the_closest_one() -> None:
    with pytest.raises(UnknownAgent) as caught:
        registry("weather", "mail").resolve("Wether")
    assert "Did you mean 'weather'?" in caught.value.message
    assert "weather, mail" in caught.value.next_step


def test_a_name_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(UnknownAgent) as caught:
        registry("weather").resolve("zzz")
    assert "Did you mean" not in caught.value.message


def test_of_many_agents_the_nearest_ten_are_named_and_the_rest_counted() -> None:
    names = [f"agent-{n:03}" for n in range(200)]
    with pytest.raises(UnknownAgent) as caught:
        registry(*names).resolve("agent-1999")
    step = caught.value.next_step
    assert sum(name in step for name in names) == 10
    assert "and 190 more" in step
    with pytest.raises(AmbiguousAgent, match="more than one"):
        registry(*names).resolve(None)


@pytest.mark.parametrize("name", ["x" * 100_000, "a\x1b[2J\u202e", "\ud800"])
def test_a_hostile_name_makes_a_short_clean_error(name: str) -> None:
    with pytest.raises(UnknownAgent) as caught:
        registry("weather").resolve(name)
    assert len(caught.value.message) < 300
    caught.value.message.encode()
    assert not {"\x1b", "\u202e"} & set(caught.value.message)


def test_a_broken_agent_is_refused_with_the_reason() -> None:
    with pytest.raises(AgentDisabled) as caught:
        registry("weather", faults=FAULTS).resolve("BROKEN")
    assert "url: must be http or https" in caught.value.message
    assert caught.value.agent == "broken"


def test_an_agent_that_is_switched_off_is_refused_and_not_listed() -> None:
    both = registry("weather")
    off = {"url": "https://m.example", "enabled": False}
    both.config.agents.add("mail", AgentConfig(name="mail", **off))  # type: ignore[arg-type]
    both = Registry(both.config)
    assert both.names() == ["weather"]
    assert both.resolve(None) == "weather"
    with pytest.raises(AgentDisabled, match="switched off"):
        both.resolve("mail")


def test_a_default_agent_that_is_switched_off_is_refused_not_replaced() -> None:
    table = {"url": "https://m.example", "enabled": False}
    config = Config(agents=agents(mail=table, weather="https://w.example"), default_agent="mail")
    with pytest.raises(AgentDisabled):
        Registry(config).resolve(None)


def test_a_connection_is_made_once_and_only_on_use() -> None:
    it = registry("weather")
    assert it.known("weather") is None
    connection = it.connection("weather", ME)
    assert it.connection("weather", ME) is connection is it.known("weather")


# --- reload ---


class Watched:
    """A registry over a file, with a clock that the test moves."""

    def __init__(self, folder: Path, text: str) -> None:
        self.path = folder / "agents.toml"
        self.path.write_text(text)
        self.now = 0.0
        reloader = Reloader(path=self.path, environ={})
        self.registry = Registry(reloader.config, reloader, clock=lambda: self.now)

    def write(self, text: str) -> None:
        self.path.write_text(text)
        self.now += 2

    def names(self) -> list[str]:
        self.registry.refresh()
        return self.registry.names()


def table(name: str, url: str = "https://agent.example") -> str:
    return f'[agents.{name}]\nurl = "{url}"\n'


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path, table("a"))


def test_a_new_agent_appears_without_a_restart(watched: Watched) -> None:
    assert watched.names() == ["a"]
    watched.write(table("a") + table("b"))
    assert watched.names() == ["a", "b"]
    assert watched.registry.resolve("B") == "b"


def test_an_agent_that_stayed_the_same_keeps_its_connection(watched: Watched) -> None:
    kept = watched.registry.connection("a", ME)
    watched.write(table("a") + table("b"))
    watched.names()
    assert watched.registry.connection("a", ME) is kept


def test_an_agent_that_changed_gets_a_new_connection(watched: Watched) -> None:
    old = watched.registry.connection("a", ME)
    watched.write(table("a", "https://other.example"))
    watched.names()
    new = watched.registry.connection("a", ME)
    assert new is not old
    assert new.config.url == "https://other.example"


def test_an_agent_that_is_gone_is_unknown(watched: Watched) -> None:
    watched.write(table("b"))
    with pytest.raises(UnknownAgent):
        watched.registry.resolve("a")


def test_a_broken_file_keeps_the_agents_and_says_so(watched: Watched) -> None:
    watched.write("this is not toml")
    assert watched.names() == ["a"]
    assert "not TOML" in (watched.registry.problem or "")
    watched.write(table("c"))
    assert watched.names() == ["c"]
    assert watched.registry.problem is None


def test_errors_carry_no_words_of_the_python_library(watched: Watched) -> None:
    with pytest.raises(BridgeError) as caught:
        watched.registry.resolve("nope")
    assert "Traceback" not in str(caught.value)


def test_choosing_an_agent_imports_no_http_library() -> None:
    code = (
        "import sys\n"
        "from a2a_mcp.config.load import Config\n"
        "from a2a_mcp.config.agent_tables import AgentTables\n"
        "from a2a_mcp.agents.registry import Registry\n"
        "agents = AgentTables()\n"
        "agents.add('a', {'url': 'https://a.example'})\n"
        "assert Registry(Config(agents=agents)).resolve(None) == 'a'\n"
        "assert 'httpx' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.anyio
@pytest.mark.parametrize("streaming", [True, False])
async def test_an_agent_that_changed_keeps_no_connection_and_loses_no_task(
    streaming: bool, tmp_path: Path
) -> None:
    go_on = anyio.Event()
    async with scripted() as agent:
        agent.on(CARD, document(card(agent.url, streaming=streaming)))
        agent.on(STREAM, stream({"task": task("working")}, go_on, {"task": done("done")}))
        agent.on(SEND, later(go_on, result(done("done"))))
        file = Watched(tmp_path, table("it", agent.url))
        async with staged(file.registry.config, tmp_path, registry=file.registry) as stage:
            begun = await stage.send(wait_seconds=0.2)
            file.write(table("it", agent.url) + 'description = "changed"\n')
            file.names()
            assert file.registry.known("it") is None
            await anyio.wait_all_tasks_blocked()
            go_on.set()
            assert (await stage.follow(task_id=begun.task_id)).text == "done"
            assert len(agent.sends()) == 1

            async def none_is_open() -> bool:
                return agent.open == 0

            await until(none_is_open, 2)
