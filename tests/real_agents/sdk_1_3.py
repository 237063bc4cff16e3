"""A test agent on a2a-sdk 1.3: A2A 1.0 over JSON-RPC or HTTP+JSON, with or without 0.3."""

import argparse
from base64 import b64encode
from typing import Any

import httpx
from a2a.helpers import new_data_part, new_raw_part, new_task, new_text_part, new_url_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.context import ServerCallContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandlerV2
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import (
    BasePushNotificationSender,
    InMemoryPushNotificationConfigStore,
    InMemoryTaskStore,
    TaskUpdater,
)
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    AuthorizationCodeOAuthFlow,
    CancelTaskRequest,
    ClientCredentialsOAuthFlow,
    HTTPAuthSecurityScheme,
    Message,
    OAuth2SecurityScheme,
    OAuthFlows,
    Part,
    PasswordOAuthFlow,
    Role,
    SecurityRequirement,
    SecurityScheme,
    StringList,
    Task,
    TaskState,
)
from google.protobuf.json_format import MessageToDict
from hosting import Record, listen, lying_card, parser, serve
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from words import Content, Turn, respond

BINDINGS = {"jsonrpc": "JSONRPC", "rest": "HTTP+JSON"}


class Turn13(Turn):
    """A turn in protobuf messages."""

    def __init__(self, context: RequestContext, queue: EventQueue) -> None:
        self.text = context.get_user_input()
        self.continues = context.current_task is not None
        self._context = context
        self._queue = queue
        self._updates = TaskUpdater(queue, context.task_id or "", context.context_id or "")

    @property
    def message(self) -> Message:
        """The message that began this turn."""
        return self._context.message or Message()

    async def reply(self, *parts: Content) -> None:
        message = Message(
            message_id=f"reply-to-{self.message.message_id}",
            context_id=self._context.context_id,
            role=Role.ROLE_AGENT,
            parts=[_part(part) for part in parts],
        )
        await self._queue.enqueue_event(message)

    async def announce(self) -> None:
        task = new_task(
            self._updates.task_id,
            self._updates.context_id,
            TaskState.TASK_STATE_SUBMITTED,
            history=[self.message],
        )
        await self._queue.enqueue_event(task)

    async def status(self, state: str, *parts: Content) -> None:
        said = [_part(part) for part in parts]
        message = self._updates.new_agent_message(said) if said else None
        name = "TASK_STATE_" + state.upper().replace("-", "_")
        await self._updates.update_status(TaskState.Value(name), message)

    async def artifact(
        self, name: str, *parts: Content, append: bool = False, last: bool = True
    ) -> None:
        await self._updates.add_artifact(
            [_part(part) for part in parts], name, name, append=append, last_chunk=last
        )

    def received(self) -> dict[str, Any]:
        message = self.message
        return {
            "message_id": message.message_id,
            "task_id": message.task_id,
            "context_id": message.context_id,
            "reference_task_ids": list(message.reference_task_ids),
            "extensions": list(message.extensions),
            "tenant": self._context.tenant,
            "metadata": MessageToDict(message.metadata),
            "request_metadata": self._context.metadata,
            "texts": [part.text for part in message.parts if part.HasField("text")],
            "data": [
                {"data": MessageToDict(part.data), "metadata": MessageToDict(part.metadata)}
                for part in message.parts
                if part.HasField("data")
            ],
            "files": [
                _file(part)
                for part in message.parts
                if part.HasField("raw") or part.HasField("url")
            ],
        }


def _part(content: Content) -> Part:
    if isinstance(content, str):
        return new_text_part(content)
    if isinstance(content, dict):
        return new_data_part(content)
    if content.url:
        return new_url_part(content.url, content.media_type, content.name)
    return new_raw_part(content.content, content.media_type, content.name)


def _file(part: Part) -> dict[str, str]:
    return {
        "name": part.filename,
        "media_type": part.media_type,
        "bytes": b64encode(part.raw).decode(),
        "url": part.url,
    }


class Executor(AgentExecutor):
    """Runs the words, and notes that it did."""

    def __init__(self, record: Record) -> None:
        self._record = record

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        turn = Turn13(context, event_queue)
        message_id = turn.message.message_id
        task_id, context_id = context.task_id or "", context.context_id or ""
        self._record.execution(message_id, task_id, context_id, turn.text)
        await respond(turn)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        # a2a-sdk itself has stopped `execute` by now.
        await Turn13(context, event_queue).status("canceled", "canceled as asked")


class Handler(DefaultRequestHandlerV2):
    """Notes cancel requests: their metadata never reaches the executor."""

    def __init__(self, record: Record, card: AgentCard, *, push: bool, extended: str = "") -> None:
        store = InMemoryPushNotificationConfigStore() if push else None
        super().__init__(
            Executor(record),
            InMemoryTaskStore(),
            card,
            push_config_store=store,
            push_sender=BasePushNotificationSender(httpx.AsyncClient(), store) if store else None,
            extended_agent_card=extended_card(card) if extended == "shown" else None,
        )
        self._record = record

    async def on_cancel_task(
        self, params: CancelTaskRequest, context: ServerCallContext
    ) -> Task | None:
        self._record.cancel(params.id, MessageToDict(params.metadata))
        task: Task | None = await super().on_cancel_task(params, context)
        return task


