"""What a 401 means for credentials that can be renewed: the request may be sent once more.

A server that answers 401 has not carried the request out, so nothing happens twice.
"""

from __future__ import annotations

from typing import Final

from a2a_mcp.a2a.auth.static import Attachment
from a2a_mcp.a2a.decoding.errors import decode_error
from a2a_mcp.a2a.errors import AuthenticationRequired
from a2a_mcp.a2a.http.responses import EventStream, HttpResponse

UNAUTHORIZED: Final = 401


async def renewed_for(
    answer: HttpResponse | EventStream, attachment: Attachment
) -> Attachment | None:
    """Return what to send the request with once more; None where the answer stands."""
    if attachment.renew is None or not _refuses(answer):
        return None
    return await attachment.renew()


def _refuses(answer: HttpResponse | EventStream) -> bool:
    """Return whether credentials were refused; an A2A error of the agent itself is none."""
    if not isinstance(answer, HttpResponse) or answer.status != UNAUTHORIZED:
        return False
    error = decode_error(answer.body, status=answer.status, url=None)
    return isinstance(error, AuthenticationRequired)
