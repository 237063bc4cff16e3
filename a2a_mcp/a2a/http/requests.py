"""Make the HTTP library's request of ours: headers, credentials, JSON and time limits.

It sends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import httpx

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.bindings.base import HttpRequest
from a2a_mcp.a2a.http.limits import HttpLimits

KEPT_URLS: Final = 64
JSON_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


class RequestBuilder:
    """Makes the requests to one agent."""

    def __init__(self, limits: HttpLimits, user_agent: str) -> None:
        self._fixed_headers = {"Accept-Encoding": "identity", "User-Agent": user_agent}
        self._urls: dict[str, httpx.URL] = {}
        self._timeouts = {
            "timeout": {
                "connect": limits.connect_seconds,
                "read": None,  # the transport's deadlines bound the whole answer
                "write": limits.call_seconds,
            }
        }

    def build(
        self, outgoing: HttpRequest, headers: Mapping[str, str], attachment: Attachment
    ) -> httpx.Request:
        """Return the request with all that is added to it; raises httpx.InvalidURL."""
        content, kind = _content(outgoing)
        added = _merged(attachment.headers, {"Content-Type": kind} if kind else {})
        sent = _merged({**self._fixed_headers, **headers}, added)
        request = httpx.Request(
            outgoing.verb,
            self._url(outgoing, attachment),
            headers=sent,
            content=content,
            extensions=self._timeouts,
        )
        if attachment.sign:
            signed = attachment.sign(outgoing.verb, str(request.url), sent, content or b"")
            request.headers.update(signed)
        return request

    def _url(self, outgoing: HttpRequest, attachment: Attachment) -> httpx.URL:
        """Return the parsed URL; one that is called often, as JSON-RPC's is, is parsed once."""
        query = {**outgoing.query, **attachment.params}
        if query or outgoing.body is None:
            return httpx.URL(outgoing.url).copy_merge_params(query)
        url = self._urls.get(outgoing.url)
        if url is None:
            if len(self._urls) >= KEPT_URLS:
                self._urls.clear()
            url = self._urls[outgoing.url] = httpx.URL(outgoing.url)
        return url


def _merged(headers: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return both; of two headers of one name, however it is written, the added one counts."""
    names = {name.lower() for name in added}
    return {name: it for name, it in headers.items() if name.lower() not in names} | dict(added)


def _content(outgoing: HttpRequest) -> tuple[bytes | None, str | None]:
    """Return the bytes that a request carries, and their type."""
    if outgoing.form is not None:
        return urlencode(outgoing.form).encode(), "application/x-www-form-urlencoded"
    if outgoing.body is None:
        return None, None
    # Also for 1.0 over HTTP+JSON: all servers take it, and not all take a2a+json.
    return JSON_ENCODER.encode(outgoing.body).encode(), "application/json"


def dial(request: httpx.Request, address: str) -> None:
    """Send a request to an address; the Host header and the certificate stay the name's."""
    name = request.url.raw_host.decode("ascii")
    request.url = request.url.copy_with(host=address)
    request.extensions = {**request.extensions, "sni_hostname": name}
