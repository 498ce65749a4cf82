"""What a request to the page brings along: a small JSON map."""

import json
from typing import cast

from starlette.requests import Request

BODY_BYTES_MAX = 4096
Json = dict[str, object]


async def read_body(request: Request) -> Json:
    """Read a small JSON map; an empty one for anything else, which its reader then refuses."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > BODY_BYTES_MAX:
            return {}
    try:
        body = json.loads(data)
    except ValueError:
        return {}
    return cast("Json", body) if isinstance(body, dict) else {}
