"""The composition root: builds what the requests of one run share, and closes it.

No other module of the server names the concrete tracker; the stores are opened in `stores`. It is
imported at a host's first real request. Until then nothing is read from the network and nothing is
written, because some hosts start a server twice and end one of the two at once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from anyio.abc import TaskGroup

from a2a_mcp.agents.registry import Registry
from a2a_mcp.bridge.artifact_files import ArtifactFiles
from a2a_mcp.bridge.jobs import Jobs
from a2a_mcp.bridge.list_tasks import TaskLister
from a2a_mcp.bridge.read_artifact import ArtifactReader
from a2a_mcp.bridge.recover_tasks import TaskRecoverer
from a2a_mcp.bridge.service import Bridge
from a2a_mcp.config.load import Config
from a2a_mcp.config.reload import Reloader
from a2a_mcp.config.store import StoreTable
from a2a_mcp.errors import StoreUnavailable
from a2a_mcp.presentation.content import joined_text
from a2a_mcp.server.access import Access
from a2a_mcp.server.app import App
from a2a_mcp.server.audit import Audit, audit_of
from a2a_mcp.server.caller import LOCAL_OWNER, owner, subject
from a2a_mcp.server.change_feed import Streams
from a2a_mcp.server.skill_offer import SkillOffer
from a2a_mcp.server.store_health import StoreHealth
from a2a_mcp.server.stores import DAY_SECONDS, Stores, open_stores
from a2a_mcp.sign_in.under_way import SignIns
from a2a_mcp.store.audit import AuditPlace
from a2a_mcp.store.base import Store, TaskStore
from a2a_mcp.store.call_rates import CallRates
from a2a_mcp.store.results import ResultStore
from a2a_mcp.telemetry.descriptors import bounded_by_descriptors
from a2a_mcp.telemetry.metrics import observe
from a2a_mcp.telemetry.supervise import run_logged
from a2a_mcp.tracking.intake import Watcher
from a2a_mcp.tracking.tail import UpdateMemory
from a2a_mcp.tracking.tracker import TaskTracker

if TYPE_CHECKING:
    from a2a_mcp.agents.registered import RegisteredAgents
    from a2a_mcp.server.auth.entrance import Entrance
    from a2a_mcp.server.auth.sign_in_pages import SignInPages
    from a2a_mcp.server.transports.webhooks import Webhooks
    from a2a_mcp.sign_in.signing_in import SignIn
    from a2a_mcp.tracking.hooks import Hooks

SAVE_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class Composition:
    """The app, and what must be closed after it."""

    app: App
    results: ResultStore
    tasks: Store
    tracker: TaskTracker
    store: StoreHealth
    kept_audit: AuditPlace | None

    async def aclose(self) -> None:
        """Save the state and close everything, each within SAVE_SECONDS, or as a database lets us.

        Of what it does not take the agents still know the tasks.
        """
        with (
            anyio.CancelScope(shield=True),
            anyio.move_on_after(SAVE_SECONDS),
            suppress(StoreUnavailable),
        ):
            await self.results.flush()
            await self.app.recoverer.leave()
            if self.app.audit:  # last: there may be thousands of lines, and what is lost is counted
                await self.app.audit.end(self.kept_audit)
        with anyio.CancelScope(shield=True), anyio.move_on_after(SAVE_SECONDS):
            await self.tasks.close()
            await self.app.registry.aclose()
        if self.app.audit:
            self.app.audit.close()


def compose(
    config: Config,
    state_folder: Path | None,
    group: TaskGroup,
    *,
    reloader: Reloader | None,
    closing: anyio.Event | None,
    local: bool,
    webhooks: Webhooks | None = None,
    door: Entrance | None = None,
) -> Composition:
    """Build what requests share, and begin its background work in `group`.

    Once `closing` is set, calls that wait for an agent return what is known. A `local` host runs on
    this machine for the same person, so results may name local paths. With `webhooks`, agents
    are asked to say when their tasks move. `door` is where other callers come in.
    """
    # What a local host sees is one person's: it has a file of its own.
    table = None if local else config.server.store
    stores = open_stores(config, state_folder, table)
    tasks, pages = stores.tasks, door.pages if door else None
    registry = _registry(config, reloader, stores, partial(_may_sign_in, pages, local))
    results = ResultStore(stores.results, keep_seconds=config.server.keep_days * DAY_SECONDS)
    streams = Streams(group)
    tracker = _tracker(
        config, group, tasks, (results.note, streams.note), webhooks.hooks if webhooks else None
    )
    _observe(tracker)
    for work in (tracker.watch, results.run, registry.tidy):
        group.start_soon(run_logged, work.__qualname__, work)
    closing = closing or anyio.Event()
    group.start_soon(_release, closing, tracker, streams)
    bridge = Bridge(registry, tasks, tracker, results)
    recoverer = _recoverer(bridge, tracker, table)
    group.start_soon(run_logged, "taking tasks over", recoverer.run)
    _tend(group, tasks, tracker, table)
    if webhooks:
        group.start_soon(webhooks.run, tasks)
    tickets = pages.tickets if pages else None
    sign_ins = SignIns(group, partial(_sign_in, registry, pages), tickets)
    audit = door.audit if door else audit_of(config.server, table)
    _keep(group, audit, stores.audit)
    shared = (bridge, streams, recoverer, sign_ins, closing, state_folder, audit)
    app = _app(*shared, rates=stores.rates, local=local)
    return Composition(app, results, tasks, tracker, StoreHealth(tasks, group), stores.audit)


def _registry(
    config: Config,
    reloader: Reloader | None,
    stores: Stores,
    may_sign_in: Callable[[str], bool],
) -> Registry:
    """Return the agents as the caller of the request under way may use them."""
    access = Access(lambda: registry.config.server.access)
    registry = Registry(
        config,
        reloader,
        overrides=stores.tasks,
        logins=stores.logins,
        may_sign_in=may_sign_in,
        registered=_registered(stores),
        subject=subject,
        caller=owner,
        may_use=access.may_use,
        may_change=access.may_change,
        pins=stores.pins,
    )
    return registry


def _tend(group: TaskGroup, tasks: Store, tracker: TaskTracker, table: StoreTable | None) -> None:
    """Let the task map be tended, and on a shared database hear which tasks stop elsewhere."""
    group.start_soon(run_logged, "tending the task map", tasks.tend)
    if table:
        hear = partial(tasks.hear_stops, tracker.stopped_elsewhere)
        group.start_soon(run_logged, "hearing of stops", hear)


def _keep(group: TaskGroup, audit: Audit | None, place: AuditPlace | None) -> None:
    """Let the lines of the audit be kept in the store, where the configuration wants it."""
    if audit and place:
        group.start_soon(run_logged, "keeping the audit", partial(audit.keep, place))
        group.start_soon(run_logged, "tending the audit", place.tend)


def _observe(tracker: TaskTracker) -> None:
    """Let operators see how many tasks this process reads, and how."""

    def running() -> int:
        return len(tracker.records())

    observe("a2a_mcp.tasks.running", "Tasks that are read", running)
    observe("a2a_mcp.tasks.followed", "Over a stream", lambda: running() - tracker.polled)
    observe("a2a_mcp.tasks.polled", "By asking their agents", lambda: tracker.polled)


def _registered(stores: Stores) -> RegisteredAgents | None:
    """Return the agents that callers have added, where the configuration lets them."""
    if stores.registered is None:
        return None
    from a2a_mcp.agents.registered import RegisteredAgents

    return RegisteredAgents(stores.registered)


def _recoverer(bridge: Bridge, tracker: TaskTracker, table: StoreTable | None) -> TaskRecoverer:
    if table is None:
        return TaskRecoverer(bridge, bridge.tasks, tracker)
    beat = table.heartbeat_seconds
    return TaskRecoverer(
        bridge, bridge.tasks, tracker, note_seconds=beat, word_seconds=beat, search_seconds=beat
    )


def _tracker(
    config: Config,
    group: TaskGroup,
    tasks: TaskStore,
    watchers: tuple[Watcher, ...],
    hooks: Hooks | None,
) -> TaskTracker:
    return TaskTracker(
        group,
        tasks,
        watchers=watchers,
        memory=UpdateMemory(config.server.updates_bytes, joined_text),
        most_followed=bounded_by_descriptors(config.server.max_followed),
        most_of_owner=config.server.limits.running_tasks,
        hooks=hooks,
    )


def _may_sign_in(pages: SignInPages | None, local: bool, owner: str) -> bool:
    """Return whether an owner has logins: over stdio the person here, else who can prove it."""
    if local:
        return owner == LOCAL_OWNER
    return owner != LOCAL_OWNER and pages is not None and pages.serves(owner)


def _sign_in(
    registry: Registry, pages: SignInPages | None, owner: str, agent: str
) -> AbstractAsyncContextManager[SignIn]:
    from a2a_mcp.sign_in import signing_in  # most agents need no sign-in

    connection = registry.connection(agent, owner)
    if pages is None:
        return signing_in.signing_in(connection)
    return signing_in.signing_in_by_page(connection, pages.tickets, owner)


def _app(
    bridge: Bridge,
    streams: Streams,
    recoverer: TaskRecoverer,
    sign_ins: SignIns,
    closing: anyio.Event,
    state_folder: Path | None,
    audit: Audit | None,
    *,
    rates: CallRates,
    local: bool,
) -> App:
    registry = bridge.registry
    server = registry.config.server
    files = ArtifactFiles(registry, state_folder, local=local)
    return App(
        registry,
        bridge,
        TaskLister(registry, bridge.tasks, bridge.reader),
        streams,
        ArtifactReader(registry, bridge.reader, files),
        Jobs(bridge),
        files,
        recoverer,
        rates,
        sign_ins,
        closing,
        audit,
        SkillOffer(registry, streams) if server.offers_skills else None,
        state_folder,
        local,
    )


async def _release(closing: anyio.Event, tracker: TaskTracker, streams: Streams) -> None:
    """Let waiting calls and streams end, once `closing` is set."""
    await closing.wait()
    tracker.release()
    streams.close()
