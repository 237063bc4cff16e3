"""A test agent on a2a-sdk 0.3 over gRPC, at a port of its own, which its card names."""

from typing import Any

from a2a.grpc import a2a_pb2_grpc
from a2a.server.request_handlers import GrpcHandler
from a2a.types import AgentCard
from grpc_hosting import HOST, grpc_options, starts
from hosting import CARD, Record, listen, serve
from pydantic_turn import Handler, card_fields, extended_card
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def main() -> None:
    options = grpc_options()
    listener, origin = listen(options.port)
    record = Record()
    place = f"{HOST}:{options.grpc_port}"
    fields = card_fields("0.3.26", place, streaming=options.streaming, push=options.push)
    fields["supports_authenticated_extended_card"] = bool(options.extended)
    card = AgentCard(preferred_transport="GRPC", **fields)
    told = extended_card(card) if options.extended == "shown" else card
    handler = Handler(record, push=options.push)

    def add(server: Any) -> None:
        a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(told, handler), server)

    async def show(_request: Request) -> JSONResponse:
        return JSONResponse(card.model_dump(mode="json", by_alias=True, exclude_none=True))

    app = Starlette(routes=[Route(f"/{CARD}", show)])
    serve(app, listener, record, origin, beside=starts(options, record, add))


if __name__ == "__main__":
    main()
