"""The rooms, and what else can be seen in the source itself: CONTRIBUTING says why each is so."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import pytest

import a2a_mcp

PACKAGE: Final = Path(a2a_mcp.__file__).parent

# Lowest level first: a room imports from the levels below its own. Rooms of one level do not know
# each other.
LEVELS: Final[tuple[tuple[str, ...], ...]] = (
    ("a2a", "text", "errors"),
    ("config", "files", "telemetry"),
    ("store",),
    ("agents", "presentation"),
    ("tracking", "elicitation", "sign_in"),
    ("bridge",),
    ("server",),
    ("demo",),
    ("cli",),
    ("__main__",),
)

# These import nothing of ours from other rooms.
FOUNDATIONS: Final = ("a2a", "text", "errors")

# What may never be imported, although the order would allow it.
NEVER: Final[dict[str, tuple[str, ...]]] = {
    "tracking": ("presentation",),
    "store": ("presentation",),
    "a2a": ("a2a_mcp",),
}

# Functions of their arguments: no clock, no disk, no network. (A JSON-RPC call's id is made up.)
PURE: Final = (
    "bridge.last_seen",
    "cli.images",
    "cli.work.inspect_page",
    "a2a.card_model",
    "a2a.auth.oauth.errors",
    "a2a.auth.oauth.metadata",
    "a2a.auth.oauth.token",
    "a2a.cumulative",
    "a2a.model",
    "a2a.pieces",
    "a2a.requests",
    "a2a.sizes",
    "a2a.errors",
    "a2a.ids",
    "a2a.updates",
    "a2a.bindings",
    "a2a.decoding",
    "a2a.grpc.causes",
    "a2a.grpc.schema",
    "a2a.grpc.schema_0_3",
    "a2a.grpc.schema_1_0",
    "a2a.grpc.statuses",
    "a2a.signatures.forms",
    "a2a.signatures.projection",
    "a2a.http.limits",
    "a2a.http.json_lines",
    "a2a.http.large_json",
    "a2a.http.sse",
    "a2a.versions",
    "bridge.updates",
    "config.command_output",
    "config.values",
    "elicitation",
    "errors",
    "files.accepted_types",
    "files.media_types",
    "presentation",
    "store.base",
    "store.masked_texts",
    "store.moving.places",
    "store.moving.tables",
    "store.sqlite.records",
    "store.sqlite.schema",
    "text",
    "tracking.fairness",
    "tracking.guard",
    "tracking.happenings",
    "tracking.news",
    "tracking.packed",
    "tracking.phases",
    "tracking.replay",
    "tracking.sameness",
    "tracking.state",
    "tracking.tail",
    "tracking.times",
)
IMPURE: Final = frozenset(
    {
        *("anyio", "asyncio", "threading", "subprocess"),
        *("grpc", "httpx", "mcp", "socket", "ssl", "sqlite3", "platformdirs"),
        *("os", "pathlib", "shutil", "sys", "tempfile", "logging"),
        *("random", "secrets", "time"),
    }
)

# The one place of each foreign package.
ONLY_IN: Final[dict[str, tuple[str, ...]]] = {
    "mcp": ("server", "demo"),
    "httpx": ("a2a.http",),
    "grpc": ("a2a.grpc.library",),
    "google": ("a2a.grpc",),
    "opentelemetry": ("server.sdk_private", "telemetry"),
    "prometheus_client": ("telemetry",),
    "a2a": ("demo",),
    "psycopg": ("store.postgres",),
    "psycopg_pool": ("store.postgres",),
    "obstore": ("store.objects",),
    "sqlite3": ("store.sqlite",),
    "platformdirs": ("config.places",),
    "ruamel": ("cli.hosts.documents",),
    "tomlkit": (
        "cli.work.add",
        "cli.work.agents_file",
        "cli.work.auth_tables",
        "cli.hosts.documents",
    ),
    "uvicorn": ("server.transports.http", "server.transports.side_listener", "demo"),
    "starlette": (*("server.transports", "server.auth", "demo"),),
    "jwt": ("a2a.auth.oauth.assertions", "a2a.signatures", "server.auth.issued_tokens"),
    "cryptography": (
        "a2a.auth.client_certificates",
        "a2a.auth.oauth.assertions",
        "a2a.signatures",
        "store.sealing",
    ),
    "rfc8785": ("a2a.signatures",),
    "botocore": ("a2a.auth.aws",),
    "keyring": ("store.keyring_key",),
    "asyncio": ("a2a.http.dialing", "a2a.http.wire", "server.transports.pipes"),
    "cyclopts": ("cli",),
    "rich": ("cli",),
    "h11": ("a2a.http.direct", "a2a.http.exchanges"),
    "threading": ("server.transports.first_words",),
}

# What is imported on first use, so that the start does not pay for it.
ON_FIRST_USE: Final[dict[str, frozenset[str]]] = {
    "a2a.http.memory": frozenset({"ctypes"}),
    "a2a.auth.oauth.client_authentication": frozenset({"a2a_mcp.a2a.auth.oauth.assertions"}),
    "agents.aws_signatures": frozenset({"a2a_mcp.a2a.auth.aws"}),
    "agents.card_cache": frozenset({"a2a_mcp.agents.card_pins", "a2a_mcp.agents.card_signatures"}),
    "agents.credentials": frozenset(
        {
            "a2a_mcp.agents.aws_signatures",
            "a2a_mcp.agents.exchanged_tokens",
            "a2a_mcp.agents.login",
            "a2a_mcp.agents.tokens",
        }
    ),
    "agents.own_certificate": frozenset({"a2a_mcp.a2a.auth.client_certificates"}),
    "agents.registry": frozenset(
        {
            "a2a_mcp.a2a.http.tls",
            "a2a_mcp.agents.catalogues",
            "a2a_mcp.agents.connection",
        }
    ),
    "agents.transports": frozenset({"a2a_mcp.agents.grpc"}),
    "bridge.jobs": frozenset({"a2a_mcp.bridge.questions"}),
    "bridge.registration": frozenset({"a2a_mcp.a2a.http.download"}),
    "cli.demo": frozenset({"a2a_mcp.demo.agent", "a2a_mcp.demo.tour"}),
    "cli.terminal": frozenset({"rich.console", "rich.markdown"}),
    "cli.agents": frozenset({"a2a_mcp.cli.work.agents", "a2a_mcp.cli.work.pin"}),
    "cli.auth": frozenset({"a2a_mcp.cli.work.auth"}),
    "cli.chat": frozenset({"a2a_mcp.cli.work.chat"}),
    "cli.frame": frozenset({"a2a_mcp.cli.failures"}),
    "cli.init": frozenset({"a2a_mcp.cli.work.init"}),
    "cli.inspect": frozenset({"a2a_mcp.cli.work.inspect"}),
    "cli.migrate": frozenset({"a2a_mcp.cli.work.migrate"}),
    "cli.push": frozenset({"a2a_mcp.cli.work.push"}),
    "cli.send": frozenset({"a2a_mcp.cli.work.send"}),
    "cli.tasks": frozenset({"a2a_mcp.cli.work.forget", "a2a_mcp.cli.work.tasks"}),
    "cli.work.check": frozenset({"a2a_mcp.cli.work.deep_check"}),
    "cli.work.migrate": frozenset({"a2a_mcp.store.moving.ends"}),
    "cli.hosts.documents": frozenset(
        {"io", "ruamel.yaml", "ruamel.yaml.error", "tomlkit", "tomlkit.exceptions"}
    ),
    "cli.check": frozenset({"a2a_mcp.cli.work.check"}),
    "cli.completion": frozenset({"a2a_mcp.cli.frame", "a2a_mcp.cli.hosts.table"}),
    "cli.main": frozenset({"a2a_mcp.cli.frame", "a2a_mcp.cli.serve", "a2a_mcp.cli.serve_options"}),
    "cli.serve": frozenset(
        {
            "a2a_mcp.cli.serve_http",
            "a2a_mcp.server.lifespan",
            "a2a_mcp.server.transports.stdio",
        }
    ),
    "cli.serve_http": frozenset({"a2a_mcp.server.stores"}),
    "cli.serve_parts": frozenset(
        {"a2a_mcp.server.transports.webhooks", "a2a_mcp.telemetry.providers"}
    ),
    "config.fields": frozenset({"a2a_mcp.a2a.versions.table"}),
    "config.places": frozenset({"platformdirs"}),
    "config.secrets": frozenset({"a2a_mcp.config.command_secret"}),
    "files.download_mark": frozenset({"ctypes"}),
    "server.composition": frozenset(
        {
            "a2a_mcp.agents.registered",
            "a2a_mcp.sign_in.signing_in",
        }
    ),
    "server.elicitation.rounds": frozenset({"a2a_mcp.bridge.questions"}),
    "server.sdk_private": frozenset({"a2a_mcp.telemetry.tracing"}),
    "server.lifespan": frozenset(
        {
            "a2a_mcp.server.apps.offer",
            "a2a_mcp.server.composition",
            "a2a_mcp.server.other_requests",
            "a2a_mcp.server.prompts",
            "a2a_mcp.server.resources.subscriptions",
            "a2a_mcp.server.skill_server",
        }
    ),
    "server.auth.desks": frozenset(
        {
            "a2a_mcp.sign_in.shared_desk",
            "a2a_mcp.store.postgres.database",
            "a2a_mcp.store.postgres.logins",
            "a2a_mcp.store.postgres.tickets",
            "a2a_mcp.store.sqlite.tickets",
        }
    ),
    "server.stores": frozenset(
        {
            "a2a_mcp.store.objects",
            "a2a_mcp.store.postgres.audit",
            "a2a_mcp.store.postgres.bodies",
            "a2a_mcp.store.postgres.call_rates",
            "a2a_mcp.store.postgres.card_pins",
            "a2a_mcp.store.postgres.database",
            "a2a_mcp.store.postgres.key_mark",
            "a2a_mcp.store.postgres.logins",
            "a2a_mcp.store.postgres.registered",
            "a2a_mcp.store.postgres.results",
            "a2a_mcp.store.postgres.store",
            "a2a_mcp.store.registered",
        }
    ),
    "server.tasks_extension.extension": frozenset(
        {
            "a2a_mcp.server.other_requests",
            "a2a_mcp.server.tasks_extension.detailed_task",
            "a2a_mcp.server.tasks_extension.methods",
        }
    ),
    "server.tools.definitions": frozenset({"a2a_mcp.server.tools.calls"}),
    "server.transports.stdio": frozenset({"a2a_mcp.server.transports.pipes"}),
    "server.tools.offer": frozenset(
        {
            "a2a_mcp.server.tools.push",
            "a2a_mcp.server.tools.registry",
            "a2a_mcp.server.tools.skills",
        }
    ),
    "store.keyring_key": frozenset({"keyring"}),
    "sign_in.shared_desk": frozenset({"a2a_mcp.store.sealing"}),
    "store.login_folder": frozenset({"a2a_mcp.store.keyring_key", "a2a_mcp.store.sqlite.logins"}),
    "store.logins": frozenset({"a2a_mcp.store.sealing"}),
    "store.sqlite.census": frozenset({"a2a_mcp.store.sqlite.space"}),
    "store.objects": frozenset({"obstore.exceptions", "obstore.store"}),
    "store.sqlite.store": frozenset({"a2a_mcp.store.sqlite.file"}),
    "store.sqlite.upkeep": frozenset({"a2a_mcp.store.sqlite.space"}),
    "telemetry.descriptors": frozenset({"resource"}),
    "telemetry.metrics": frozenset({"opentelemetry.metrics"}),
    "telemetry.providers": frozenset(
        {
            "opentelemetry.exporter.otlp.proto.http.metric_exporter",
            "opentelemetry.exporter.otlp.proto.http.trace_exporter",
            "opentelemetry.exporter.prometheus",
            "opentelemetry.metrics",
            "opentelemetry.sdk.metrics",
            "opentelemetry.sdk.metrics.export",
            "opentelemetry.sdk.resources",
            "opentelemetry.sdk.trace",
            "opentelemetry.sdk.trace.export",
            "opentelemetry.trace",
            "prometheus_client",
        }
    ),
    "telemetry.tracing": frozenset(
        {"opentelemetry.context", "opentelemetry.propagate", "opentelemetry.trace"}
    ),
    "tracking.streaming": frozenset({"a2a_mcp.tracking.delivery"}),
}

# What only the composition root of the server may name.
CONCRETE: Final[dict[str, frozenset[str]]] = {
    "store.objects": frozenset({"server.stores"}),
    "store.results": frozenset({"server.composition", "server.stores"}),
    "store.result_folder": frozenset({"server.stores"}),
    "store.postgres": frozenset({"server.auth.desks", "server.stores"}),
    "store.sqlite": frozenset({"server.auth.desks", "server.stores"}),
    "tracking.tracker": frozenset({"server.composition"}),
}

# The last lines of defence, where anything at all must become words.
CATCH_ALL: Final = frozenset(
    {("server.tools.strict", "run"), ("telemetry.supervise", "run_logged")}
)

MOST_LINES_OF_A_FILE: Final = 300
MOST_LINES_OF_A_FUNCTION: Final = 60
NAMELESS: Final = frozenset({"utils", "util", "common", "helpers", "misc", "core", "manager"})


@dataclass(frozen=True)
class Import:
    """One imported module: its full name, whether inside a function, whether for types only."""

    name: str
    on_first_use: bool
    for_types: bool


@dataclass(frozen=True)
class Module:
    """One file of the package; `name` is without `a2a_mcp.`, empty for the package itself."""

    name: str
    text: str

    def within(self, *names: str) -> bool:
        return any(self.name == name or self.name.startswith(f"{name}.") for name in names)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self.tree))


@cache
def modules() -> dict[str, Module]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        name = name.removesuffix("__init__").rstrip(".") if name != "__main__" else name
        found[name] = Module(name, path.read_text(encoding="utf-8"))
    return found


def _imports(node: ast.AST, inside: bool = False, types: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for name in _imported(child):
            yield Import(name, inside, types)
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _imports(child, inside or is_function, types or is_for_types)


def _imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(source), names=names, level=0):
            for alias in names:
                below = f"{source}.{alias.name}"
                yield below if ours(below) in modules_on_disk() else source
        case ast.ImportFrom(level=level) if level:
            yield "." * level  # relative: refused by a test of its own


@cache
def modules_on_disk() -> frozenset[str]:
    files = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return frozenset(".".join(file.parts).removesuffix(".__init__") for file in files)


def ours(name: str) -> str | None:
    """Return a module's name within the package, None for one that is not ours."""
    return name.removeprefix("a2a_mcp.") if name.startswith("a2a_mcp.") else None


