"""A test agent on a2a-sdk 1.3 over gRPC: A2A 1.0 and 0.3 at one port, which its card names."""

from typing import Any

from a2a.compat.v0_3 import a2a_v0_3_pb2_grpc
from a2a.compat.v0_3.grpc_handler import CompatGrpcHandler
from a2a.server.request_handlers import GrpcHandler
from a2a.server.routes import create_agent_card_routes
from a2a.types import a2a_pb2_grpc
from grpc_hosting import HOST, grpc_options, starts
from hosting import Record, listen, serve
from sdk_1_3 import Handler, card
from starlette.applications import Starlette


def main() -> None:
    options = grpc_options()
    listener, origin = listen(options.port)
    record = Record()
    options.binding, options.compat, options.issuer = "jsonrpc", True, ""
    agent_card = card(options, f"{HOST}:{options.grpc_port}")
    for interface in agent_card.supported_interfaces:
        interface.protocol_binding = "GRPC"
    handler = Handler(record, agent_card, push=options.push, extended=options.extended)

    def add(server: Any) -> None:
        a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(handler), server)
        old = CompatGrpcHandler(handler)
        a2a_v0_3_pb2_grpc.add_A2AServiceServicer_to_server(old, server)

    app = Starlette(routes=create_agent_card_routes(agent_card))
    serve(app, listener, record, origin, beside=starts(options, record, add))


if __name__ == "__main__":
    main()
