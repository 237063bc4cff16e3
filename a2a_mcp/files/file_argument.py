"""A file as a caller gives it: the shape of the argument, and nothing else."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FileIn(BaseModel):
    """One file: exactly one of `text`, `path`, `url` and `content`."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = Field(None, description="its plain text")
    path: str | None = Field(None, description="local file, if allowed")
    url: str | None = Field(None, description="https:// (passed on) or data:")
    content: str | None = Field(None, description="its bytes in base64")
    name: str | None = Field(None, description="e.g. notes.txt")
    media_type: str | None = Field(None, description="e.g. text/csv")
