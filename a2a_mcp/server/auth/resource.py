"""The HTTP endpoint as a protected resource: its metadata (RFC 9728) and challenges (RFC 6750)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
NAME: Final = "A2A agents"


@dataclass(frozen=True, slots=True)
class Resource:
    """The endpoint's public address and path; without `issuers` nobody signs in by himself."""

    url: str
    path: str
    issuers: Sequence[str] = ()
    scopes: Sequence[str] = ()

    @property
    def metadata_paths(self) -> Sequence[str]:
        """Where the metadata is; some hosts look at the root alone."""
        return (WELL_KNOWN, WELL_KNOWN + self.path) if self.issuers else ()

    @property
    def metadata_url(self) -> str | None:
        """The public address of the metadata (RFC 9728 3.1)."""
        origin = self.url.removesuffix(self.path)
        return f"{origin}{WELL_KNOWN}{self.path}" if self.issuers else None

    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata."""
        return {
            "resource": self.url,
            "resource_name": NAME,
            "authorization_servers": list(self.issuers),
            "scopes_supported": list(self.scopes),
            "bearer_methods_supported": ["header"],
        }

    def challenge(self, error: str | None = None, description: str | None = None) -> str:
        """Return the challenge; all scopes at once, because hosts cannot ask for more later."""
        said = {
            "realm": None if self.issuers else NAME,  # a challenge has one parameter at least
            "error": error,
            "error_description": description if error else None,
            "resource_metadata": self.metadata_url,
            "scope": " ".join(self.scopes),
        }
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items() if value)
