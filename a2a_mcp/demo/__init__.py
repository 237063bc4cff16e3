"""The demo: an A2A agent to try the bridge with, and a guided tour of the bridge's tools.

Imports nothing, so that asking for help never needs the extra. `agent` needs it and says so.
"""


class DemoMissing(ImportError):
    """The demo agent was asked for where its packages are not installed."""

    def __init__(self) -> None:
        super().__init__('the demo needs the extra: in the clone, uv tool install ".[demo]"')
