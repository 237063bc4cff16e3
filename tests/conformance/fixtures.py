"""The tools and resources that the conformance suite uses, made of the bridge's own.

The suite wants a server with tools such as `slow_compute`. The bridge has none, but an agent that
works slowly. So a message to that agent stands for a tool of the suite, and an artifact of its for
a resource. Pure but for `made`, which lets the agent make the artifacts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, Self

import httpx

from a2a_mcp.presentation.resource_uris import of_artifact

AGENT: Final = "agent"
ERA: Final = "2026-07-28"
ENVELOPE: Final = {
    "io.modelcontextprotocol/protocolVersion": ERA,
    "io.modelcontextprotocol/clientInfo": {"name": "fixtures", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
WAV: Final = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="

MESSAGES: Final[dict[str, str]] = {
    "greet": "echo {name}",
    "test_simple_text": "echo hello",
    "test_error_handling": "reject",
    "test_tool_with_progress": "stream 5 0.3",
    "test_elicitation": "input",
    "test_input_required_result_elicitation": "input",
    "test_input_required_result_multi_round": "input",
    "test_input_required_result_request_state": "input",
    "test_input_required_result_tampered_state": "input",
    "test_input_required_result_capabilities": "input",
    "test_tool_with_task": "input",
    "confirm_delete": "ponder 2",
    "failing_job": "after 1 fail",
    "slow_compute": "slow {seconds}",
}
"""The message to the agent that stands for each of the suite's tools."""

ARTIFACTS: Final[dict[str, tuple[str, str]]] = {
    "test_image_content": ("files", "picture"),
    "test_audio_content": (f"give a.wav audio/wav {WAV}", "file"),
    "test://static-text": ("give note.txt text/plain aGVsbG8=", "file"),
    "test://static-binary": ("files", "picture"),
    "test://template/123/data": ("give 123.txt text/plain aWQgMTIz", "file"),
    "test://watched-resource": ("files", "picture"),
}
"""What stands for each tool that returns a file, and for each resource: message and artifact."""

STEP_BY_STEP: Final = "test_input_required_result_multi_round"
"""The tool that asks twice; a first word `more` lets the agent ask again."""


@dataclass(slots=True)
class Fixtures:
    """What stands for the suite's tools and resources at one bridge."""

    tasks: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Task and artifact for each name of ARTIFACTS."""

    @classmethod
    async def made(cls, client: httpx.AsyncClient, bridge: str) -> Self:
        """Let the agent make the artifacts."""
        fixtures = cls()
        for name, (message, artifact) in ARTIFACTS.items():
            fixtures.tasks[name] = await _task(client, bridge, message), artifact
        return fixtures

    def translated(self, body: bytes) -> bytes:
        """Return a request with the bridge's own names in the place of the suite's."""
        try:
            sent = json.loads(body)
        except ValueError:
            return body
        params = sent.get("params") if isinstance(sent, dict) else None
        if isinstance(params, dict):
            _put_answers(params)
            self._put_resource(params)
            if sent.get("method") == "tools/call":
                self._put_tool(params)
        elif isinstance(sent, dict):
            _put_answer(sent.get("result"), again=False)
        return json.dumps(sent).encode()

    def name(self, header: str) -> str:
        """Return a tool's or a resource's name in a header as the bridge calls it."""
        if header in MESSAGES:
            return "send_task"
        return (
            self._uri(header)
            if "://" in header
            else "get_artifact"
            if header in self.tasks
            else header
        )

    def _put_tool(self, params: dict[str, Any]) -> None:
        name, arguments = params.get("name"), params.get("arguments") or {}
        if name in MESSAGES:
            message = MESSAGES[name].format_map({"seconds": 0, "name": "World", **arguments})
            params |= {"name": "send_task", "arguments": {"message": message}}
        elif name in self.tasks:
            task, artifact = self.tasks[name]
            found = {"task_id": task, "artifact_id": artifact, "part": 0}
            params |= {"name": "get_artifact", "arguments": found}

    def _put_resource(self, params: dict[str, Any]) -> None:
        if isinstance(params.get("uri"), str):
            params["uri"] = self._uri(params["uri"])

    def _uri(self, uri: str) -> str:
        return of_artifact(AGENT, *self.tasks[uri]) if uri in self.tasks else uri


def _put_answers(params: dict[str, Any]) -> None:
    given = params.get("inputResponses")
    again = params.get("name") == STEP_BY_STEP
    for answer in given.values() if isinstance(given, dict) else ():
        _put_answer(answer, again=again)


def _put_answer(result: Any, *, again: bool) -> None:
    """Put a person's answer into the one field that the bridge's form has."""
    content = result.get("content") if isinstance(result, dict) else None
    if isinstance(content, dict):
        text = next((str(value) for value in content.values()), "")
        asks_again = again and "name" in content
        result["content"] = {"answer": f"more {text}" if asks_again else text}


async def _task(client: httpx.AsyncClient, bridge: str, message: str) -> str:
    """Send a message through the bridge; return the id of the finished task."""
    call = {"name": "send_task", "arguments": {"message": message}, "_meta": ENVELOPE}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": ERA,
        "Mcp-Method": "tools/call",
        "Mcp-Name": "send_task",
    }
    answer = (await client.post(bridge, json=request, headers=headers)).text
    last = answer.rpartition("data: ")[2] or answer
    return str(json.loads(last)["result"]["structuredContent"]["task_id"])
