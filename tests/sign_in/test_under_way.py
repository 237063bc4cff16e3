"""Sign-ins under way in two processes that share their tickets: who declines ends them in both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
import pytest
from sign_in.test_desks import BACK, EXPECTED, shared

from a2a_mcp.errors import CredentialUnavailable
from a2a_mcp.sign_in.signing_in import Page, SignIn
from a2a_mcp.sign_in.ticket import MOST_TRIES, Ticket
from a2a_mcp.sign_in.tickets import Tickets
from a2a_mcp.sign_in.under_way import SignIns

pytestmark = pytest.mark.anyio

ANN: Final = "corp:ann"


@pytest.fixture
def bridges(tmp_path: Path) -> list[Tickets]:
    return [Tickets("http://b", shared(tmp_path)) for _ in range(2)]


@asynccontextmanager
async def running(tickets: Tickets) -> AsyncIterator[SignIns]:
    """Yield the sign-ins of a process that leads people by its tickets."""

    @asynccontextmanager
    async def begin(owner: str, agent: str) -> AsyncIterator[SignIn]:
        async with tickets.open(owner, agent) as way:
            page = await way.lead("https://as/auth", EXPECTED)

            async def ended() -> bool:
                query = await way.query()
                if "error" in query:
                    raise CredentialUnavailable(query["error_description"], "Call again.")
                return True

            yield SignIn(Page(page), ended)

    async with anyio.create_task_group() as group:
        yield SignIns(group, begin, tickets)
        group.cancel_scope.cancel()


async def test_who_declines_at_another_process_ends_the_sign_in_that_a_call_waits_for(
    bridges: list[Tickets],
) -> None:
    with anyio.fail_after(20):
        async with running(bridges[0]) as one, running(bridges[1]) as two:
            waiting = one.of(ANN, "it")
            page = await waiting.page()
            assert two.find(ANN, "it") is None
            assert await two.address(ANN, "it") == page.url
            assert await two.address("corp:bob", "it") is None
            await two.give_up("corp:bob", "it")
            assert one.find(ANN, "it") is waiting
            await two.give_up(ANN, "it")
            with pytest.raises(CredentialUnavailable, match="does not want to sign in"):
                await waiting.over()


async def test_who_declines_after_coming_back_is_signed_in_all_the_same() -> None:
    ticket = Ticket("the-id", ANN, "it").led("https://as/auth", EXPECTED)
    back = ticket.begun("browser").taken("browser", BACK)
    assert back
    assert back.declined() is None
    declined = ticket.declined()
    assert declined
    assert declined.query == {
        "error": "access_denied",
        "error_description": "the person does not want to sign in",
    }
    assert declined.begun("browser").taken("browser", BACK) is None


def test_after_too_many_wrong_tokens_nobody_gets_on() -> None:
    ticket = Ticket("the-id", ANN, "it").led("https://as/auth", EXPECTED)
    for _ in range(MOST_TRIES):
        assert ticket.query is None
        ticket = ticket.failed()
    assert ticket.query
