"""A test agent on a2a-sdk 0.3: A2A 0.3 over JSON-RPC or HTTP+JSON."""

from a2a.server.apps import A2ARESTFastAPIApplication, A2AStarletteApplication
from a2a.types import AgentCard
from hosting import Record, listen, lying_card, parser, serve
from pydantic_turn import Handler, card_fields, extended_card
from starlette.applications import Starlette

BINDINGS = {"jsonrpc": "JSONRPC", "rest": "HTTP+JSON"}


def application(binding: str, card: AgentCard, handler: Handler, extended: str) -> Starlette:
    """Build the agent; each binding has an application of its own in this SDK."""
    more = extended_card(card) if extended == "shown" else None
    if binding == "rest":
        return A2ARESTFastAPIApplication(card, handler, extended_agent_card=more).build()
    return A2AStarletteApplication(card, handler, extended_agent_card=more).build()


def main() -> None:
    arguments = parser()
    arguments.add_argument("--binding", choices=BINDINGS, default="jsonrpc")
    arguments.add_argument("--token", default="", help="refuse requests without this bearer token")
    options = arguments.parse_args()
    listener, origin = listen(options.port)
    record = Record()
    fields = card_fields("0.3.26", origin, streaming=options.streaming, push=options.push)
    binding = BINDINGS[options.binding]
    fields["supports_authenticated_extended_card"] = bool(options.extended)
    card = AgentCard(preferred_transport=binding, **fields)
    lie = options.says and lying_card(options.says, binding, origin, streaming=options.streaming)
    handler = Handler(record, push=options.push)
    app = application(options.binding, card, handler, options.extended)
    serve(app, listener, record, origin, options.token, card=lie or None)


if __name__ == "__main__":
    main()
