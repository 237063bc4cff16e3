"""The gRPC library, which writes to stderr unless it is told not to before it is imported.

The only module that imports it.
"""

from __future__ import annotations

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
import grpc

__all__ = ["grpc"]
