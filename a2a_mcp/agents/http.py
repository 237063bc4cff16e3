"""How one agent's connections are opened: its limits, its proxy, whom it trusts with TLS.

Nothing is connected here: connections are made when they are needed. This module brings in httpx.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from typing import Final

from a2a_mcp import __version__
from a2a_mcp.a2a.auth.oauth.settings import OAuth
from a2a_mcp.a2a.errors import AgentUnreachable, Delivery
from a2a_mcp.a2a.grpc.addresses import http_form
from a2a_mcp.a2a.http import transport
from a2a_mcp.a2a.http.limits import HttpLimits
from a2a_mcp.a2a.http.proxy import environment_proxy
from a2a_mcp.a2a.http.tls import default_context
from a2a_mcp.a2a.http.transport import Transport
from a2a_mcp.config.schema import AgentConfig

USER_AGENT: Final = f"a2a-mcp/{__version__}"


def open_transport(config: AgentConfig, url: str, tls: Callable[[], ssl.SSLContext]) -> Transport:
    """Return the transport to an agent at `url`; `tls` returns the shared TLS settings.

    Raises AgentUnreachable when its proxy, ca_file or certificate cannot be used.
    """
    limits = HttpLimits(**config.limits.model_dump())
    proxy = config.proxy.get_secret_value() if config.proxy else None
    endpoint = http_form(config.endpoint) if config.endpoint else None
    proxy = proxy or environment_proxy(endpoint or url)
    with _usable():
        return transport.open_transport(
            limits,
            user_agent=USER_AGENT,
            verify=_verify(config, url, proxy, tls),
            proxy=proxy,
            configured=[each for each in (url, endpoint) if each],
        )


def open_server_transport(
    config: AgentConfig, auth: OAuth, url: str, tls: Callable[[], ssl.SSLContext]
) -> Transport:
    """Return a transport to an authorization server at `url`, through the agent's proxy.

    Raises as `open_transport` does.
    """
    proxy = config.proxy.get_secret_value() if config.proxy else environment_proxy(url)
    with _usable():
        return transport.open_transport(
            HttpLimits(**config.limits.model_dump()),
            user_agent=USER_AGENT,
            verify=_server_tls(config, auth, tls),
            proxy=proxy,
        )


def _server_tls(
    config: AgentConfig, auth: OAuth, tls: Callable[[], ssl.SSLContext]
) -> ssl.SSLContext:
    """Return whom to trust as an authorization server; it sees our certificate where it wants it.

    Its `ca_file` is that of its own authority, not of the agent's.
    """
    shows = auth.client_auth == "mtls"
    if auth.ca_file:
        context = ssl.create_default_context(cafile=str(auth.ca_file))
    else:
        context = default_context() if shows else tls()
    if shows:
        _show_certificate(config, context)
    return context


@contextlib.contextmanager
def _usable() -> Iterator[None]:
    """Raise AgentUnreachable where the settings of a connection cannot be used."""
    try:
        yield
    except (ImportError, ValueError, OSError) as error:
        raise AgentUnreachable(
            f"its proxy, ca_file or certificate cannot be used: {error}", delivery=Delivery.NEVER
        ) from error


def open_foreign_transport(limits: HttpLimits, tls: ssl.SSLContext) -> Transport:
    """Return a transport to a server that is not the agent's: without its proxy and ca_file."""
    return transport.open_transport(limits, user_agent=USER_AGENT, verify=tls)


def _verify(
    config: AgentConfig, url: str, proxy: str | None, tls: Callable[[], ssl.SSLContext]
) -> ssl.SSLContext:
    context = _trusting(config, url, proxy, tls)
    _show_certificate(config, context)
    return context


def _show_certificate(config: AgentConfig, context: ssl.SSLContext) -> None:
    if mtls := config.mtls:
        # Without a password OpenSSL would ask for one at the terminal.
        password = mtls.password.get_secret_value() if mtls.password else ""
        context.load_cert_chain(mtls.cert, mtls.key, password)


def _trusting(
    config: AgentConfig, url: str, proxy: str | None, tls: Callable[[], ssl.SSLContext]
) -> ssl.SSLContext:
    """Return whom to trust: a context of the agent's own where it shows a certificate."""
    if config.ca_file:
        return ssl.create_default_context(cafile=str(config.ca_file))
    if config.mtls:
        return default_context()
    named = [url, *config.allowed_origins, *([config.endpoint] if config.endpoint else [])]
    urls = map(http_form, named)
    if config.card is None and not proxy and all(each.startswith("http:") for each in urls):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and costs nothing
    return tls()