def room(name: str) -> str:
    """Return the room of a module: the first part of its name."""
    return name.split(".")[0]


def level(name: str) -> int | None:
    """Return the level of a module's room; None for a room that the table does not know."""
    found = (number for number, rooms in enumerate(LEVELS) if room(name) in rooms)
    return next(found, None)


def every() -> list[Module]:
    return list(modules().values())


def test_every_module_stands_in_a_room() -> None:
    assert [module.name for module in every() if module.name and level(module.name) is None] == []


def test_only_the_named_modules_stand_outside_the_rooms() -> None:
    loose = {path.stem for path in PACKAGE.glob("*.py")}
    assert loose == {"__init__", "__main__", "errors"}


def test_the_tables_name_no_module_that_is_gone() -> None:
    named = [*(name for names in LEVELS for name in names), *PURE, *ON_FIRST_USE]
    assert [name for name in named if name not in modules()] == []


def test_imports_go_downward_only() -> None:
    upward = [
        f"{module.name} imports {name}"
        for module in every()
        for imported in module.imports
        if (name := ours(imported.name))
        and room(name) != room(module.name)
        and (here := level(module.name)) is not None
        and (there := level(name)) is not None
        and there >= here
    ]
    assert upward == []


@pytest.mark.parametrize("name", NEVER)
def test_a_room_never_imports_what_it_must_not_know(name: str) -> None:
    forbidden = [
        f"{module.name} imports {imported.name}"
        for module in every()
        if room(module.name) == name
        for imported in module.imports
        if imported.name in NEVER[name] or room(ours(imported.name) or "") in NEVER[name]
    ]
    assert forbidden == []


