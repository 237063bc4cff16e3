"""`a2a://` URIs: every id is read back as it was written, and other URIs are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.presentation import resource_uris
from a2a_mcp.presentation.resource_uris import ResourceAddress

IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(IDS, IDS, IDS)
def test_ids_are_read_back_as_they_were_written(agent: str, task: str, artifact: str) -> None:
    assert resource_uris.parse(resource_uris.of_agent(agent)) == ResourceAddress("agents", agent)
    assert resource_uris.parse(resource_uris.of_task(agent, task)) == ResourceAddress(
        "tasks", agent, task
    )
    assert resource_uris.parse(resource_uris.of_artifact(agent, task, artifact)) == ResourceAddress(
        "tasks", agent, task, artifact
    )


def test_ids_with_slashes_dots_and_colons_are_one_segment_each() -> None:
    assert (
        resource_uris.of_artifact("a", "ctx:run/1", "..")
        == "a2a://tasks/a/ctx%3Arun%2F1/artifacts/%2E%2E"
    )


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://agents/a",
        "a2a://",
        "a2a://other",
        "a2a://agents/",
        "a2a://tasks/a",
        "a2a://tasks/a/",
        "a2a://tasks/a/t/",
        "a2a://tasks/a/t/artifacts",
        "a2a://tasks/a/t/artifacts/",
        "a2a://tasks/a/t/artifacts/x/y",
        "a2a://tasks/%ff/t",
        f"a2a://tasks/a/t/artifacts/{'x' * 10_000}",
    ],
)
def test_other_uris_are_not_parsed(uri: str) -> None:
    assert resource_uris.parse(uri) is None


def test_the_lists_of_agents_and_tasks_have_uris() -> None:
    assert resource_uris.parse(resource_uris.AGENTS) == ResourceAddress("agents")
    assert resource_uris.parse(resource_uris.TASKS) == ResourceAddress("tasks")
