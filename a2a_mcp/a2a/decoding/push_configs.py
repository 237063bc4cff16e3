"""Reads push configurations: flat (1.0), nested (0.3), or as a named resource (0.3, HTTP+JSON).

Pure. What has no URL is not a push configuration.
"""

from __future__ import annotations

from collections.abc import Sequence

from a2a_mcp.a2a.decoding.json_values import first, identifier, object_of, objects, text_of, texts
from a2a_mcp.a2a.model import JSON
from a2a_mcp.a2a.requests import PushConfig, PushConfigPage


def decode_push_config(payload: JSON) -> PushConfig | None:
    """Return the push configuration in an answer; None when it holds none."""
    outer = object_of(payload)
    said = object_of(first(outer, "pushNotificationConfig", "taskPushNotificationConfig")) or outer
    url = text_of(first(said, "url"))
    if not url:
        return None
    authentication = object_of(first(said, "authentication"))
    schemes = texts(first(authentication, "schemes"))
    return PushConfig(
        url=url,
        id=identifier(first(said, "id")) or _id_in_name(outer),
        token=text_of(first(said, "token")) or None,
        scheme=text_of(first(authentication, "scheme")) or next(iter(schemes), None),
        credentials=text_of(first(authentication, "credentials")) or None,
    )


def decode_push_configs(payload: JSON) -> PushConfigPage | None:
    """Return a page of push configurations, an empty one for an empty answer; None for no list."""
    if isinstance(payload, list):
        return PushConfigPage(configs=_all_of(payload))
    if not isinstance(payload, dict):
        return None
    token = text_of(first(payload, "nextPageToken")) or None
    return PushConfigPage(
        configs=_all_of(objects(first(payload, "configs"))), next_page_token=token
    )


def _all_of(items: Sequence[JSON]) -> tuple[PushConfig, ...]:
    found = (decode_push_config(item) for item in items)
    return tuple(config for config in found if config)


def _id_in_name(resource: dict[str, JSON]) -> str | None:
    """Return the last part of a resource name `tasks/1/pushNotificationConfigs/2`."""
    name = text_of(first(resource, "name")) or ""
    return name.rpartition("/pushNotificationConfigs/")[2] or None
