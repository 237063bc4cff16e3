"""The server's instructions, which a host puts before a model: how to use the tools, which agents.

Only words of the configuration are used; an agent's card has no part in them.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.config.load import Config
from a2a_mcp.presentation import sentences

MAX_BYTES: Final = 3_500
DESCRIPTION_CHARACTERS: Final = 200


def instructions(config: Config) -> str:
    """Return the instructions, of at most MAX_BYTES and the line that counts the other agents."""
    names = [name for name, agent in config.agents.items() if agent.enabled]
    if not names:
        return f"{sentences.INSTRUCTIONS}\n\n{sentences.NO_AGENT_CONFIGURED}"
    text = f"{sentences.INSTRUCTIONS}\n\nAgents:"
    for listed, name in enumerate(names):
        line = _line(config, name)
        if len((text + line).encode()) > MAX_BYTES:
            return f"{text}\n{sentences.more_agents(len(names) - listed)}"
        text += line
    return text


def _line(config: Config, name: str) -> str:
    description = config.agents[name].description
    line = f"\n- {name}"
    if description:
        line += f": {' '.join(description.split())[:DESCRIPTION_CHARACTERS]}"
    if name == config.default_agent:
        line += " (default)"
    return line
