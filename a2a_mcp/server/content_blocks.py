"""MCP content blocks of an artifact, in the form that the client's protocol version knows.

An old client rejects a whole result for one kind of block that it does not know, and the SDK does
not convert blocks; so that is done here. The text block names what the other blocks hold, because
some hosts show only text.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final

import mcp.types as t
from mcp.types.version import is_version_at_least

from a2a_mcp.presentation.artifact import ArtifactPiece
from a2a_mcp.presentation.attachments import Link, Media
from a2a_mcp.server.results import Mask

AUDIO_SINCE: Final = "2025-03-26"
LINKS_SINCE: Final = "2025-06-18"


def blocks_of(piece: ArtifactPiece, mask: Mask, version: str | None) -> list[t.ContentBlock]:
    """Return the blocks: the text, then pictures and sound, then links."""
    blocks: list[t.ContentBlock] = [t.TextContent(type="text", text=mask(piece.text))]
    blocks += [_block(media, version) for media in piece.media]
    if version and is_version_at_least(version, LINKS_SINCE):
        blocks += [_link(link, mask) for link in piece.links]
    return blocks


def _link(link: Link, mask: Mask) -> t.ContentBlock:
    return t.ResourceLink(
        type="resource_link",
        uri=mask(link.uri),
        name=mask(link.name),
        mime_type=link.media_type,
        size=link.size,
    )


def _block(media: Media, version: str | None) -> t.ContentBlock:
    data = b64encode(media.data).decode("ascii")
    if media.media_type.startswith("image/"):
        return t.ImageContent(type="image", data=data, mime_type=media.media_type)
    if version and is_version_at_least(version, AUDIO_SINCE):
        return t.AudioContent(type="audio", data=data, mime_type=media.media_type)
    return t.TextContent(type="text", text=f"[sound: {media.media_type}, {len(media.data)} bytes]")
