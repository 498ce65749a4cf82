"""The inspection side: the devices' true state and their faults, as JSON on the loopback.

GET  /                the state of every camera: position, lines, gate, clients, faults
GET  /frames/<camera> every frame that reached its dome, with the time of its last bit
GET  /requests/<camera> what RTSP clients asked of it
POST /fault           {"camera": "dome-1", "fault": "dome_deaf", "value": true}
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, cast

BODY_BYTES_MAX = 65_536
PATIENCE_S = 5.0
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found"}

Tree = dict[str, Any]


class RefusedError(Exception):
    """What was asked for is not there; the text says what is."""


class ControlServer:
    """Answers questions about the site, one connection each.

    Args:
        ask: given the path's parts, returns the answer.
        set_fault: given camera, fault and value, switches it.
    """

    def __init__(
        self,
        ask: Callable[[list[str]], Tree],
        set_fault: Callable[[str, str, object], None],
    ) -> None:
        self.port = 0
        self.refused_count = 0
        self._ask = ask
        self._set_fault = set_fault
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> None:
        """Begin to answer on the loopback; port 0 takes any free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError
        ):
            async with asyncio.timeout(PATIENCE_S):
                code, tree = await self._answer(reader)
                body = json.dumps(tree).encode()
                head = (
                    f"HTTP/1.1 {code} {REASONS[code]}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, Tree]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = (head[0] + "  ").split(" ", 2)
        length = 0
        for line in head[1:]:
            key, _, value = line.partition(":")
            if key.lower() == "content-length" and value.strip().isdigit():
                length = int(value)
        try:
            body = await reader.readexactly(_bounded(length))
            if method == "GET":
                return 200, self._ask([part for part in path.split("/") if part])
            if method == "POST" and path == "/fault":
                self._switch(body)
                return 200, {"done": True}
        except RefusedError as error:
            self.refused_count += 1
            return 400, {"error": str(error)}
        self.refused_count += 1
        return 404, {"error": f"{method} {path}: no such thing; there are GET / and POST /fault"}

    def _switch(self, body: bytes) -> None:
        try:
            tree = json.loads(body)
        except ValueError as error:
            raise RefusedError(f"the body is not JSON: {error}") from error
        if not isinstance(tree, dict):
            raise RefusedError("the body is no JSON object; send camera, fault and value")
        wanted = cast("Tree", tree)
        self._set_fault(
            str(wanted.get("camera", "")), str(wanted.get("fault", "")), wanted.get("value")
        )


def _bounded(length: int) -> int:
    if length > BODY_BYTES_MAX:
        raise RefusedError(f"a body of {length} bytes is too long; send less")
    return length
