"""The CMC page: static assets, one stream of server-sent events, and one way to ask for an act.

Whoever opens the printed address, with the token in it, gets a cookie; every other request needs
that cookie, our own host name, and, where it changes something, our own origin and JSON.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from firmware.commands.message import DONE, Command
from firmware.policy.rules import GUEST, PURPOSES
from firmware.ptz.model import FOV_POINTS
from host_tools.cmc.controls import Controls
from host_tools.cmc.evidence_counter import EvidenceCounter
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.operator import ROLES, Desk
from host_tools.cmc.presets import NameRefusedError, PresetBook
from host_tools.cmc.store import Store
from host_tools.cmc.wallboard.attendance import Attendance
from host_tools.cmc.wallboard.body import Json, read_body
from host_tools.cmc.wallboard.days import day_routes
from host_tools.cmc.wallboard.evidence import evidence_routes
from host_tools.cmc.wallboard.sessions import Sessions, set_cookie
from host_tools.cmc.wallboard.view import fleet_json, unit_json

ASSETS = Path(__file__).parent / "assets"
PAGE_COOKIE = "lamppost_page"
PRESET = "ptz.preset"
TICK_S = 0.1
FLEET_EVERY_TICKS = 10
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass
class Room:
    """Everything that the page shows or moves."""

    fleet: Fleet
    store: Store
    desk: Desk
    controls: Controls
    presets: PresetBook
    token: str
    is_closing: bool = False
    counter: EvidenceCounter | None = None


class Page:
    """The page as an ASGI application.

    Args:
        room: what it shows.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self.listener_count = 0
        self._cache: dict[str, tuple[int, int, str]] = {}
        attendance = Attendance(room.desk, room.controls, room.fleet.now_ms)
        self._sessions = Sessions(room.desk, attendance)
        self.app = Starlette(
            routes=[
                Route("/", self._index),
                Route("/events", self._events),
                Route("/still/{unit}/{camera}", self._still),
                Route("/preset/{unit}/{camera}/{number:int}", self._picture),
                Route("/api/choices", self._choices),
                *day_routes(room.store, room.fleet),
                *evidence_routes(room.fleet, lambda: room.counter),
                *self._sessions.routes(),
                Route("/api/command", self._command, methods=["POST"]),
                Route("/api/preset", self._name_preset, methods=["POST"]),
                Mount("/assets", StaticFiles(directory=ASSETS)),
            ],
            middleware=[
                # A name that somebody else's DNS points at this machine is not ours.
                Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
                Middleware(BaseHTTPMiddleware, dispatch=self._guard),
            ],
        )

    async def _guard(self, request: Request, go_on: RequestResponseEndpoint) -> Response:
        """Let nobody in without the token or its cookie, and nothing change from elsewhere."""
        given = request.query_params.get("token", "")
        if request.url.path == "/" and self._is_token(given):
            answer: Response = RedirectResponse("/", status_code=303)
            set_cookie(answer, PAGE_COOKIE, self._room.token)
            return answer
        if not self._is_token(request.cookies.get(PAGE_COOKIE, "")):
            return PlainTextResponse(
                "This page needs the address with the token that was printed when it started.",
                status_code=403,
            )
        if request.method != "GET" and not _is_from_here(request):
            return PlainTextResponse("Only this page itself may ask for that.", status_code=403)
        answer = await go_on(request)
        for name, value in HEADERS.items():
            answer.headers[name] = value
        return answer

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._room.token.encode())

    async def _index(self, _request: Request) -> Response:
        return FileResponse(ASSETS / "index.html")

    async def _still(self, request: Request) -> Response:
        jpeg = self._room.fleet.jpeg(request.path_params["unit"], request.path_params["camera"])
        if not jpeg:
            return PlainTextResponse("no still", status_code=404)
        return Response(jpeg, media_type="image/jpeg")

    async def _picture(self, request: Request) -> Response:
        place = (request.path_params["unit"], request.path_params["camera"])
        jpeg = self._room.presets.picture(place, request.path_params["number"])
        if not jpeg:
            return PlainTextResponse("no picture", status_code=404)
        return Response(jpeg, media_type="image/jpeg")

    async def _choices(self, _request: Request) -> Response:
        return JSONResponse({"roles": ROLES, "purposes": PURPOSES, "fov_points": FOV_POINTS})

    async def _command(self, request: Request) -> Response:
        operator = self._sessions.find(request)
        if operator is None:
            return self._sessions.ask(request)
        body = await read_body(request)
        arguments = body.get("arguments")
        press = body.get("press", 0)
        if not isinstance(arguments, dict) or not isinstance(press, int):
            return JSONResponse({"error": "arguments must be a map"}, status_code=422)
        flat: dict[str, int | str | bool] = {}
        for name, value in cast("Json", arguments).items():
            if not isinstance(value, int | str):
                return JSONResponse({"error": f"{name}: no such value"}, status_code=422)
            flat[name] = value
        command = Command(str(body.get("act", "")), flat)
        unit = str(body.get("unit", ""))
        outcome = self._sessions.attendance.check(operator, command.act)
        if outcome is None:
            outcome = await self._room.controls.order(operator, unit, command, press)
        if command.act == PRESET and outcome["result"] == DONE:
            place = (unit, command.text("camera"))
            self._room.presets.on_preset(place, command.text("do"), command.number("number"))
        return JSONResponse(outcome)

    async def _name_preset(self, request: Request) -> Response:
        operator = self._sessions.find(request)
        if operator is None:
            return self._sessions.ask(request)
        body = await read_body(request)
        place = (str(body.get("unit", "")), str(body.get("camera", "")))
        number = body.get("number")
        if place[0] not in self._room.fleet.units or operator.role == GUEST:
            return JSONResponse({"error": f"{place[0]}: not yours to name"}, status_code=422)
        try:
            self._room.presets.name(
                place,
                number if isinstance(number, int) else 0,
                str(body.get("name", "")),
                operator.person,
            )
        except NameRefusedError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse({})

    async def _events(self, _request: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncGenerator[str]:
        """Send each unit when it changed, and the fleet's state once a second and at changes."""
        sent: dict[str, tuple[int, int]] = {}
        told_states: list[str] = []
        tick = 0
        self.listener_count += 1
        try:
            while not self._room.is_closing:
                self._room.presets.step()
                fleet = fleet_json(self._room.fleet)
                states = [str(fleet["broker_up"]), *self._states()]
                if tick % FLEET_EVERY_TICKS == 0 or states != told_states:
                    told_states = states
                    yield _message("fleet", json.dumps(fleet))
                for name, view in list(self._room.fleet.units.items()):
                    version = (view.version, self._room.presets.version)
                    if sent.get(name) != version:
                        sent[name] = version
                        yield _message("unit", self._unit(name, *version))
                tick += 1
                await asyncio.sleep(TICK_S)
        finally:
            self.listener_count -= 1

    def _states(self) -> list[str]:
        fleet = self._room.fleet
        return [fleet.state_of(view) for view in fleet.units.values()]

    def _unit(self, name: str, version: int, preset_version: int) -> str:
        """Write one unit once for all listeners."""
        cached = self._cache.get(name)
        if cached is None or cached[:2] != (version, preset_version):
            view = self._room.fleet.units[name]
            told = unit_json(self._room.fleet, view, self._room.store)
            rows = self._room.presets.rows(name)
            for camera in cast("list[Json]", told["cameras"]):
                camera["presets"] = rows.get(str(camera["name"]), [])
            cached = self._cache[name] = (version, preset_version, json.dumps(told))
        return cached[2]


def _is_from_here(request: Request) -> bool:
    """Tell whether a request that changes something was made by our own page."""
    origin = request.headers.get("origin", "")
    kind = request.headers.get("content-type", "")
    return origin == f"http://{request.headers.get('host', '')}" and kind == "application/json"


def _message(event: str, data: str) -> str:
    return f"event: {event}\ndata: {data}\n\n"
