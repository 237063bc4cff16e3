"""One liberal decoder: the JSON of any dialect becomes tasks, messages and events of the model.

Pure. It never rejects what it can read: absent, null and empty are alike, unknown members are
ignored, an unreadable part becomes an empty part that says why. What cannot be classified is None.
It reads known members only and never looks into user data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from a2a_mcp.a2a.cumulative import with_whole_texts
from a2a_mcp.a2a.decoding.json_values import first, identifier, object_of, objects, text_of, texts
from a2a_mcp.a2a.decoding.parts import decode_part
from a2a_mcp.a2a.decoding.states import decode_state
from a2a_mcp.a2a.model import (
    JSON,
    Artifact,
    Message,
    Part,
    Role,
    StreamEvent,
    Task,
    TaskArtifactUpdateEvent,
    TaskPage,
    TaskStatus,
    TaskStatusUpdateEvent,
)

ROLES: Final = {
    "user": Role.USER,
    "role_user": Role.USER,
    "1": Role.USER,
    "agent": Role.AGENT,
    "role_agent": Role.AGENT,
    "2": Role.AGENT,
    "assistant": Role.AGENT,
}
# How objects are marked and wrapped, in lower case without separators. Seen on: ADK ("Task").
KINDS: Final = {
    "task": "task",
    "message": "message",
    "msg": "message",
    "statusupdate": "status",
    "taskstatusupdate": "status",  # Seen in: a guide to A2A 1.0, against its specification
    "artifactupdate": "artifact",
    "taskartifactupdate": "artifact",
}
WRAPPED_NEVER_HAS: Final = frozenset({"id", "status", "role"})
TASK_ONLY: Final = ("sessionId", "contextId", "artifacts", "history", "message")


def decode_event(payload: JSON, *, streaming: bool = False) -> StreamEvent | None:
    """Return a Task, Message or event, wrapped or bare; None when it is none of them.

    `streaming`: on a stream a bare {id, status} is a status event (0.1), elsewhere it is a Task.
    """
    if not isinstance(payload, dict):
        return None
    known = {key: value for key, value in payload.items() if value is not None}
    kind, body = _classify(known, streaming=streaming)
    match kind:
        case "task":
            return decode_task(body)
        case "message":
            return decode_message(body)
        case "status":
            return _status_event(body)
        case "artifact":
            return _artifact_event(body)
        case "results":
            return _results(body)
        case _:
            return None


def _classify(known: dict[str, JSON], *, streaming: bool) -> tuple[str | None, dict[str, JSON]]:
    kind = known.get("kind")
    if isinstance(kind, str) and _letters(kind) in KINDS:
        return KINDS[_letters(kind)], known
    if WRAPPED_NEVER_HAS.isdisjoint(known) and (wrapped := _wrapped(known)):
        return wrapped
    if "artifact" in known:
        return "artifact", known
    if "role" in known and ("parts" in known or "content" in known):
        return "message", known
    if "status" not in known and isinstance(known.get("artifacts"), list):
        return _classify_artifacts(known), known
    return _classify_by_status(known, streaming=streaming), known


def _wrapped(known: dict[str, JSON]) -> tuple[str, dict[str, JSON]] | None:
    """Return the kind of the one wrapper in an object and what it holds; None unless it is one."""
    found = [
        (KINDS[name], value)
        for key, value in known.items()
        if isinstance(value, dict) and (name := _letters(key)) in KINDS
    ]
    return found[0] if len(found) == 1 else None


def _letters(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _classify_artifacts(known: dict[str, JSON]) -> str | None:
    """Return the kind of an object that has artifacts but no status.

    Without an id it is a whole answer. Seen on: AWS Bedrock AgentCore.
    """
    if first(known, "id", "taskId") is not None:
        return "task"
    return "results" if objects(known["artifacts"]) else None


def _classify_by_status(known: dict[str, JSON], *, streaming: bool) -> str | None:
    if "status" not in known:
        return None
    if "final" in known or (first(known, "taskId") is not None and "id" not in known):
        return "status"
    if "id" not in known:
        return None
    return "status" if streaming and first(known, *TASK_ONLY) is None else "task"


def decode_page(payload: JSON) -> TaskPage | None:
    """Return a page of tasks: the object of A2A 1.0, or a bare list. Seen on: PraisonAI."""
    if isinstance(payload, list):
        payload = {"tasks": payload}
    if not isinstance(payload, dict) or not isinstance(payload.get("tasks") or [], list):
        return None
    tasks = (decode_task(item) for item in payload.get("tasks") or [] if isinstance(item, dict))
    total = first(payload, "totalSize")
    return TaskPage(
        tasks=tuple(task for task in tasks if task),
        next_page_token=text_of(first(payload, "nextPageToken")),
        total_size=total if isinstance(total, int) else None,
    )


def decode_task(value: Mapping[str, JSON]) -> Task | None:
    """Return a Task; None when it has no id. An ended one tells each of its texts once."""
    task_id = identifier(first(value, "id", "taskId"))
    if not task_id:
        return None
    task = Task(
        id=task_id,
        context_id=identifier(first(value, "contextId", "sessionId")),
        status=_status(value.get("status")),
        artifacts=_artifacts(value.get("artifacts")),
        history=tuple(decode_message(item) for item in objects(value.get("history"))),
        metadata=object_of(value.get("metadata")),
    )
    return with_whole_texts(task)


def decode_message(value: Mapping[str, JSON]) -> Message:
    """Return a Message; A2A 0.3 over HTTP+JSON calls its parts `content`."""
    return Message(
        message_id=text_of(first(value, "messageId")) or "",
        role=ROLES.get((text_of(value.get("role")) or "").lower(), Role.UNKNOWN),
        parts=_parts(first(value, "parts", "content")),
        task_id=identifier(first(value, "taskId")),
        context_id=identifier(first(value, "contextId")),
        metadata=object_of(value.get("metadata")),
        extensions=texts(value.get("extensions")),
        reference_task_ids=texts(first(value, "referenceTaskIds")),
    )


def _results(value: Mapping[str, JSON]) -> Message:
    """Return artifacts that belong to no task as the agent's message."""
    parts = [part for artifact in _artifacts(value["artifacts"]) for part in artifact.parts]
    return Message(
        message_id="",
        role=Role.AGENT,
        parts=tuple(parts),
        context_id=identifier(first(value, "contextId")),
        metadata=object_of(value.get("metadata")),
    )


