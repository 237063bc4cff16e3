"""Prints how an SDK's own generated code describes the proto file of its version, as JSON.

Runs in an SDK's environment; its argument is the module of the generated code.
"""

import importlib
import sys

from google.protobuf import descriptor_pb2, json_format


def main() -> None:
    described = descriptor_pb2.FileDescriptorProto()
    importlib.import_module(sys.argv[1]).DESCRIPTOR.CopyToProto(described)
    print(json_format.MessageToJson(described))


if __name__ == "__main__":
    main()
