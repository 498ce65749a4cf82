"""The page of requests for footage: it serves the counter's answers and decides nothing."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from firmware.policy.rules import PURPOSES, ROLES
from host_tools.cmc.evidence_counter import EvidenceCounter, Json, SignedAct
from host_tools.cmc.fleet import Fleet
from host_tools.cmc.footage import ACTS

ASSETS = Path(__file__).parent / "assets"
BODY_BYTES_MAX = 32_768
REFUSED_STATUS = 422


def evidence_routes(fleet: Fleet, counter: Callable[[], EvidenceCounter | None]) -> list[Route]:
    """Give the routes of the page and of its acts; whoever serves them guards them.

    Args:
        fleet: whose cameras can be chosen.
        counter: gives who does the acts; None where this page has nobody for that.
    """

    async def page(_request: Request) -> Response:
        return FileResponse(ASSETS / "evidence.html")

    async def choices(_request: Request) -> Response:
        found = counter()
        roles = [role for role in ROLES if any(role in allowed for allowed in ACTS.values())]
        told: Json = {"purposes": PURPOSES, "roles": roles, "cameras": _cameras(fleet)}
        return JSONResponse({**told, "has_roster": bool(found and found.has_roster())})

    async def challenge(_request: Request) -> Response:
        found = counter()
        return JSONResponse({"challenge": found.challenges.give() if found else ""})

    async def act(request: Request) -> Response:
        found = counter()
        if found is None:
            told: Json = {"error": "this page has no register; use `lamppost evidence`"}
        else:
            told = await asyncio.to_thread(found.do, await _signed_act(request))
        return JSONResponse(told, status_code=REFUSED_STATUS if "error" in told else 200)

    return [
        Route("/evidence", page),
        Route("/api/evidence/choices", choices),
        Route("/api/evidence/challenge", challenge),
        Route("/api/evidence", act, methods=["POST"]),
    ]


def _cameras(fleet: Fleet) -> list[Json]:
    """List the cameras that units have told of; a unit that told none has an entry without."""
    with fleet.lock:
        found: list[Json] = []
        for name, view in sorted(fleet.units.items()):
            cameras = [camera.name for camera in view.birth.cameras] if view.birth else []
            found.extend({"unit": name, "camera": camera} for camera in cameras or [""])
        return found


async def _signed_act(request: Request) -> SignedAct:
    """Read what was asked; nothing of a body that is too long or no map, which is then refused."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > BODY_BYTES_MAX:
            return SignedAct("")
    try:
        body = json.loads(data)
    except ValueError:
        return SignedAct("")
    fields = cast("Json", body) if isinstance(body, dict) else {}
    names = ("act", "challenge", "person", "workstation")
    return SignedAct(*(str(fields.get(name, "")) for name in names))
