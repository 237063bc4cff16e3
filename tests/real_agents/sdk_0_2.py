"""A test agent on a2a-sdk 0.2: A2A 0.2 over JSON-RPC, its card at the old place only."""

from a2a.server.apps import A2AStarletteApplication
from a2a.types import AgentCard
from hosting import Record, listen, parser, serve
from pydantic_turn import Handler, card_fields


def main() -> None:
    options = parser().parse_args()
    listener, origin = listen(options.port)
    record = Record()
    card = AgentCard(
        **card_fields("0.2.16", origin, streaming=options.streaming, push=options.push)
    )
    app = A2AStarletteApplication(card, Handler(record, push=options.push)).build()
    serve(app, listener, record, origin)


if __name__ == "__main__":
    main()
