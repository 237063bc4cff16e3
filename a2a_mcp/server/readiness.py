"""Whether this process should get calls: what `/readyz` says, to a balancer or an orchestrator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from a2a_mcp.server.auth.introspection import Introspection
    from a2a_mcp.server.auth.provider import Provider
    from a2a_mcp.server.serving import Serving


@dataclass(slots=True)
class Readiness:
    """What speaks against calls; `providers` are those of the issuers, by name."""

    providers: Mapping[str, Provider | Introspection] = field(default_factory=dict)
    serving: Serving | None = None
    draining: bool = False

    def begin(self, serving: Serving) -> None:
        """Look at what is served from now on."""
        self.serving = serving

    async def problem(self) -> str | None:
        """Return why calls should go elsewhere, None if they may come."""
        if self.draining:
            return "this process is about to end"
        if self.serving and (problem := await self.serving.composed().store.look()):
            return problem
        for name, provider in self.providers.items():
            if not await provider.is_known():
                return f"no key of the issuer {name} is known"
        return None
