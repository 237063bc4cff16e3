"""Reads requests with an SDK's own types, which its makers generate from the standard.

Runs in an SDK's environment: `[[where, type, body], …]` on standard input, where `where` is the
module of the types; prints what each was read as, and fails where one is refused. Members that the
types do not know are refused (protobuf), or missing in what was read (pydantic).
"""

import importlib
import json
import sys
from typing import Any


def read(where: str, name: str, body: Any) -> Any:
    kind = getattr(importlib.import_module(where), name)
    if hasattr(kind, "model_validate"):
        model = kind.model_validate(body)
        return model.model_dump(mode="json", by_alias=True, exclude_unset=True)
    from google.protobuf.json_format import MessageToDict, ParseDict

    return MessageToDict(ParseDict(body, kind()))


def main() -> None:
    print(json.dumps([read(where, name, body) for where, name, body in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
