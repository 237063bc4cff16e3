"""The floor: the least an MCP server can cost that asks an A2A agent and returns its words.

A bare `MCPServer` with one tool, one pooled httpx client, no store, no card, no checks. The bridge
is measured beside it. It is not changed to make the bridge look better.
"""

import argparse
import functools
import json
import uuid
from typing import Any, Final

import httpx
import uvicorn
from mcp.server import MCPServer

OUTPUT_MODES: Final = [
    "text/plain",
    "text/markdown",
    "application/json",
    "image/png",
    "image/jpeg",
]
HEADERS: Final = {
    "A2A-Version": "1.0",
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "Accept-Encoding": "identity",
}


@functools.cache
def client() -> httpx.AsyncClient:
    """Return the one pooled client, made at the first call: a start pays for no TLS context."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(headers=HEADERS, timeout=60, limits=limits)


def a2a_request(message: str, *, streaming: bool) -> bytes:
    """Encode one A2A 1.0 JSON-RPC send, member for member what the bridge sends."""
    configuration: dict[str, Any] = {"acceptedOutputModes": OUTPUT_MODES}
    if not streaming:
        configuration["returnImmediately"] = True
    sent = {
        "messageId": uuid.uuid4().hex,
        "role": "ROLE_USER",
        "parts": [{"text": message}],
    }
    method = "SendStreamingMessage" if streaming else "SendMessage"
    params = {"message": sent, "configuration": configuration}
    request = {"jsonrpc": "2.0", "id": uuid.uuid4().hex, "method": method, "params": params}
    return json.dumps(request, separators=(",", ":")).encode()


def text_of(results: list[dict[str, Any]]) -> str:
    """Join the text of every artifact in the results of one answer, in order."""
    artifacts: list[dict[str, Any]] = []
    for result in results:
        artifacts += result.get("task", {}).get("artifacts", [])
        if "artifactUpdate" in result:
            artifacts.append(result["artifactUpdate"]["artifact"])
    return "".join(part.get("text", "") for artifact in artifacts for part in artifact["parts"])


def results_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the JSON-RPC results in an answer, one for plain JSON, one per event for SSE."""
    if answer.headers["content-type"].startswith("text/event-stream"):
        lines = (line for line in answer.content.split(b"\n") if line.startswith(b"data:"))
        return [json.loads(line[5:])["result"] for line in lines]
    return [answer.json()["result"]]


def floor_server(agent_url: str, *, streaming: bool) -> MCPServer[Any]:
    """Make the server with its one tool."""
    server = MCPServer[Any]("floor", log_level="WARNING")

    @server.tool()
    async def send_task(message: str) -> str:
        """Send a message to the agent and return its answer."""
        answer = await client().post(agent_url, content=a2a_request(message, streaming=streaming))
        answer.raise_for_status()
        return text_of(results_of(answer))

    return server


def main() -> None:
    """Serve over stdio, or over streamable HTTP with the bridge's transport options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("agent_url")
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-streaming", dest="streaming", action="store_false")
    options = parser.parse_args()
    server = floor_server(options.agent_url, streaming=options.streaming)
    if not options.http:
        server.run("stdio")
        return
    uvicorn.run(
        server.streamable_http_app(),
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
