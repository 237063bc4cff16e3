"""A fast agent of A2A 0.3 and of 0.1 over JSON-RPC, for bridges that speak nothing newer.

It answers `echo: <what it was sent>` at once, to `message/send` and to `tasks/send`, and keeps its
tasks, because one bridge asks for the answer a second time. It does not stream.
"""

import argparse
import json
import uuid
from typing import Any, Final

import uvicorn
from echo_agent import Receive, Send, body_of, send_json

SKILL: Final = {"id": "echo", "name": "Echo", "description": "Echoes", "tags": ["echo"]}
Task = dict[str, Any]


def card(port: int) -> dict[str, Any]:
    """Describe this agent, in the words of 0.3; what 0.1 does not know of them it leaves out."""
    return {
        "name": "echo",
        "description": "Answers with what it was sent",
        "version": "1",
        "protocolVersion": "0.3.0",
        "url": f"http://127.0.0.1:{port}/",
        "preferredTransport": "JSONRPC",
        "capabilities": {"streaming": False},
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [SKILL],
    }


def echo(message: dict[str, Any], *, kind: str, ids: dict[str, str]) -> Task:
    """Return the completed task of one echo; `kind` is the name of the member that 0.3 calls so."""
    text = "".join(part.get("text", "") for part in message["parts"])
    part = {kind: "text", "text": f"echo: {text}"}
    artifact = {"artifactId": "a1", "name": "echo", "parts": [part]}
    return ids | {"status": {"state": "completed"}, "artifacts": [artifact]}


class OldEchoAgent:
    """The agent as an ASGI application."""

    def __init__(self, port: int) -> None:
        self._card = card(port)
        self._tasks: dict[str, Task] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request: the card to a GET of its address, JSON-RPC to a POST."""
        if scope["method"] == "GET":
            await send_json(send, self._card)
            return
        request = json.loads(await body_of(receive))
        reply = {"jsonrpc": "2.0", "id": request.get("id")}
        await send_json(send, reply | self._answer(request["method"], request["params"]))

    def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "message/send":
                ids = {"kind": "task", "id": str(uuid.uuid4()), "contextId": str(uuid.uuid4())}
                return {"result": self._keep(echo(params["message"], kind="kind", ids=ids))}
            case "tasks/send":
                ids = {"id": params["id"], "sessionId": params.get("sessionId") or "s1"}
                return {"result": self._keep(echo(params["message"], kind="type", ids=ids))}
            case "tasks/get":
                return {"result": self._tasks[params["id"]]}
            case _:
                return {"error": {"code": -32601, "message": "Method not found"}}

    def _keep(self, task: Task) -> Task:
        self._tasks[task["id"]] = task
        return task


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(
        OldEchoAgent(options.port),
        host="127.0.0.1",
        port=options.port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=300,
    )


if __name__ == "__main__":
    main()
