"""How the requests for push configurations are written, in every version that has them.

Pure. Four forms: 1.0 is flat, 0.3 nests the configuration, 0.3 over HTTP+JSON names resources, and
0.1 has one configuration for each task.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.requests import (
    CreatePushConfigRequest,
    DeletePushConfigRequest,
    GetPushConfigRequest,
    ListPushConfigsRequest,
    Operation,
    PushConfig,
)
from a2a_mcp.a2a.versions.base import Encoder, present

DEFAULT_SCHEME: Final = "Bearer"

# --- 1.0 (A2A 1.0, section 4.3) ---


def create(request: CreatePushConfigRequest) -> dict[str, JSON]:
    """Return the params of CreateTaskPushNotificationConfig."""
    config = request.config
    return {"taskId": request.task_id} | present(
        id=config.id,
        url=config.url,
        token=config.token,
        authentication=present(scheme=_scheme(config), credentials=config.credentials),
    )


def get(request: GetPushConfigRequest) -> dict[str, JSON]:
    """Return the params of GetTaskPushNotificationConfig; the id is the task's where none is given.

    a2a-sdk gives a configuration without an id the id of its task.
    """
    return {"taskId": request.task_id, "id": request.id or request.task_id}


def list_(request: ListPushConfigsRequest) -> dict[str, JSON]:
    """Return the params of ListTaskPushNotificationConfigs."""
    return {"taskId": request.task_id} | present(
        pageSize=request.page_size, pageToken=request.page_token
    )


def delete(request: DeletePushConfigRequest) -> dict[str, JSON]:
    """Return the params of DeleteTaskPushNotificationConfig."""
    return {"taskId": request.task_id, "id": request.id}


# --- 0.3 and 0.2 over JSON-RPC ---


def nested(config: PushConfig) -> dict[str, JSON]:
    """Return a configuration in the form of 0.3: a list of schemes."""
    scheme = _scheme(config)
    authentication = {"schemes": [scheme]} | present(credentials=config.credentials)
    return {"url": config.url} | present(
        id=config.id, token=config.token, authentication=authentication if scheme else None
    )


def create_0_3(request: CreatePushConfigRequest) -> dict[str, JSON]:
    """Return the params of tasks/pushNotificationConfig/set."""
    return {"taskId": request.task_id, "pushNotificationConfig": nested(request.config)}


def get_0_3(request: GetPushConfigRequest) -> dict[str, JSON]:
    """Return the params of tasks/pushNotificationConfig/get."""
    return {"id": request.task_id} | present(pushNotificationConfigId=request.id)


def list_0_3(request: ListPushConfigsRequest) -> dict[str, JSON]:
    """Return the params of tasks/pushNotificationConfig/list, which has no pages."""
    return {"id": request.task_id}


def delete_0_3(request: DeletePushConfigRequest) -> dict[str, JSON]:
    """Return the params of tasks/pushNotificationConfig/delete."""
    return {"id": request.task_id, "pushNotificationConfigId": request.id}


# --- 0.3 over HTTP+JSON: resource names, as in its proto ---


def create_0_3_rest(request: CreatePushConfigRequest) -> dict[str, JSON]:
    """Return the body that a2a-sdk 0.3 reads; to a bare configuration it answers HTTP 500."""
    parent = f"tasks/{request.task_id}"
    config_id = request.config.id or request.task_id
    named = {
        "name": f"{parent}/pushNotificationConfigs/{config_id}",
        "pushNotificationConfig": nested(request.config),
    }
    return {"taskId": request.task_id, "parent": parent, "configId": config_id, "config": named}


# --- 0.1: one configuration for each task ---


def create_0_1(request: CreatePushConfigRequest) -> dict[str, JSON]:
    """Return the params of tasks/pushNotification/set."""
    config = nested(request.config.model_copy(update={"id": None}))
    return {"id": request.task_id, "pushNotificationConfig": config}


def get_0_1(request: GetPushConfigRequest) -> dict[str, JSON]:
    """Return the params of tasks/pushNotification/get."""
    return {"id": request.task_id}


def _scheme(config: PushConfig) -> str | None:
    return config.scheme or (DEFAULT_SCHEME if config.credentials else None)


ENCODERS_1_0: Final[dict[Operation, Encoder]] = {
    Operation.CREATE_PUSH_CONFIG: create,
    Operation.GET_PUSH_CONFIG: get,
    Operation.LIST_PUSH_CONFIGS: list_,
    Operation.DELETE_PUSH_CONFIG: delete,
}
ENCODERS_0_3: Final[dict[Operation, Encoder]] = {
    Operation.CREATE_PUSH_CONFIG: create_0_3,
    Operation.GET_PUSH_CONFIG: get_0_3,
    Operation.LIST_PUSH_CONFIGS: list_0_3,
    Operation.DELETE_PUSH_CONFIG: delete_0_3,
}
ENCODERS_0_3_REST: Final[dict[Operation, Encoder]] = ENCODERS_1_0 | {
    Operation.CREATE_PUSH_CONFIG: create_0_3_rest
}
ENCODERS_0_1: Final[dict[Operation, Encoder]] = {
    Operation.CREATE_PUSH_CONFIG: create_0_1,
    Operation.GET_PUSH_CONFIG: get_0_1,
}
TARGETS_0_3: Final = {
    Operation.CREATE_PUSH_CONFIG: "tasks/pushNotificationConfig/set",
    Operation.GET_PUSH_CONFIG: "tasks/pushNotificationConfig/get",
    Operation.LIST_PUSH_CONFIGS: "tasks/pushNotificationConfig/list",
    Operation.DELETE_PUSH_CONFIG: "tasks/pushNotificationConfig/delete",
}
TARGETS_0_1: Final = {
    Operation.CREATE_PUSH_CONFIG: "tasks/pushNotification/set",
    Operation.GET_PUSH_CONFIG: "tasks/pushNotification/get",
}


def rest_targets(prefix: str) -> dict[Operation, str]:
    """Return the verbs and paths of HTTP+JSON below a prefix."""
    configs = f"{prefix}/tasks/{{taskId}}/pushNotificationConfigs"
    return {
        Operation.CREATE_PUSH_CONFIG: f"POST {configs}",
        Operation.GET_PUSH_CONFIG: f"GET {configs}/{{id}}",
        Operation.LIST_PUSH_CONFIGS: f"GET {configs}",
        Operation.DELETE_PUSH_CONFIG: f"DELETE {configs}/{{id}}",
    }
