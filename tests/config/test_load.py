import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from a2a_mcp.a2a.auth.static import ApiKey, Bearer
from a2a_mcp.config.auth import AUTH_TABLES
from a2a_mcp.config.builder import slug
from a2a_mcp.config.limits import Limits
from a2a_mcp.config.load import Config, exposed, load, log_level, state_folder
from a2a_mcp.config.places import config_path
from a2a_mcp.config.push import PushTable
from a2a_mcp.config.reload import Reloader
from a2a_mcp.config.schema import AgentConfig, FileTable, ServerConfig
from a2a_mcp.config.store import StoreTable
from a2a_mcp.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "agents.example.toml"
X = 'url = "https://x.example"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agents.toml"


def read(path: Path, text: str, *, strict: bool = False, **environ: str) -> Config:
    path.write_text(text, encoding="utf-8")
    return load(path=path, environ=environ, strict=strict)


def refused(path: Path, text: str, **settings: object) -> list[str]:
    """Return the lines of the error, without the file's name in front."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path=path, environ={}, **settings)  # type: ignore[arg-type]
    return [line.removeprefix(f"{path}: ") for line in caught.value.faults]


# The file


def test_a_file_gives_its_agents_in_order_with_every_setting(path: Path) -> None:
    config = read(
        path,
        """
        default_agent = "B"
        [agents.b]
        url = "https://b.example/a2a"
        description = "Does b"
        version = "0.3"
        binding = "REST"
        tenant = "acme"
        wait_seconds = 5
        ask_user = true
        output_modes = ["text/plain", "image/*"]
        on_cancel = "cancel"
        extensions = ["https://x.example/ext/v1", "urn:x:y"]
        allowed_origins = ["HTTPS://Eu.B.example:8443/"]
        limits = { call_seconds = 7, body_bytes = 100 }
        auth = { type = "bearer", token = { env = "T" } }
        [agents.a]
        card = "cards/a.json"
        [agents.c.card]
        name = "C"
        supportedInterfaces = [{ url = "https://c.example" }]
        """,
        T="the-token",
    )
    b = config.agents["b"]
    assert list(config.agents) == ["b", "a", "c"]
    assert config.default_agent == "b"
    assert config.faults == {}
    assert (b.url, b.version, b.binding, b.tenant) == (
        "https://b.example/a2a",
        "0.3",
        "HTTP+JSON",
        "acme",
    )
    assert (b.on_cancel, config.agents["a"].on_cancel) == ("cancel", "leave")
    assert b.extensions == ("https://x.example/ext/v1", "urn:x:y")
    assert b.ask_user
    assert not config.agents["a"].ask_user
    assert b.allowed_origins == ("https://eu.b.example:8443",)
    assert b.limits == Limits(call_seconds=7, body_bytes=100)
    assert b.auth
    assert isinstance(b.auth[0], Bearer)
    assert config.agents["a"].card == path.parent / "cards" / "a.json"
    assert config.agents["c"].card == {
        "name": "C",
        "supportedInterfaces": [{"url": "https://c.example"}],
    }


def test_a_mistake_in_one_agent_costs_that_agent_alone_and_every_reason_is_said(path: Path) -> None:
    config = read(
        path,
        f"""
        [agents.good]
        {X}
        [agents.bad]
        url = "ftp://bad.example"
        desription = "typo"
        enabled = "yes"
        version = 0.3
        limits = {{ cal_seconds = 1, body_bytes = 0 }}
        auth = {{ type = "bearer", tokn = "x" }}
        name = "other"
        """,
    )
    assert list(config.agents) == ["good"]
    assert config.faults["bad"].split("; ") == [
        "name: unknown key",
        "the table's own name is the agent's",
        "url: must begin with http:// or https:// and a host",
        "enabled: must be true or false",
        "version: must be '1.0', '0.3', '0.2' or '0.1'",
        "auth.token: is missing",
        "auth.tokn: unknown key",
        "did you mean token?",
        "limits.body_bytes: must be greater than 0",
        "limits.cal_seconds: unknown key",
        "did you mean call_seconds?",
        "desription: unknown key",
        "did you mean description?",
    ]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('[agents.x]\ndescription = "d"', "url or card is missing"),
        ('[agents."a b"]\nurl = "https://x"', "name: a name is 1 to 64 letters"),
        ('[agents.".."]\nurl = "https://x"', "name: a name is 1 to 64 letters"),
        ("[agents]\nx = 3", "must be a table"),
        (
            '[agents.x]\nauth = { type = "magic" }\n' + X,
            "auth: type must be one of bearer, api_key",
        ),
        ("[agents.x]\nauth = {}\n" + X, "auth: type is missing"),
        ('[agents.x]\nbinding = "soap"\n' + X, 'binding: must be "jsonrpc", "http+json" or "grpc"'),
        (
            '[agents.x]\nauth = { type = "bearer", token = "${TOKEN}" }\n' + X,
            'auth.token: is text that looks like a variable; write { env = "NAME" }',
        ),
        ('[agents.x]\nca_file = "none.pem"\n' + X, "ca_file: there is no file"),
        (
            "[agents.x]\nlimits = { call_seconds = inf }\n" + X,
            "limits.call_seconds: must be a finite",
        ),
        ('[agents.x]\non_cancel = "stop"\n' + X, "on_cancel: must be"),
        ('[agents.x]\nextensions = ["timestamps"]\n' + X, "extensions.0: must be a URI"),
        ('[agents.x]\nextensions = ["urn:a,urn:b"]\n' + X, "extensions.0: must be a URI"),
        ('[agents.x]\nextensions = ["urn:a\\r\\nX: y"]\n' + X, "extensions.0: must be a URI"),
        ('[agents.x]\noutput_modes = ["text"]\n' + X, "output_modes.0: must be a media type"),
        (
            '[agents.x]\nallowed_origins = ["https://y/z"]\n' + X,
            "allowed_origins.0: must be an origin",
        ),
        ('[agents.x]\nurl = "grpcs://a.example:443/path"', "url: gRPC has no path"),
        ('[agents.x]\nurl = "grpc://a.example:50051"', "grpc:// is without TLS"),
        ('[agents.x]\nendpoint = "grpc://a.example:1"\n' + X, "grpc:// is without TLS"),
        ('[agents.x]\nallowed_origins = ["grpcs://y/z"]\n' + X, "allowed_origins.0: gRPC has"),
        (
            '[agents.x]\nbinding = "grpc"\nendpoint = "https://x.example/a"\n' + X,
            "gRPC has no path: endpoint must be grpcs://host:port",
        ),
        ('[agents.x]\nurl = "unix:///run/agent.sock"', "url: must begin with http://"),
        ('[agents.x]\nurl = "xds:///agent"', "url: must begin with http://"),
        ('[agents.x]\nproxy = "grpc://p.example:1"\n' + X, "proxy: must begin with http://"),
        ("[agents.x]\nwait_seconds = 9\nmax_wait_seconds = 8\n" + X, "must not be more than"),
    ],
)
def test_each_mistake_is_said_in_words(path: Path, table: str, reason: str) -> None:
    config = read(path, table)
    assert config.agents == {}
    assert reason in next(iter(config.faults.values()))


@pytest.mark.parametrize(
    "url",
    [
        "x.example",
        "https://",
        "https://[::1",
        "https://x:99999",
        "https://a b",
        "https://x\\@y",
        "file:///x",
    ],
)
def test_what_is_no_web_address_is_refused(path: Path, url: str) -> None:
    assert read(path, f"[agents.x]\nurl = '{url}'").faults["x"].startswith("url: ")


def test_a_url_with_a_password_is_refused_without_repeating_it(path: Path) -> None:
    fault = read(path, '[agents.x]\nurl = "https://me:hunter2@x.example"').faults["x"]
    assert fault == "url: must not hold a user name or password; set auth instead"


def test_names_that_differ_only_in_case_are_one_name(path: Path) -> None:
    config = read(path, f"[agents.Currency]\n{X}[agents.currency]\n{X}")
    assert list(config.agents) == ["Currency"]
    assert "same name but for the case" in config.faults["currency"]


@pytest.mark.parametrize(
    "secret", ['auth = { type = "bearer", token = "abc" }', 'headers = { K = "abc" }']
)
def test_credentials_do_not_travel_in_the_clear_unless_that_is_allowed(
    path: Path, secret: str
) -> None:
    def agent(url: str, more: str = "") -> Config:
        return read(path, f'[agents.x]\nurl = "{url}"\n{secret}\n{more}')

    assert "plain http" in agent("http://x.example").faults["x"]
    assert "plain http" in agent("https://x.example", 'allowed_origins = ["http://y"]').faults["x"]
    for fine in ("https://x.example", "http://localhost:1", "http://127.0.0.2", "http://[::1]:9"):
        assert agent(fine).faults == {}
    assert agent("http://x.example", "allow_http = true").faults == {}


def test_plain_http_without_credentials_is_fine(path: Path) -> None:
    config = read(path, '[agents.x]\nurl = "http://x"\nheaders = { "User-Agent" = "bridge" }')
    assert config.faults == {}


def test_an_agent_that_is_switched_off_is_not_asked_for_its_credentials(path: Path) -> None:
    off = 'enabled = false\nauth = { type = "bearer", token = { env = "NONE" } }\n'
    config = read(path, f"[agents.x]\n{X}{off}")
    assert (config.agents["x"].enabled, config.faults) == (False, {})
    assert "did you mean" in read(path, f"[agents.x]\n{X}{off}desciption = 'x'").faults["x"]


def test_mistakes_of_the_file_itself_are_all_said_at_once(path: Path) -> None:
    lines = refused(
        path,
        f"""
        default_agent = "curency"
        agent = 1
        [server]
        prt = 1
        wait_seconds = "long"
        path = "mcp"
        durability = "some"
        keep_days = -1
        state_key = "short"
        ask_seconds = 0
        tokens = {{ alice = {{ env = "NONE" }} }}
        [agents.currency]
        {X}
        """,
        urls=["https://me:hunter2@y.example"],
    )
    assert lines == [
        "server.wait_seconds: must be a number",
        "server.ask_seconds: must be greater than 0",
        "server.durability: must be 'normal' or 'full'",
        "server.keep_days: must be greater than or equal to 0",
        "server.state_key: must be at least 32 bytes, as random as can be",
        "server.path: must begin with / and hold no spaces, ? or #",
        "server.tokens.alice: the environment variable NONE is not set",
        "server.prt: unknown key; did you mean port?",
        "agent: unknown key; did you mean agents?",
        "argument: URL 1: must not hold a user name or password; set auth instead",
        "default_agent: no agent has this name; did you mean currency?",
    ]


@pytest.mark.parametrize(
    ("store", "fault"),
    [
        ('{ url = "mysql://db/x" }', "server.store.url: must begin with postgresql://"),
        (
            '{ url = { env = "NONE" } }',
            "server.store.url: the environment variable NONE is not set",
        ),
        ('{ url = "postgresql://db/x", pool = 1 }', "server.store.pool: must be greater than or"),
        ("{ pool = 4 }", "server.store.url: is missing"),
        *(
            (
                f'{{ url = "postgresql://db/x", files = "{url}" }}',
                "server.store.files: must be s3://",
            )
            for url in ("bucket", "s3://", "https://bucket.example", "s3://k:s@bucket", "file:///")
        ),
        (
            '{ url = "postgresql://db/x" }',
            "server: state_key is missing: processes that share a store must share a key",
        ),
    ],
)
def test_a_store_that_cannot_be_used_is_named(path: Path, store: str, fault: str) -> None:
    (line,) = refused(path, f"[server]\nstore = {store}\n")
    assert line.startswith(fault)


def test_logins_in_a_database_are_sealed_with_no_key_of_one_machine(path: Path) -> None:
    store = 'store = { url = "postgresql://db/x" }'
    (line,) = refused(path, f'[server]\n{store}\nstate_key = "{"k" * 32}"\nlogins = "keyring"\n')
    assert line == 'server: logins must be "file": no keyring is shared as the store is'


def test_object_storage_needs_its_library(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has = {"psycopg": True, "obstore": None}
    monkeypatch.setattr("a2a_mcp.config.store.find_spec", has.get)
    table = 'store = { url = "postgresql://db/x", files = "s3://bucket/prefix" }'
    (line,) = refused(path, f"[server]\n{table}\n")
    assert line.startswith("server.store: files needs the extra")


def test_a_store_is_refused_on_windows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2a_mcp.config.store.sys", SimpleNamespace(platform="win32"))
    (line,) = refused(path, '[server]\nstore = { url = "postgresql://db/x" }\n')
    assert line.startswith("server.store: the library for PostgreSQL does not run in Windows'")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("bridge.example/push", "must begin with http:// or https:// and a host"),
        ("http://bridge.example/push", "must begin with https://, or be on this machine"),
        ("http://10.0.0.7/push", "must begin with https://, or be on this machine"),
        ("https://bridge.example", "must have a plain path"),
        ("https://bridge.example/", "must have a plain path"),
        ("https://bridge.example/push?x=1", "must have a plain path"),
        ("https://bridge.example/{name}", "must have a plain path"),
        ("https://bridge.example/push#x", "must not hold a fragment (#)"),
        ("https://me:hunter2@bridge.example/push", "must not hold a user name or password"),
        ("grpcs://bridge.example:443", "must begin with http:// or https:// and a host"),
    ],
)
def test_an_address_that_agents_cannot_post_to_is_refused(
    path: Path, url: str, reason: str
) -> None:
    (line,) = refused(path, f'[server.push]\nurl = "{url}"\n')
    assert line.startswith(f"server.push.url: {reason}")
    assert "hunter2" not in line


@pytest.mark.parametrize("port", ["0", "65536", '"8001"'])
def test_the_port_for_posts_is_a_real_one(path: Path, port: str) -> None:
    (line,) = refused(path, f'[server.push]\nurl = "https://b.example/push"\nport = {port}\n')
    assert line.startswith("server.push.port: ")


@pytest.mark.parametrize(
    ("url", "noted"),
    [
        ("https://bridge.example/push/", False),
        ("http://127.0.0.1:8001/push", True),
        ("https://10.0.0.7/push", True),
    ],
)
def test_agents_that_could_not_post_there_are_noted(path: Path, url: str, noted: bool) -> None:
    text = f'[agents.x]\n{X}[agents.y]\nurl = "http://localhost"\n[server.push]\nurl = "{url}"\n'
    config = read(path, text)
    assert config.server.push
    assert config.server.push.url == url.rstrip("/")
    assert [note.partition(":")[0] for note in config.notes] == ["server.push.url"] * noted


def test_a_file_that_is_not_toml_is_refused_with_the_line(path: Path) -> None:
    (line,) = refused(path, '[agents.x]\nurl = "https://x.example"\nurl = \n')
    assert line.startswith("is not TOML: ")
    assert "line 3" in line


@pytest.mark.parametrize("wrong", [r'"C:\Users\me"', r'"D:\agents"', r'"\\host\share"'])
def test_a_windows_path_in_double_quotes_gets_a_hint_at_single_ones(path: Path, wrong: str) -> None:
    (line,) = refused(path, f"[server]\nfiles_dir = {wrong}\n")
    assert "line 2" in line
    assert line.endswith(r"write a Windows path in single quotes: 'C:\Users\…'")


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (r"[server]" + "\n" + r'file_roots = ["C:\temp"]', "server.file_roots.0"),
        (r"[server]" + "\n" + r'files_dir = "C:\notes"', "server.files_dir"),
        (f"[agents.x]\n{X}" + r'ca_file = "C:\backup\new.pem"', "agents.x.ca_file"),
        (f"[agents.x]\n{X}" + r'headers = { X-A = { file = "C:\new" } }', "agents.x.headers.X-A"),
    ],
)
def test_a_windows_path_that_double_quotes_have_changed_gets_the_hint(
    path: Path, table: str, key: str
) -> None:
    (line,) = refused(path, table, strict=True)
    assert line == f"{key}: holds a control character; write a Windows path in single quotes"


def test_a_file_that_cannot_be_read_is_said(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ConfigError, match=r"agents\.toml: cannot be read"):
        load(path=path, environ={})


def test_a_byte_order_mark_is_no_mistake(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf[agents.x]\n" + X.encode())
    assert list(load(path=path, environ={}).agents) == ["x"]


def test_strict_makes_every_mistake_fatal(path: Path) -> None:
    text = '[agents.x]\nurl = 3\n[agents.y]\nauth = { type = "bearer" }\n' + X
    assert refused(path, text, strict=True) == [
        "agents.x.url: must be text in quotes",
        "agents.y.auth.token: is missing",
    ]


def test_a_file_with_secrets_that_everybody_can_read_is_noted(path: Path) -> None:
    text = f'[agents.x]\n{X}auth = {{ type = "bearer", token = "literal-token" }}'
    path.touch(mode=0o644)
    path.chmod(0o644)
    assert "chmod 600" in read(path, text).notes[0]
    path.chmod(0o640)
    assert read(path, text).notes == ()
    path.chmod(0o644)
    assert read(path, f"[agents.x]\n{X}").notes == ()


def test_on_windows_a_file_outside_the_users_folder_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "data"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    assert exposed(home / "AppData" / "agents.toml", windows=True) is None
    assert "user folder" in (exposed(elsewhere / "agents.toml", windows=True) or "")


def test_no_file_is_an_empty_configuration(path: Path) -> None:
    config = load(path=path, environ={})
    assert (config.agents, config.server, config.source) == ({}, ServerConfig(), path)
    assert load(path=None, environ={}).agents == {}


# Environment and arguments


def test_agents_come_from_the_file_then_the_environment_then_the_arguments(path: Path) -> None:
    path.write_text(f"[agents.x]\n{X}", encoding="utf-8")
    environ = {"A2A_AGENTS": " currency = https://c.example , https://d.example/a?b=c,, "}
    config = load(path=path, environ=environ, urls=["http://127.0.0.1:9000"])
    assert {name: agent.url for name, agent in config.agents.items()} == {
        "x": "https://x.example",
        "currency": "https://c.example",
        "d-example-a": "https://d.example/a?b=c",
        "127-0-0-1-9000": "http://127.0.0.1:9000",
    }


def test_the_same_url_again_is_the_same_agent_and_another_url_gets_another_name(path: Path) -> None:
    path.write_text(f"[agents.x]\n{X}", encoding="utf-8")
    environ = {"A2A_AGENTS": "x=https://x.example/,X=https://other.example,https://x.example"}
    config = load(path=path, environ=environ, urls=["https://a.example/b", "https://a.example/B"])
    assert list(config.agents) == ["x", "X-2", "a-example-b", "a-example-b-2"]
    assert config.notes == ("$A2A_AGENTS: X is another agent; this one is named X-2",)


def test_one_url_may_have_two_names(path: Path) -> None:
    config = load(path=path, environ={"A2A_AGENTS": "a=https://x.example,b=https://x.example"})
    assert list(config.agents) == ["a", "b"]


def test_a_bad_entry_of_the_environment_costs_that_agent_alone(path: Path) -> None:
    environ = {"A2A_AGENTS": "x=ftp://x,a b=https://y,https://me:hunter2@z,ok=https://ok"}
    config = load(path=path, environ=environ)
    assert list(config.agents) == ["ok"]
    assert list(config.faults) == ["x", "a b", "A2A_AGENTS-3"]
    assert "hunter2" not in str(config)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://agents.example.com/a2a/currency", "agents-example-com-a2a-currency"),
        ("https://Agents.example.com/.well-known/agent-card.json", "agents-example-com"),
        ("https://x.example/team/.well-known/agent.json", "x-example-team"),
        ("http://localhost:9000/", "localhost-9000"),
        ("https://x/" + "a" * 100, "x-" + "a" * 62),
        ("https://例え.テスト", "agent"),
    ],
)
def test_a_url_without_a_name_is_called_by_its_host_and_path(url: str, name: str) -> None:
    assert slug(url) == name


# Where things are


def test_the_file_is_the_option_else_the_variable_else_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.toml").touch()
    (tmp_path / "b.toml").touch()
    environ = {"A2A_MCP_CONFIG": str(tmp_path / "b.toml")}
    assert config_path(tmp_path / "a.toml", environ) == tmp_path / "a.toml"
    assert config_path(None, environ) == tmp_path / "b.toml"
    with pytest.raises(ConfigError, match=r"none\.toml: --config: there is no such file"):
        config_path(tmp_path / "none.toml", environ)
    with pytest.raises(ConfigError, match=r"\$A2A_MCP_CONFIG: there is no such file"):
        config_path(None, {"A2A_MCP_CONFIG": str(tmp_path / "none.toml")})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents.toml").touch()
    users = config_path(None, {})
    assert users is not None
    assert users.is_absolute()
    assert tmp_path not in users.parents


def test_state_is_kept_where_the_option_the_variable_or_the_file_says(tmp_path: Path) -> None:
    config = read(tmp_path / "agents.toml", '[server]\nstate_dir = "state"')
    environ = {"A2A_MCP_STATE_DIR": str(tmp_path / "b")}
    assert state_folder(tmp_path / "a", config, environ) == tmp_path / "a"
    assert state_folder(None, config, environ) == tmp_path / "b"
    assert state_folder(None, config, {}) == tmp_path / "state"
    assert state_folder(None, Config(), {}).is_absolute()
    assert state_folder(None, Config(), {}).name == "a2a-mcp"


def test_the_log_level_is_the_option_else_the_variable_else_warning() -> None:
    assert log_level("DEBUG", {"A2A_MCP_LOG": "info"}) == "debug"
    assert log_level(None, {"A2A_MCP_LOG": "info"}) == "info"
    assert log_level(None, {}) == "warning"
    with pytest.raises(ConfigError, match="--log-level: must be one of debug"):
        log_level("loud", {})


# A file that changes


def test_a_change_of_the_file_is_noticed_at_most_once_a_second(path: Path) -> None:
    path.write_text(f"[agents.x]\n{X}", encoding="utf-8")
    reloader = Reloader(
        path=path, urls=["https://arg.example"], environ={"A2A_AGENTS": "e=https://e"}
    )
    assert reloader.reload_if_changed(100.0) is None
    path.write_text(f"[agents.x]\n{X}[agents.new]\n{X}", encoding="utf-8")
    assert reloader.reload_if_changed(100.9) is None
    config = reloader.reload_if_changed(101.0)
    assert config is reloader.config
    assert list(config.agents) == ["x", "new", "e", "arg-example"]
    assert reloader.reload_if_changed(102.0) is None


def test_a_broken_file_keeps_the_old_agents_and_says_so_until_it_is_mended(path: Path) -> None:
    path.write_text(f"[agents.x]\n{X}", encoding="utf-8")
    reloader = Reloader(path=path, environ={})
    path.write_text("[agents.", encoding="utf-8")
    assert reloader.reload_if_changed(1.0) is None
    assert list(reloader.config.agents) == ["x"]
    assert "is not TOML" in str(reloader.problem)
    path.unlink()
    assert reloader.reload_if_changed(2.0) is None
    assert "is gone" in str(reloader.problem)
    assert list(reloader.config.agents) == ["x"]
    path.write_text(f"[agents.y]\n{X}", encoding="utf-8")
    assert reloader.reload_if_changed(3.0) is not None
    assert (list(reloader.config.agents), reloader.problem) == (["y"], None)


def test_a_file_that_appears_later_is_read(path: Path) -> None:
    reloader = Reloader(path=path, environ={})
    assert reloader.config.agents == {}
    path.write_text(f"[agents.x]\n{X}", encoding="utf-8")
    config = reloader.reload_if_changed(1.0)
    assert config is not None
    assert list(config.agents) == ["x"]


def test_a_new_token_in_a_secrets_file_is_noticed_and_the_old_one_stays_masked(path: Path) -> None:
    token = path.parent / "token"
    token.write_text("first-token")
    auth = 'auth = { type = "bearer", token = { file = "token" } }'
    path.write_text(f"[agents.x]\n{X}{auth}\n[agents.y]\n{X}", encoding="utf-8")
    reloader = Reloader(path=path, environ={})
    before = reloader.config.agents
    token.write_text("second-token!")
    config = reloader.reload_if_changed(1.0)
    assert config is not None
    assert config.agents["x"] != before["x"]
    assert config.agents["y"] == before["y"]
    assert config.secrets.mask("first-token second-token!") == "*** ***"


def test_a_configuration_that_cannot_be_read_at_first_is_an_error(path: Path) -> None:
    path.write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError):
        Reloader(path=path, environ={})


# The example


def test_the_example_loads_as_it_stands() -> None:
    config = load(path=EXAMPLE, environ={}, strict=True)
    assert (config.faults, config.notes) == ({}, ())
    assert [name for name, agent in config.agents.items() if agent.enabled] == ["currency"]
    assert config.agents["currency"].limits == Limits()
    assert config.server == ServerConfig()


def test_the_example_loads_with_the_lines_that_are_commented_out(path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    whole = re.sub(r"^# (\w+ = |\[)", r"\1", text, flags=re.MULTILINE)
    secrets = {"ALICE_TOKEN": "token-of-alice", "STATE_KEY": "k" * 32}
    config = read(path, whole, strict=True, **secrets, DATABASE_URL="postgresql://db.example/x")
    assert config.agents["currency"].binding == "JSONRPC"
    assert config.server.state_dir == path.parent / "state"
    assert list(config.server.tokens) == ["alice"]
    assert config.server.push
    assert config.server.push.port == 8001


@pytest.mark.parametrize(
    "model",
    [FileTable, AgentConfig, ServerConfig, PushTable, StoreTable, Limits, *AUTH_TABLES.values()],
)
def test_the_example_shows_every_key(model: type[FileTable]) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for name, field in model.model_fields.items():
        key = field.alias or name
        assert re.search(rf"(^|[#{{,]\s*){key} = |\[.*\b{key}\b.*\]", text, re.MULTILINE), key


def test_a_header_may_follow_the_conversation(path: Path) -> None:
    table = 'url = "http://agent.example"\nheaders = { "X-Session" = { context = true } }\n'
    agent = read(path, f"[agents.it]\n{table}").agents["it"]
    assert agent.follows_conversations
    assert not agent.has_credentials  # so it may travel over http


@pytest.mark.parametrize("value", ["{ context = false }", '{ context = true, env = "X" }'])
def test_a_header_that_follows_the_conversation_has_one_form(path: Path, value: str) -> None:
    config = read(path, f'[agents.it]\nurl = "https://a.example"\nheaders = {{ X = {value} }}\n')
    assert "{ context = true }" in config.faults["it"]


def test_credentials_do_not_go_to_an_endpoint_in_the_clear(path: Path) -> None:
    table = '[agents.it]\nurl = "https://a.example"\nendpoint = "http://b.example/a2a"\n'
    config = read(path, table + 'auth = { type = "bearer", token = "t" }\n')
    assert "plain http" in config.faults["it"]


@pytest.mark.parametrize(
    "table",
    [
        'url = "grpcs://a.example:50051"\nauth = { type = "bearer", token = "t0k3n-t0k3n" }',
        'url = "grpc://127.0.0.1:50051"\nbinding = "grpc"',
        'url = "grpc://a.example:50051"\nallow_http = true',
        'url = "https://a.example"\nendpoint = "grpcs://a.example:50051"',
        'url = "https://a.example"\nallowed_origins = ["grpcs://grpc.a.example:443"]',
    ],
)
def test_servers_of_grpc_can_be_named(path: Path, table: str) -> None:
    config = read(path, f"[agents.x]\n{table}")
    assert config.faults == {}
    assert list(config.agents) == ["x"]


def test_a_server_of_grpc_can_be_an_argument(path: Path) -> None:
    config = load(path=path, urls=["it=grpcs://a.example:50051"], environ={})
    assert config.agents["it"].url == "grpcs://a.example:50051"
    with pytest.raises(ConfigError) as refused:
        load(path=path, urls=["grpc://a.example:50051"], environ={})
    assert "argument: URL 1: grpc:// is without TLS" in str(refused.value)


OAUTH_FAULTS = (
    ('client_id = "c", flow = "client_credentials"', "client_secret is missing"),
    ('client_id = "c", flow = "magic"', "auth.flow: must be"),
    ('flow = "device_code"', "client_id is missing"),
    ('client_id = "c", register = true', "keep one of them"),
    ('register = true, client_secret = "s"', "a client without a secret"),
    ('client_id = "c", issuer = "http://login.example"', "auth.issuer: must begin with https://"),
    ('client_id = "c", issuer = "https://a:b@login.example"', "auth.issuer: must not hold"),
    ('client_id = "c", token_url = "https://x", issuer = "https://x"', "twice"),
    ('client_id = "c", device_url = "https://x"', "token_url is missing"),
    (
        'client_id = "c", token_url = "https://x", flow = "authorization_code"',
        "authorization_url is missing",
    ),
    ('client_id = "c", client_auth = "private_key_jwt"', "client_key is missing"),
    ('client_id = "c", client_auth = "post"', "client_secret is missing"),
    ('client_id = "c", client_auth = "mtls"', "a table of the type mtls"),
    ('client_id = "c", client_key = "no.pem"', "auth.client_key: there is no file"),
    ('client_id = "c", scopes = ["a b"]', "must be scopes"),
    ('client_id = "c", client_secrt = "s"', "did you mean client_secret?"),
)


@pytest.mark.parametrize(("keys", "words"), OAUTH_FAULTS)
def test_a_fault_of_an_oauth_table_is_worded_for_its_key(
    tmp_path: Path, keys: str, words: str
) -> None:
    path = tmp_path / "agents.toml"
    path.write_text(f'[agents.x]\n{X}auth = {{ type = "oauth", {keys} }}')
    fault = load(path=path, environ={}).faults["x"]
    assert words in fault
    assert "a:b" not in fault


SEVERAL = """
[agents.x]
url = "https://x.example"
[[agents.x.auth]]
type = "bearer"
token = "t0k3n-t0k3n"
[[agents.x.auth]]
type = "api_key"
key = "k3y-k3y-k3y"
scheme = "gate"
"""


def test_an_agent_may_have_several_credentials(path: Path) -> None:
    auth = read(path, SEVERAL).agents["x"].auth
    assert auth
    assert [(type(each), each.scheme) for each in auth] == [(Bearer, None), (ApiKey, "gate")]
    assert read(path, f"[agents.x]\n{X}").agents["x"].auth is None
    assert read(path, f"[agents.x]\n{X}auth = []").agents["x"].auth == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('type = "bearer"', "auth.3.token: is missing"),
        ('type = "bearr"', "auth.3: type must be one of bearer, "),
        ('token = "t"', "auth.3: type is missing"),
        ('type = "basic"\nusrname = "u"', "auth.3.usrname: unknown key; did you mean username?"),
    ],
)
def test_a_fault_of_one_of_several_credentials_names_which(
    path: Path, more: str, words: str
) -> None:
    assert words in read(path, f"{SEVERAL}[[agents.x.auth]]\n{more}").faults["x"]


def test_two_sources_of_tokens_for_one_agent_are_refused(path: Path) -> None:
    oauth = '{ type = "oauth", client_id = "c" }'
    told = read(path, f"[agents.x]\n{X}auth = [{oauth}, {oauth}]").faults["x"]
    assert told == "auth: has two tables of the type oauth or exchange; an agent has one at most"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('cert = "no.pem"', "auth.cert: there is no file"),
        ("", "auth.cert: is missing"),
        ('cert = "a.pem", key = "no.key"', "auth.key: there is no file"),
        ('cert = "a.pem", password = { env = "NONE" }', "variable NONE is not set"),
        ('cert = "a.pem", password = { command = ["x"] }', "auth.password: must be"),
    ],
)
def test_a_fault_of_a_certificate_is_worded_for_its_key(path: Path, keys: str, words: str) -> None:
    (path.parent / "a.pem").write_text("-")
    joined = ", ".join(filter(None, ['type = "mtls"', keys]))
    assert words in read(path, f"[agents.x]\n{X}auth = {{ {joined} }}").faults["x"]


def test_a_certificate_is_no_use_over_plain_http(path: Path) -> None:
    (path.parent / "a.pem").write_text("-")
    table = 'url = "http://127.0.0.1:1"\nauth = { type = "mtls", cert = "a.pem" }'
    assert "mtls needs TLS" in read(path, f"[agents.x]\n{table}").faults["x"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('client_id = "c"', "issuer or token_url is missing"),
        ('client_id = "c", issuer = "https://x", token_url = "https://x"', "twice"),
        ('client_id = "c", issuer = "https://x", grant = "magic"', "auth.grant: must be"),
        ('client_id = "c", issuer = "https://x", grant = "entra-obo"', "client_secret is missing"),
        (
            'client_id = "c", issuer = "https://x", grant = "entra-obo", client_secret = "s"',
            "scopes is missing",
        ),
        ('client_id = "c", issuer = "https://x", flow = "device_code"', "auth.flow: unknown key"),
    ],
)
def test_a_fault_of_an_exchange_is_worded_for_its_key(path: Path, keys: str, words: str) -> None:
    told = read(path, f'[agents.x]\n{X}auth = {{ type = "exchange", {keys} }}').faults["x"]
    assert words in told


def test_an_exchange_without_anybody_who_signs_in_is_noted(path: Path) -> None:
    auth = 'auth = { type = "exchange", client_id = "c", issuer = "https://x.example" }'
    (note,) = read(path, f"[agents.x]\n{X}{auth}").notes
    assert "agents.x.auth" in note
    signing_in = '[server]\npublic_url = "https://b.example"\n[server.issuers.corp]\n'
    signing_in += 'url = "https://idp.example"\n'
    assert read(path, f"{signing_in}[agents.x]\n{X}{auth}").notes == ()


RULED = '[agents.tickets]\nurl = "https://x.example"\n[server.tokens]\nrobot = "secret"\n'


@pytest.mark.parametrize(
    ("rules", "more", "told"),
    [
        ('agents = ["tickets"]', "", None),
        ('agents = ["TICK*"]', "", None),
        ('agents = ["tickts"]', "", "'tickts' names no agent; did you mean 'tickets'?"),
        ('agents = ["tickets", "kb-*"]', "", "'kb-*' names no agent"),
        ('agents = ["list/*"]', '[agents.list]\ncatalog = "https://l.example"\n', None),
        ('agents = ["l*"]', '[agents.list]\ncatalog = "https://l.example"\n', None),
        ('agents = ["list"]', '[agents.list]\ncatalog = "https://l.example"\n', "'list' names no"),
        ('agents = ["kb-*"]', '[server]\ntoolsets = ["registry"]\n', None),
        ('agents = ["kb"]', '[server]\ntoolsets = ["registry"]\n', "'kb' names no agent"),
        ('agents = ["off"]', '[agents.off]\nurl = "https://o.example"\nenabled = false\n', None),
        ('agents = ["bad"]', '[agents.bad]\nurl = "nonsense"\n', None),
    ],
)
def test_a_rule_that_names_no_agent_is_said(
    path: Path, rules: str, more: str, told: str | None
) -> None:
    text = f"{more}{RULED}[[server.access]]\n{rules}\n"
    said = [note for note in read(path, text).notes if "server.access" in note]
    assert len(said) == (told is not None)
    assert told is None or told in said[0]
