"""Which agents the caller of a request may use: the one place that decides it.

As soon as there is one rule, what no rule allows is denied. An agent that is denied looks like one
that is not configured. A caller without a token is the person at this machine, who may all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mcp.server.auth.middleware.auth_context import get_access_token

from a2a_mcp.config.access import AccessRule


class Access:
    """The rules as they are now: `rules` returns those of the current configuration."""

    def __init__(self, rules: Callable[[], Sequence[AccessRule]]) -> None:
        self._rules = rules

    def may_use(self, agent: str) -> bool:
        """Return whether the caller may know an agent and look at tasks there."""
        found = self._applying(agent)
        return found is None or any(True for _ in found)

    def may_change(self, agent: str) -> bool:
        """Return whether the caller may send to an agent, cancel and change there."""
        found = self._applying(agent)
        return found is None or any(not rule.read_only for rule in found)

    def _applying(self, agent: str) -> Iterator[AccessRule] | None:
        """Return the rules that give the caller an agent; None where rules do not apply."""
        rules, token = self._rules(), get_access_token()
        if not rules or token is None:
            return None
        claims = token.claims or {}
        groups, owner = set(claims.get("groups", ())), claims["owner"]

        def is_for_caller(rule: AccessRule) -> bool:
            return rule.is_for_all or owner in rule.owners or not groups.isdisjoint(rule.groups)

        return (rule for rule in rules if rule.covers(agent) and is_for_caller(rule))
