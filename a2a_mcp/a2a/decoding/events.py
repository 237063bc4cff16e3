"""One liberal decoder: the JSON of any dialect in, the canonical model out (a2a-wire 6, 7 and 9).

Pure, and it never rejects what it can read: absent, null and empty are alike, unknown keys are
left, an unreadable part becomes an empty one that says why. What cannot be classified is None. It
lifts at known places only and never walks into user data.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from a2a_mcp.a2a.ids import is_usable_id
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
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)

STATE_ALIASES: Final = {
    "cancelled": TaskState.CANCELED,  # 0.3 proto, PraisonAI
    "waiting": TaskState.WORKING,  # python-a2a
    "pending": TaskState.SUBMITTED,
    "sent": TaskState.SUBMITTED,
}
STATES: Final = {state.value: state for state in TaskState} | STATE_ALIASES
STATE_NUMBERS: Final = (  # the proto's enum (a2a-wire 7.1)
    TaskState.UNKNOWN,
    TaskState.SUBMITTED,
    TaskState.WORKING,
    TaskState.COMPLETED,
    TaskState.FAILED,
    TaskState.CANCELED,
    TaskState.INPUT_REQUIRED,
    TaskState.REJECTED,
    TaskState.AUTH_REQUIRED,
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
KINDS: Final = {
    "task": "task",
    "message": "message",
    "status-update": "status",
    "artifact-update": "artifact",
}
WRAPPERS: Final = {
    "task": "task",
    "message": "message",
    "msg": "message",
    "statusUpdate": "status",
    "taskStatusUpdate": "status",  # a 1.0 guide that never became normative
    "artifactUpdate": "artifact",
    "taskArtifactUpdate": "artifact",
}
DEEPEST: Final = 100
EXACT_INTEGERS: Final = 2**53
STANDARD_ALPHABET: Final = str.maketrans("-_", "+/")
WRAPPED_NEVER_HAS: Final = frozenset({"id", "status", "role"})
TASK_ONLY: Final = frozenset({"sessionId", "contextId", "artifacts", "history", "message"})


def decode_state(value: JSON) -> TaskState:
    """Read a state in any spelling; what is not known is `unknown`, which is not terminal."""
    if isinstance(value, int) and not isinstance(value, bool):
        return STATE_NUMBERS[value] if 0 <= value < len(STATE_NUMBERS) else TaskState.UNKNOWN
    if not isinstance(value, str):
        return TaskState.UNKNOWN
    word = value.strip().lower().removeprefix("task_state_").replace("_", "-")
    return STATES.get(word, TaskState.UNKNOWN)


def decode_event(payload: JSON, *, streaming: bool = False) -> StreamEvent | None:
    """Read a Task, Message or event, wrapped or bare; None when it is none of them.

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
        case _:
            return None


def _classify(known: dict[str, JSON], *, streaming: bool) -> tuple[str | None, dict[str, JSON]]:
    kind = known.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return KINDS[kind], known
    if WRAPPED_NEVER_HAS.isdisjoint(known):
        wrapped = [key for key in WRAPPERS if isinstance(known.get(key), dict)]
        if len(wrapped) == 1:
            return WRAPPERS[wrapped[0]], known[wrapped[0]]
    if "artifact" in known:
        return "artifact", known
    if "role" in known and ("parts" in known or "content" in known):
        return "message", known
    return _classify_by_status(known, streaming=streaming), known


def _classify_by_status(known: dict[str, JSON], *, streaming: bool) -> str | None:
    if "status" not in known:
        return None
    if "final" in known or ("taskId" in known and "id" not in known):
        return "status"
    if "id" not in known:
        return None
    return "status" if streaming and TASK_ONLY.isdisjoint(known) else "task"


def decode_page(payload: JSON) -> TaskPage | None:
    """Read a page of tasks: the 1.0 object, or a bare list (PraisonAI)."""
    if isinstance(payload, list):
        payload = {"tasks": payload}
    if not isinstance(payload, dict) or not isinstance(payload.get("tasks") or [], list):
        return None
    tasks = (decode_task(item) for item in payload.get("tasks") or [] if isinstance(item, dict))
    total = payload.get("totalSize")
    return TaskPage(
        tasks=tuple(task for task in tasks if task),
        next_page_token=text_of(payload.get("nextPageToken")),
        total_size=total if isinstance(total, int) else None,
    )