@pytest.mark.parametrize("path", [p for p in PACKAGE.rglob("__init__.py") if p.parent != PACKAGE])
def test_a_room_says_what_it_is_for_in_ten_lines(path: Path) -> None:
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert 1 <= len(words.splitlines()) <= 10


def test_no_two_modules_import_each_other_even_in_a_ring() -> None:
    below: dict[str, set[str]] = {
        module.name: {name for item in module.imports if (name := ours(item.name))}
        for module in every()
    }
    while leaves := {name for name, rest in below.items() if not rest & below.keys()}:
        below = {name: rest for name, rest in below.items() if name not in leaves}
    assert sorted(below) == []


@pytest.mark.parametrize("name", FOUNDATIONS)
def test_a_foundation_imports_nothing_of_the_other_rooms(name: str) -> None:
    outside = [
        f"{module.name} imports {imported.name}"
        for module in every()
        if room(module.name) == name
        for imported in module.imports
        if (found := ours(imported.name)) and room(found) != name
    ]
    assert outside == []


@pytest.mark.parametrize("name", CONCRETE)
def test_only_the_composition_names_concrete_stores_and_trackers(name: str) -> None:
    users = [
        module.name
        for module in every()
        if module.within("server", "cli", "demo")
        for imported in module.imports
        if (ours(imported.name) or "").startswith(name)
    ]
    assert set(users) == CONCRETE[name]


