"""What one value of the configuration may look like: names, headers, URLs, origins.

Pure. Each check returns its value, normalized where its docstring says so, or raises ValueError
with words for the person who wrote it. The words never repeat the value: it may be a misplaced
secret.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from a2a_mcp.text.urls import is_private_link

_NAME: Final = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,64}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 5.6.2, token
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?")  # 5.5, no obs-text
_FRAMING: Final = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_EXTENSION: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-+\--~]+")
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+", re.ASCII)
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_BLANK: Final = re.compile(r"[\x00-\x20\x7f-\x9f\s\\]")
_PLAIN_PATH: Final = re.compile(r"/[\w.~/-]*[\w.~-]/?", re.ASCII)
_HOST_PATTERN: Final = re.compile(r"[\w.\-\[\]:]+(:\*)?")
SHORTEST_KEY: Final = 32
RESERVED_OWNERS: Final = ("token", "local")
HTTP: Final = ("http", "https")
GRPC: Final = ("grpc", "grpcs")


def agent_name(text: str) -> str:
    """Accept a name that is safe in a tool argument, a URI and a log line."""
    if not _NAME.fullmatch(text):
        raise ValueError("a name is 1 to 64 letters, digits and any of _ . -")
    return text


def issuer_name(text: str) -> str:
    """Accept the name of an issuer, which begins the name of each of its owners."""
    if text in RESERVED_OWNERS:
        raise ValueError(f"{text!r} names other callers; choose another name")
    return agent_name(text)


def variable_name(text: str) -> str:
    """Accept the name of an environment variable."""
    if not _VARIABLE.fullmatch(text):
        raise ValueError("env must be the name of an environment variable")
    return text


def one_line(text: str) -> str:
    """Return text without line breaks at its end; raises ValueError where nothing is left."""
    line = text.rstrip("\r\n")
    if not line:
        raise ValueError("is empty")
    return line


def file_name(text: str) -> str:
    r"""Accept the name of a file or folder; in double quotes `C:\temp` would hold a tab."""
    if not text:
        raise ValueError("must be the name of a file or folder in quotes")
    if _CONTROL.search(text):
        raise ValueError("holds a control character; write a Windows path in single quotes")
    return text


def header_name(text: str) -> str:
    """Accept a header's name, unless it frames the message: it could smuggle a second request."""
    if not _HEADER_NAME.fullmatch(text):
        raise ValueError("is not a header's name")
    if text.lower() in _FRAMING:
        raise ValueError("cannot be set: it belongs to the connection")
    return text


def header_value(text: str) -> str:
    """Accept a header's value: ASCII without control characters, no blank at either end."""
    if not _HEADER_VALUE.fullmatch(text):
        raise ValueError("holds characters that cannot stand in a header")
    return text


def bearer_token(text: str) -> str:
    """Accept a token that can follow the word `Bearer`."""
    if " " in header_value(text):
        raise ValueError("must not hold spaces; leave the word Bearer out")
    return text


def state_key(text: str) -> str:
    """Accept a key that is long enough to seal request state."""
    if len(text.encode()) < SHORTEST_KEY:
        raise ValueError(f"must be at least {SHORTEST_KEY} bytes, as random as can be")
    return text


def username(text: str) -> str:
    """Accept a user name of RFC 7617, section 2."""
    if not text or ":" in text or not text.isprintable():
        raise ValueError("must be text without colons and control characters")
    return text


def media_type(text: str) -> str:
    """Accept `type/subtype`; either may be `*`."""
    if not _MEDIA_TYPE.fullmatch(text):
        raise ValueError("must be a media type such as text/plain")
    return text


def extension_uri(text: str) -> str:
    """Accept the URI of a protocol extension; it goes into a header, in a list with commas."""
    if not _EXTENSION.fullmatch(text):
        raise ValueError("must be a URI such as https://a.example/ext/v1, without commas")
    return text


