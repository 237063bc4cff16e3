"""`a2a://` addresses: every id comes back as it went in, and nothing foreign is taken for ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a_mcp.presentation import resource_uris
from a2a_mcp.presentation.resource_uris import ResourceAddress

IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(IDS, IDS, IDS)
def test_an_address_gives_back_the_ids_it_was_made_of(agent: str, task: str, artifact: str) -> None:
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
def test_what_is_no_address_of_ours_is_none(uri: str) -> None:
    assert resource_uris.parse(uri) is None


def test_the_lists_have_addresses_of_their_own() -> None:
    assert resource_uris.parse(resource_uris.AGENTS) == ResourceAddress("agents")
    assert resource_uris.parse(resource_uris.TASKS) == ResourceAddress("tasks")
