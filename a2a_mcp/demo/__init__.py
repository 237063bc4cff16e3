"""The demo: an A2A agent to try the bridge with, and a guided tour of the bridge's tools.

This module imports nothing, so that `--help` works without the extra `demo`. Only `cli` may import
the demo. Open `tour` first.
"""


class DemoMissing(ImportError):
    """The packages of the extra `demo` are not installed."""

    def __init__(self) -> None:
        super().__init__('the demo needs the extra: in the clone, uv tool install ".[demo]"')