def url_parts(text: str, schemes: tuple[str, ...] = HTTP) -> SplitResult:
    """Return the parts of an absolute URL, by default an http or https URL."""
    if _BLANK.search(text):
        raise ValueError("must not hold spaces, backslashes or control characters")
    try:
        parts = urlsplit(text)
        usable = parts.port != 0 and bool(parts.hostname)
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in schemes or not usable:
        raise ValueError("must begin with http:// or https:// and a host")
    if parts.scheme in GRPC and (parts.path.strip("/") or parts.query):
        raise ValueError("gRPC has no path: must be grpcs://host:port, or grpc:// without TLS")
    return parts


def proxy_url(text: str) -> str:
    """Accept the URL of an HTTP proxy; it may hold a user name and password."""
    url_parts(text)
    return text


def database_url(text: str) -> str:
    """Accept the URL of a PostgreSQL database; it may hold a user name and password."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return text


def agent_url(text: str) -> str:
    """Accept an agent's URL, without fragment, and without credentials: URLs appear in logs."""
    parts = url_parts(text, HTTP + GRPC)
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; set auth instead")
    if parts.fragment:
        raise ValueError("must not hold a fragment (#)")
    return text


def server_url(text: str) -> str:
    """Accept the https URL of an authorization server, or one on this machine."""
    parts = url_parts(text)
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("must not hold a user name, a password or a fragment (#)")
    if not is_private_link(text):
        raise ValueError("must begin with https://, or be on this machine: secrets are sent there")
    return text


def scope(text: str) -> str:
    """Accept one scope of RFC 6749, 3.3."""
    if not _SCOPE.fullmatch(text):
        raise ValueError("must be scopes, each without spaces and quotes")
    return text


def origin(text: str) -> str:
    """Return `scheme://host[:port]` in lower case, without a slash at its end."""
    parts = url_parts(agent_url(text), HTTP + GRPC)
    if parts.path.strip("/") or parts.query:
        raise ValueError("must be an origin: scheme, host and port, no path")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def origin_pattern(text: str) -> str:
    """Accept an http origin whose port may be `*`."""
    bare = text.removesuffix(":*")
    url_parts(bare)
    return origin(bare) + text[len(bare) :]


def url_pattern(text: str) -> str:
    """Accept a pattern for URLs: `*.` may stand before the host, `*` at the end of the path.

    A `*` elsewhere would not mean what it seems to.
    """
    bare = text.replace("://*.", "://", 1).removesuffix("*")
    parts = url_parts(agent_url(bare))
    if "*" in bare or parts.query:
        raise ValueError("may have * only as *. before the host and at the end of the path")
    if text.endswith("*") and not parts.path:
        raise ValueError("must end its host with a slash before the *")
    if not is_private_link(bare):
        raise ValueError("must begin with https://, or be on this machine")
    return text


def webhook_url(text: str) -> str:
    """Return the address that agents post to, without a slash at its end; its path must be own."""
    parts = url_parts(agent_url(text))
    if parts.query or not _PLAIN_PATH.fullmatch(parts.path):
        raise ValueError("must have a plain path, such as https://bridge.example/a2a/push")
    if not is_private_link(text):
        raise ValueError("must begin with https://, or be on this machine")
    return text.rstrip("/")


def host_pattern(text: str) -> str:
    """Accept a `Host` header's value whose port may be `*`."""
    if not _HOST_PATTERN.fullmatch(text):
        raise ValueError("must be a host name, with :port or :* if need be, and no scheme")
    return text


def http_path(text: str) -> str:
    """Accept a path such as `/mcp`."""
    if not text.startswith("/") or re.search(r"[\s?#]", text):
        raise ValueError("must begin with / and hold no spaces, ? or #")
    return text


def host_name(text: str) -> str:
    """Return the name of a host in lower case, without scheme, port or path."""
    parts = url_parts(f"https://{text}")
    if parts.netloc != text or parts.port is not None or parts.path or parts.query or "@" in text:
        raise ValueError("must be the name of a host, without scheme, port and path")
    return text.lower()
