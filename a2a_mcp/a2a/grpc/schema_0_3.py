"""The messages of A2A 0.3 in protobuf, as the specification numbers them."""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.grpc import schema_1_0
from a2a_mcp.a2a.grpc.schema import Schema

# These are the same in 1.0.
SHARED: Final = (
    "Task",
    "TaskArtifactUpdateEvent",
    "AgentProvider",
    "AgentExtension",
    "AgentCardSignature",
    "StringList",
    "SecurityScheme",
    "APIKeySecurityScheme",
    "HTTPAuthSecurityScheme",
    "OAuth2SecurityScheme",
    "OpenIdConnectSecurityScheme",
    "MutualTlsSecurityScheme",
    "ClientCredentialsOAuthFlow",
    "ImplicitOAuthFlow",
    "PasswordOAuthFlow",
)

MESSAGES: Final = {name: schema_1_0.MESSAGES[name] for name in SHARED} | {
    "SendMessageConfiguration": (
        "1 accepted_output_modes string*, 2 push_notification PushNotificationConfig, "
        "3 history_length int32, 4 blocking bool"
    ),
    "TaskStatus": "1 state TaskState, 2 update Message as message, 3 timestamp Timestamp",
    "Part": (
        "1 text string in part, 2 file FilePart in part, 3 data DataPart in part, 4 metadata Struct"
    ),
    "FilePart": (
        "1 file_with_uri string in file, 2 file_with_bytes bytes in file, 3 mime_type string, "
        "4 name string"
    ),
    "DataPart": "1 data Struct",
    "Message": (
        "1 message_id string, 2 context_id string, 3 task_id string, 4 role Role, "
        "5 content Part*, 6 metadata Struct, 7 extensions string*"
    ),
    "Artifact": (
        "1 artifact_id string, 3 name string, 4 description string, 5 parts Part*, "
        "6 metadata Struct, 7 extensions string*"
    ),
    "TaskStatusUpdateEvent": (
        "1 task_id string, 2 context_id string, 3 status TaskStatus, 4 final bool, "
        "5 metadata Struct"
    ),
    "PushNotificationConfig": (
        "1 id string, 2 url string, 3 token string, 4 authentication AuthenticationInfo"
    ),
    "AuthenticationInfo": "1 schemes string*, 2 credentials string",
    "AgentInterface": "1 url string, 2 transport string",
    "AgentCard": (
        "16 protocol_version string, 1 name string, 2 description string, 3 url string, "
        "14 preferred_transport string, 15 additional_interfaces AgentInterface*, "
        "4 provider AgentProvider, 5 version string, 6 documentation_url string, "
        "7 capabilities AgentCapabilities, 8 security_schemes SecurityScheme{}, "
        "9 security Security*, 10 default_input_modes string*, 11 default_output_modes string*, "
        "12 skills AgentSkill*, 13 supports_authenticated_extended_card bool, "
        "17 signatures AgentCardSignature*, 18 icon_url string"
    ),
    "AgentCapabilities": (
        "1 streaming bool, 2 push_notifications bool, 3 extensions AgentExtension*"
    ),
    "AgentSkill": (
        "1 id string, 2 name string, 3 description string, 4 tags string*, 5 examples string*, "
        "6 input_modes string*, 7 output_modes string*, 8 security Security*"
    ),
    "TaskPushNotificationConfig": (
        "1 name string, 2 push_notification_config PushNotificationConfig"
    ),
    "Security": "1 schemes StringList{}",
    "OAuthFlows": (
        "1 authorization_code AuthorizationCodeOAuthFlow in flow, "
        "2 client_credentials ClientCredentialsOAuthFlow in flow, "
        "3 implicit ImplicitOAuthFlow in flow, 4 password PasswordOAuthFlow in flow"
    ),
    "AuthorizationCodeOAuthFlow": (
        "1 authorization_url string, 2 token_url string, 3 refresh_url string, 4 scopes string{}"
    ),
    "SendMessageRequest": (
        "1 request Message as message, 2 configuration SendMessageConfiguration, 3 metadata Struct"
    ),
    "GetTaskRequest": "1 name string, 2 history_length int32",
    "CancelTaskRequest": "1 name string",
    "GetTaskPushNotificationConfigRequest": "1 name string",
    "DeleteTaskPushNotificationConfigRequest": "1 name string",
    "CreateTaskPushNotificationConfigRequest": (
        "1 parent string, 2 config_id string, 3 config TaskPushNotificationConfig"
    ),
    "TaskSubscriptionRequest": "1 name string",
    "ListTaskPushNotificationConfigRequest": (
        "1 parent string, 2 page_size int32, 3 page_token string"
    ),
    "GetAgentCardRequest": "",
    "SendMessageResponse": "1 task Task in payload, 2 msg Message in payload as message",
    "StreamResponse": (
        "1 task Task in payload, 2 msg Message in payload as message, "
        "3 status_update TaskStatusUpdateEvent in payload, "
        "4 artifact_update TaskArtifactUpdateEvent in payload"
    ),
    "ListTaskPushNotificationConfigResponse": (
        "1 configs TaskPushNotificationConfig*, 2 next_page_token string"
    ),
}

ENUMS: Final = {
    "TaskState": (
        "TASK_STATE_UNSPECIFIED",
        "TASK_STATE_SUBMITTED",
        "TASK_STATE_WORKING",
        "TASK_STATE_COMPLETED",
        "TASK_STATE_FAILED",
        "TASK_STATE_CANCELLED",
        "TASK_STATE_INPUT_REQUIRED",
        "TASK_STATE_REJECTED",
        "TASK_STATE_AUTH_REQUIRED",
    ),
    "Role": (
        "ROLE_UNSPECIFIED",
        "ROLE_USER",
        "ROLE_AGENT",
    ),
}

METHODS: Final = {
    "SendMessage": ("SendMessageRequest", "SendMessageResponse"),
    "SendStreamingMessage": ("SendMessageRequest", "StreamResponse*"),
    "GetTask": ("GetTaskRequest", "Task"),
    "CancelTask": ("CancelTaskRequest", "Task"),
    "TaskSubscription": ("TaskSubscriptionRequest", "StreamResponse*"),
    "CreateTaskPushNotificationConfig": (
        "CreateTaskPushNotificationConfigRequest",
        "TaskPushNotificationConfig",
    ),
    "GetTaskPushNotificationConfig": (
        "GetTaskPushNotificationConfigRequest",
        "TaskPushNotificationConfig",
    ),
    "ListTaskPushNotificationConfig": (
        "ListTaskPushNotificationConfigRequest",
        "ListTaskPushNotificationConfigResponse",
    ),
    "GetAgentCard": ("GetAgentCardRequest", "AgentCard"),
    "DeleteTaskPushNotificationConfig": ("DeleteTaskPushNotificationConfigRequest", "Empty"),
}

V0_3: Final = Schema("a2a.v1", MESSAGES, ENUMS, METHODS)