def _status(value: JSON) -> TaskStatus:
    if isinstance(value, str | int):
        value = {"state": value}
    status = object_of(value)
    said = first(status, "message", "update")
    if isinstance(said, dict) and set(said) == {"error"}:  # Seen on: python-a2a
        said = said["error"]
    if isinstance(said, str):
        said = {"role": "agent", "parts": [{"text": said}]}
    raw = status.get("state")
    return TaskStatus(
        state=decode_state(raw),
        message=decode_message(said) if isinstance(said, dict) else None,
        timestamp=text_of(status.get("timestamp")),
        raw_state=raw if isinstance(raw, str) else None,
    )


def _status_event(value: Mapping[str, JSON]) -> TaskStatusUpdateEvent:
    final = value.get("final")
    return TaskStatusUpdateEvent(
        task_id=identifier(first(value, "taskId", "id")),
        context_id=identifier(first(value, "contextId")),
        status=_status(value.get("status")),
        final=final if isinstance(final, bool) else None,
        metadata=object_of(value.get("metadata")),
    )


def _artifact_event(value: Mapping[str, JSON]) -> TaskArtifactUpdateEvent:
    artifact = object_of(value.get("artifact"))
    return TaskArtifactUpdateEvent(
        task_id=identifier(first(value, "taskId", "id")),
        context_id=identifier(first(value, "contextId")),
        artifact=_artifact(artifact, 0),
        append=bool(first(value, "append") or artifact.get("append")),
        last_chunk=bool(first(value, "lastChunk") or first(artifact, "lastChunk")),
        metadata=object_of(value.get("metadata")),
    )


def _artifacts(value: JSON) -> tuple[Artifact, ...]:
    """Return a task's artifacts; those of one id are pieces of one, which A2A 0.1 stores apart."""
    merged: dict[str, Artifact] = {}
    for position, item in enumerate(objects(value)):
        artifact = _artifact(item, position)
        earlier = merged.get(artifact.artifact_id)
        if earlier:
            artifact = earlier.model_copy(update={"parts": earlier.parts + artifact.parts})
        merged[artifact.artifact_id] = artifact
    return tuple(merged.values())


def _artifact(value: Mapping[str, JSON], position: int) -> Artifact:
    artifact_id = text_of(first(value, "artifactId"))
    return Artifact(
        artifact_id=artifact_id or f"index-{text_of(value.get('index')) or position}",
        name=text_of(value.get("name")),
        description=text_of(value.get("description")),
        parts=_parts(value.get("parts")),
        metadata=object_of(value.get("metadata")),
        extensions=texts(value.get("extensions")),
    )


def _parts(value: JSON) -> tuple[Part, ...]:
    if isinstance(value, dict | str):  # Seen on: python-a2a, one part in the place of a list
        value = [value]
    items = value if isinstance(value, list) else ()
    parts = ({"text": item} if isinstance(item, str) else item for item in items)
    return tuple(decode_part(part) for part in parts if isinstance(part, dict))