def card(options: argparse.Namespace, url: str) -> AgentCard:
    """Build the card; the SDK adds the 0.3 fields where it offers 0.3."""
    return AgentCard(
        name="Test agent 1.3",
        description="Does what the first word says.",
        version="1.3.0",
        supported_interfaces=[
            AgentInterface(
                url=url, protocol_binding=BINDINGS[options.binding], protocol_version=version
            )
            for version in (["1.0", "0.3"] if options.compat else ["1.0"])
        ],
        capabilities=AgentCapabilities(
            streaming=options.streaming,
            push_notifications=options.push,
            extended_agent_card=bool(options.extended),
        ),
        default_input_modes=["text/plain", "application/*", "image/png"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="words", name="Words", description="All of it.", tags=["test"])],
        **_security(options),
    )


def _security(options: argparse.Namespace) -> dict[str, Any]:
    """Build the members by which the card asks for a token."""
    if options.issuer:
        name, scheme, scopes = "oauth", _oauth(options), ["read"]
    elif options.token:
        bearer = HTTPAuthSecurityScheme(scheme="bearer")
        name, scheme, scopes = "bearer", SecurityScheme(http_auth_security_scheme=bearer), []
    else:
        return {}
    asked = SecurityRequirement(schemes={name: StringList(list=scopes)})
    return {"security_schemes": {name: scheme}, "security_requirements": [asked]}


def _oauth(options: argparse.Namespace) -> SecurityScheme:
    issuer, scopes = options.token_origin or options.issuer, {"read": "Read"}
    if options.flow == "client_credentials":
        machine = ClientCredentialsOAuthFlow(token_url=f"{issuer}/token", scopes=scopes)
        flows = OAuthFlows(client_credentials=machine)
    elif options.flow == "password":
        old = PasswordOAuthFlow(token_url=f"{issuer}/token", scopes=scopes)
        flows = OAuthFlows(password=old)
    else:
        code = AuthorizationCodeOAuthFlow(
            authorization_url=f"{issuer}/auth", token_url=f"{issuer}/token", scopes=scopes
        )
        flows = OAuthFlows(authorization_code=code)
    return SecurityScheme(oauth2_security_scheme=OAuth2SecurityScheme(flows=flows))


def extended_card(public: AgentCard) -> AgentCard:
    """Build what only callers with credentials see: one more skill."""
    whole = AgentCard()
    whole.CopyFrom(public)
    whole.description = "Does what the first word says, and secrets."
    whole.skills.add(id="secrets", name="Secrets", description="For members.", tags=["test"])
    whole.default_output_modes.append("image/png")
    return whole


def application(options: argparse.Namespace, handler: Handler, agent_card: AgentCard) -> Starlette:
    """Build the agent under its path, card and all."""
    prefix = options.path
    card_path = f"{prefix}/.well-known/agent-card.json"
    routes: list[BaseRoute] = [*create_agent_card_routes(agent_card, card_url=card_path)]
    if options.binding == "rest":
        # Mounted, not prefixed: the SDK puts a tenant before its own prefix.
        rest = create_rest_routes(handler, enable_v0_3_compat=options.compat)
        routes.append(Mount(prefix, routes=rest))
    else:
        rpc = create_jsonrpc_routes(handler, prefix or "/", enable_v0_3_compat=options.compat)
        routes.extend(rpc)
    return Starlette(routes=routes)


def main() -> None:
    arguments = parser()
    arguments.add_argument("--binding", choices=BINDINGS, default="jsonrpc")
    arguments.add_argument("--compat", action="store_true", help="speak 0.3 too")
    arguments.add_argument("--token", default="", help="refuse requests without this bearer token")
    arguments.add_argument("--issuer", default="", help="refuse requests without its tokens")
    arguments.add_argument("--flow", default="client_credentials", help="how the card gives them")
    arguments.add_argument("--token-origin", default="", help="where the card says they are given")
    arguments.add_argument("--path", default="", help="where the agent lives, such as /x")
    options = arguments.parse_args()
    listener, origin = listen(options.port)
    record = Record()
    agent_card = card(options, origin + options.path)
    handler = Handler(record, agent_card, push=options.push, extended=options.extended)
    app = application(options, handler, agent_card)
    url, binding = origin + options.path, BINDINGS[options.binding]
    lie = options.says and lying_card(options.says, binding, url, streaming=options.streaming)
    serve(app, listener, record, url, options.token, issuer=options.issuer, card=lie or None)


if __name__ == "__main__":
    main()