def decode_task(value: Mapping[str, JSON]) -> Task | None:
    """Read a Task; None when it has no id."""
    task_id = identifier(first(value, "id", "taskId"))
    if not task_id:
        return None
    return Task(
        id=task_id,
        context_id=identifier(first(value, "contextId", "sessionId")),
        status=_status(value.get("status")),
        artifacts=_artifacts(value.get("artifacts")),
        history=tuple(decode_message(item) for item in objects(value.get("history"))),
        metadata=object_of(value.get("metadata")),
    )


def decode_message(value: Mapping[str, JSON]) -> Message:
    """Read a Message; 0.3 over HTTP+JSON calls its parts `content`."""
    return Message(
        message_id=text_of(first(value, "messageId", "message_id")) or "",
        role=ROLES.get((text_of(value.get("role")) or "").lower(), Role.UNKNOWN),
        parts=_parts(first(value, "parts", "content")),
        task_id=identifier(value.get("taskId")),
        context_id=identifier(value.get("contextId")),
        metadata=object_of(value.get("metadata")),
        extensions=texts(value.get("extensions")),
        reference_task_ids=texts(value.get("referenceTaskIds")),
    )


def _status(value: JSON) -> TaskStatus:
    if isinstance(value, str | int):
        value = {"state": value}
    status = object_of(value)
    said = first(status, "message", "update")
    if isinstance(said, dict) and set(said) == {"error"}:  # a stream of python-a2a that failed
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
        context_id=identifier(value.get("contextId")),
        status=_status(value.get("status")),
        final=final if isinstance(final, bool) else None,
        metadata=object_of(value.get("metadata")),
    )


def _artifact_event(value: Mapping[str, JSON]) -> TaskArtifactUpdateEvent:
    artifact = object_of(value.get("artifact"))
    return TaskArtifactUpdateEvent(
        task_id=identifier(first(value, "taskId", "id")),
        context_id=identifier(value.get("contextId")),
        artifact=_artifact(artifact, 0),
        append=bool(first(value, "append") or artifact.get("append")),
        last_chunk=bool(first(value, "lastChunk") or artifact.get("lastChunk")),
        metadata=object_of(value.get("metadata")),
    )


def _artifacts(value: JSON) -> tuple[Artifact, ...]:
    """Read a task's artifacts; those of one id are pieces of one (0.1 stores every chunk apart)."""
    merged: dict[str, Artifact] = {}
    for position, item in enumerate(objects(value)):
        artifact = _artifact(item, position)
        earlier = merged.get(artifact.artifact_id)
        if earlier:
            artifact = earlier.model_copy(update={"parts": earlier.parts + artifact.parts})
        merged[artifact.artifact_id] = artifact
    return tuple(merged.values())


def _artifact(value: Mapping[str, JSON], position: int) -> Artifact:
    artifact_id = text_of(first(value, "artifactId", "artifact_id"))
    return Artifact(
        artifact_id=artifact_id or f"index-{text_of(value.get('index')) or position}",
        name=text_of(value.get("name")),
        description=text_of(value.get("description")),
        parts=_parts(value.get("parts")),
        metadata=object_of(value.get("metadata")),
        extensions=texts(value.get("extensions")),
    )


def _parts(value: JSON) -> tuple[Part, ...]:
    if isinstance(value, dict):  # python-a2a: one part where a list belongs
        value = [value]
    return tuple(decode_part(item) for item in objects(value))