def test_only_the_command_knows_the_demo() -> None:
    users = [
        module.name
        for module in every()
        if not module.within("demo", "cli")
        for imported in module.imports
        if (ours(imported.name) or "").split(".")[0] == "demo"
    ]
    assert users == []


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_foreign_package_is_used_only_in_its_places(package: str) -> None:
    elsewhere = [
        module.name
        for module in every()
        if not module.within(*ONLY_IN[package])
        and any(imported.name.split(".")[0] == package for imported in module.imports)
    ]
    assert elsewhere == []


def test_pure_modules_import_nothing_that_touches_the_world() -> None:
    faults = [
        f"{module.name} imports {imported.name}"
        for module in every()
        if module.within(*PURE)
        for imported in module.imports
        if not imported.for_types and not _is_pure(imported.name)
    ]
    assert faults == []


def _is_pure(name: str) -> bool:
    module = ours(name)
    if module is None:
        return name.split(".")[0] not in IMPURE
    return modules()[module].within(*PURE)


def test_imports_inside_functions_are_only_those_listed() -> None:
    found = {
        module.name: inner
        for module in every()
        if (inner := frozenset(item.name for item in module.imports if item.on_first_use))
    }
    assert found == ON_FIRST_USE


def test_imports_are_absolute() -> None:
    assert [m.name for m in every() if any(i.name.startswith(".") for i in m.imports)] == []


