"""What leaves this machine beside the body of a request.

The openai client adds what it finds in the environment (OPENAI_ORG_ID, OPENAI_PROJECT_ID,
OPENAI_CUSTOM_HEADERS, which may hold secrets) and tells of the machine, to whatever host it asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from httpx2 import Request

OPENAI_HOST: Final = "api.openai.com"
NEEDED: Final = frozenset(
    {
        *("host", "authorization", "content-type", "content-length", "transfer-encoding"),
        *("accept", "accept-encoding", "connection", "user-agent"),
        "x-stainless-raw-response",  # by which the client knows its own requests
    }
)
"""Headers that another host than OpenAI's gets, and no others."""


def strip(request: Request) -> None:
    """Remove all headers of a request that its host does not need."""
    if request.url.host == OPENAI_HOST:
        return
    for name in set(request.headers) - NEEDED:
        del request.headers[name]


async def strip_later(request: Request) -> None:
    """The same for an asynchronous client."""
    strip(request)


HOOKS: Final[dict[str, list[Any]]] = {"request": [strip]}
ASYNC_HOOKS: Final[dict[str, list[Any]]] = {"request": [strip_later]}