def decode_part(value: Mapping[str, JSON]) -> Part:
    """Read a Part by the member that is present, whatever its value (a2a-wire 6.1)."""
    known: dict[str, Any] = {"metadata": object_of(value.get("metadata"))}
    holder = value["file"] if isinstance(value.get("file"), dict) else value
    known["media_type"] = text_of(first(holder, "mediaType", "mimeType"))
    known["filename"] = text_of(first(holder, "filename", "name"))
    raw = first(holder, "raw", "bytes")
    if isinstance(raw, str):
        return _raw_part(raw, known)
    raw = first(holder, "fileWithBytes", "file_with_bytes")
    if isinstance(raw, str):
        return _raw_part(raw, known, twice=True)
    url = first(holder, "url", "uri", "fileWithUri", "file_with_uri")
    if isinstance(url, str):
        return Part(kind="url", url=url, **known)
    if isinstance(value.get("text"), str):
        return Part(kind="text", text=value["text"], **known)
    if "data" in value:
        return _data_part(value, known)
    return Part(kind="empty", problem="the part has no content", **known)


def _data_part(value: Mapping[str, JSON], known: dict[str, Any]) -> Part:
    try:
        return Part(kind="data", data=_datum(value), **known)
    except ValueError as error:
        return Part(kind="empty", problem=f"the data is {error}", **known)


def _datum(value: Mapping[str, JSON]) -> JSON:
    data = value["data"]
    kind = first(value, "kind", "type")
    if kind is None and isinstance(data, dict) and set(data) == {"data"}:
        # 0.3 proto DataPart, which holds nothing but objects.
        data = data["data"] if isinstance(data["data"], dict) else data
    return integers(data)


def integers(value: JSON, depth: int = 0) -> JSON:
    """Show 3.0 as 3: a 1.0 agent's data goes through protobuf, which knows only floats.

    Infinity (1e999 on the wire) becomes a word, so that what we write is JSON again. Raises
    ValueError beyond `DEEPEST`.
    """
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return {key: integers(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [integers(item, depth + 1) for item in value]
    return value


def _number(value: float) -> JSON:
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() and abs(value) <= EXACT_INTEGERS else value


def _raw_part(raw: str, known: dict[str, Any], *, twice: bool = False) -> Part:
    decoded = decode_base64(raw)
    if decoded is None:
        return Part(kind="empty", problem="the file's base64 could not be read", **known)
    if twice:
        decoded = _once_more(decoded, known["media_type"])
    return Part(kind="raw", raw=decoded, **known)


def _once_more(decoded: bytes, media_type: str | None) -> bytes:
    """Undo the second base64 that a2a-sdk 0.3 puts on files over HTTP+JSON (a2a-wire 6.1).

    Only where the result is clean, padded base64 again and the type says that it is no text.
    """
    if not media_type or media_type.startswith("text/") or len(decoded) < 4 or len(decoded) % 4:
        return decoded
    try:
        return b64decode(decoded, validate=True)
    except binascii.Error:
        return decoded


def decode_base64(value: str) -> bytes | None:
    """Read base64 of either alphabet, padded or not; None when it is neither."""
    compact = "".join(value.split())
    padded = compact + "=" * (-len(compact) % 4)
    try:
        return b64decode(padded.translate(STANDARD_ALPHABET), validate=True)
    except ValueError:
        return None


def first(value: Mapping[str, JSON], *names: str) -> JSON:
    """Give the first of the named members that is there and not null."""
    for name in names:
        found = value.get(name)
        if found is not None:
            return found
    return None


def text_of(value: JSON) -> str | None:
    """Give a non-empty text, or a number as text; the empty text means "not set" (a2a-wire 7.3)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def identifier(value: JSON) -> str | None:
    """Give an id that can be kept and sent back: of sane length, Unicode, no NUL (threats I7)."""
    text = text_of(value)
    if text is None or "\0" in text:
        return None
    return text if is_usable_id(text) else None


def texts(value: JSON) -> tuple[str, ...]:
    """Give the texts of a list; anything else is left out."""
    items = value if isinstance(value, list) else ()
    return tuple(item for item in items if isinstance(item, str) and item)


def object_of(value: JSON) -> dict[str, JSON]:
    """Give an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: JSON) -> list[dict[str, JSON]]:
    """Give the objects of a list; anything else is left out."""
    items = value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict)]
