"""What deploy/ says is true: its commands parse, its configurations load, its chart makes YAML.

Neither Docker nor Helm is asked: the chart's few expressions are filled in here.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from e2e.bridges import Home, free_port
from e2e.hosts import http_host
from real_agents.node import node
from real_agents.npm import packages
from ruamel.yaml import YAML
from signing_in_host import Signed, sign_in_as

from a2a_mcp.cli.serve_options import parser
from a2a_mcp.config.load import load
from a2a_mcp.config.schema import ServerConfig
from a2a_mcp.server.transports.http import check_exposure

DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
CHART: Final = DEPLOY / "helm"
KEY: Final = "a key that is as long as it must be, 32 bytes"
ENVIRON: Final = {
    "DATABASE_URL": "postgresql://postgres:trial@database/postgres",
    "STATE_KEY": KEY,
    "ALICE_TOKEN": "a-long-token",
}
VALUE: Final = re.compile(r"\{\{ \.(Values|Release)\.(\w+) \}\}")
BLOCK: Final = re.compile(r"^ *\{\{- \.Values\.(\w+) \| nindent (\d+) \}\}", re.MULTILINE)


def parsed(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text("utf-8"))


def rendered(name: str) -> Any:
    """Return a template of the chart with its default values, as Helm fills it in."""
    values = parsed(CHART / "values.yaml")

    def block(found: re.Match[str]) -> str:
        lines = values[found[1]].splitlines()
        return "\n".join(" " * int(found[2]) + line if line else "" for line in lines)

    def value(found: re.Match[str]) -> str:
        return "trial" if found[1] == "Release" else str(values[found[2]])

    text = (CHART / "templates" / f"{name}.yaml").read_text("utf-8")
    filled = VALUE.sub(value, BLOCK.sub(block, text))
    assert "{{" not in filled
    return YAML(typ="safe").load(filled)


def served(path: Path, command: list[str]) -> ServerConfig:
    """Return the settings that a command would serve with a configuration."""
    options = parser().parse_args(command)
    assert options.http
    config = load(path=path, environ=ENVIRON, strict=True)
    settings = config.server.model_copy(update={"host": options.host})
    check_exposure(settings, allow_unauthenticated=options.allow_unauthenticated)
    return settings


def test_the_composition_has_two_bridges_on_one_database_behind_a_proxy() -> None:
    services = parsed(DEPLOY / "compose.yaml")["services"]
    assert services["bridge-a"] == services["bridge-b"]
    settings = served(DEPLOY / "agents.toml", services["bridge-a"]["command"])
    assert settings.store
    assert settings.store.url.get_secret_value() == ENVIRON["DATABASE_URL"]
    names = set(re.findall(r"\$\{(\w+)", (DEPLOY / "haproxy.cfg").read_text("utf-8")))
    assert names == set(services["proxy"]["environment"])


def test_envoy_sends_to_the_bridges_of_the_composition() -> None:
    services = parsed(DEPLOY / "compose.yaml")["services"]
    (cluster,) = parsed(DEPLOY / "envoy.yaml")["static_resources"]["clusters"]
    (group,) = cluster["load_assignment"]["endpoints"]
    places = [it["endpoint"]["address"]["socket_address"] for it in group["lb_endpoints"]]
    assert [it["address"] for it in places] == services["envoy"]["depends_on"]
    assert {it["port_value"] for it in places} == {ServerConfig().port}


def test_people_sign_in_at_the_bridge_beside_the_provider() -> None:
    services = parsed(DEPLOY / "compose.yaml")["services"]
    bridge, provider = services["bridge-sign-in"], services["provider"]
    settings = served(DEPLOY / "agents-sign-in.toml", bridge["command"])
    assert bridge["network_mode"] == "service:provider"
    issuer, own = settings.issuers["trial"].url, settings.public_url
    published = {f"http://{it.rpartition(':')[0]}" for it in provider["ports"]}
    assert published == {issuer, own}
    assert provider["command"][-1].endswith(issuer.rpartition(":")[2])


@pytest.mark.anyio
async def test_the_provider_of_the_trial_signs_a_person_in(tmp_path: Path) -> None:
    port, own = free_port(), free_port()
    script = [node(), str(DEPLOY / "provider.mjs"), str(packages("oidc")), str(port)]
    home = Home(tmp_path).configure(
        {"it": "http://127.0.0.1:9"},
        public_url=f"http://127.0.0.1:{own}",
        issuers={"trial": {"url": f"http://127.0.0.1:{port}"}},
    )
    with started(script) as url:
        assert url == f"http://127.0.0.1:{port}"
        async with home.serving(port=own) as bridge:
            signed = Signed()
            auth = sign_in_as("alice", bridge.url, signed)
            async with http_host(bridge.url, "auto", auth=auth) as host:
                assert (await host.call("list_tasks"))["tasks"] == []


@contextmanager
def started(command: list[str]) -> Iterator[str]:
    """Run a program; yield its first line."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_the_charts_configuration_is_one_that_the_bridge_serves(tmp_path: Path) -> None:
    written = tmp_path / "agents.toml"
    written.write_text(rendered("configuration")["data"]["agents.toml"], "utf-8")
    pod = rendered("deployment")["spec"]["template"]["spec"]
    settings = served(written, pod["containers"][0]["args"])
    assert settings.sessions == "none"
    assert settings.drain_seconds < pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("name", ["configuration", "deployment", "service"])
def test_every_template_is_an_object_of_kubernetes(name: str) -> None:
    made = rendered(name)
    assert made["metadata"]["name"] == "trial"
    assert made["kind"] in ("ConfigMap", "Deployment", "Service")


def test_the_service_finds_the_pods_of_the_deployment() -> None:
    deployment, service = rendered("deployment")["spec"], rendered("service")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert service["selector"] == deployment["selector"]["matchLabels"] == labels
