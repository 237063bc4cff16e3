"""gRPC to agents: where it is dialled, the messages it carries, and what its errors mean.

Only this folder imports grpc and protobuf, which come with the extra `grpc`.
No generated code may enter: the messages are made of a table.
Open `transport` first.
"""
