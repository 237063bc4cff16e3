"""What a word of a real agent waits for in the place of seconds: the test says when it goes on."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Gate:
    """A file that is made when the gate opens; its path stands where a word takes seconds."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def open(self) -> None:
        """Let all that waits go on."""
        self.path.touch()