@pytest.mark.parametrize("name", ["a2a_mcp.server.lifespan", "a2a_mcp.cli.main"])
def test_a_cold_start_loads_neither_httpx_nor_sqlite(name: str) -> None:
    code = f"import sys, {name}; print(*sorted({{'httpx', 'sqlite3', 'a2a'}} & {{*sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []


def test_what_a_host_is_told_first_is_told_without_the_sdk() -> None:
    code = "import sys, a2a_mcp.cli.serve; print(*{'mcp', 'mcp_types', 'asyncio'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []


def test_until_a_host_asks_for_work_none_of_the_rooms_that_do_it_is_loaded() -> None:
    code = "import sys, a2a_mcp.cli.serve, a2a_mcp.server.lifespan; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {room(name) for module in done.stdout.split() if (name := ours(module))}
    assert loaded & {"agents", "bridge", "elicitation", "tracking"} == set()


def test_an_agent_over_http_loads_nothing_of_grpc() -> None:
    code = (
        "import sys, a2a_mcp.agents.connection; print({'grpc', 'google.protobuf'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "set()"


def test_everything_is_caught_only_at_the_last_lines_of_defence() -> None:
    found = {(module.name, place) for module in every() for place in _catch_alls(module.tree)}
    assert found == CATCH_ALL


def _catch_alls(node: ast.AST, place: str = "") -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        inner = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else place
        if isinstance(child, ast.ExceptHandler) and _is_broad(child.type):
            yield place
        yield from _catch_alls(child, inner)


def test_an_error_is_never_changed_after_it_is_raised() -> None:
    changed = [
        f"{module.name}: {ast.unparse(target)}"
        for module in every()
        for handler in ast.walk(module.tree)
        if isinstance(handler, ast.ExceptHandler)
        for target in ast.walk(handler)
        if isinstance(target, ast.Attribute)
        and isinstance(target.ctx, ast.Store)
        and ast.unparse(target.value) == handler.name
    ]
    assert changed == []


def _is_broad(caught: ast.expr | None) -> bool:
    names = {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)} if caught else {""}
    return bool(names & {"", "Exception", "BaseException"})


def test_nothing_is_global() -> None:
    found = [m.name for m in every() if any(isinstance(n, ast.Global) for n in ast.walk(m.tree))]
    assert found == []


def test_files_and_functions_stay_small() -> None:
    files = [
        f"{module.name}: {lines} lines"
        for module in every()
        if (lines := len(module.text.splitlines())) > MOST_LINES_OF_A_FILE
    ]
    functions = [
        f"{module.name}.{node.name}: {lines} lines"
        for module in every()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    ]
    assert files + functions == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [m.name for m in every() if NAMELESS & {*m.name.split(".")}] == []
