"""The page of the last 31 days: what was recorded of each camera, and why the rest was not."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from host_tools.cmc.continuity import DAY_S, WORDS, DayTold, totals
from host_tools.cmc.fleet import Fleet, UnitView
from host_tools.cmc.store import Store

ASSETS = Path(__file__).parent / "assets"
PICTURE = "picture"
Json = dict[str, object]


def day_routes(store: Store, fleet: Fleet) -> list[Route]:
    """Give the routes of the page and of what it shows; whoever serves them guards them."""

    async def page(_request: Request) -> Response:
        return FileResponse(ASSETS / "days.html")

    async def days(_request: Request) -> Response:
        return JSONResponse(days_json(store, fleet))

    return [Route("/days", page), Route("/api/days", days)]


def days_json(store: Store, fleet: Fleet) -> Json:
    """Tell the last 31 days of every stream of every unit."""
    units: list[Json] = []
    for name in sorted(fleet.units):
        view = fleet.units[name]
        streams = [
            {
                "stream": stream,
                "camera": stream.rpartition("/")[0],
                "kind": stream.rpartition("/")[2],
                "days": [_day(one) for one in days],
                "totals": totals(days),
                "told_s": sum(one.told_s() for one in days),
                "read_back": _read_back(view, stream),
            }
            for stream, days in sorted(store.days(name).items())
        ]
        units.append({"unit": name, "place": view.place, "streams": streams})
    return {"words": WORDS, "day_s": DAY_S, "units": units}


def _read_back(view: UnitView, stream: str) -> Json | None:
    """Tell what the unit found when it read a picture's ring back; None before the first round."""
    camera, _, kind = stream.rpartition("/")
    for state in view.heartbeat.cameras if view.heartbeat and kind == PICTURE else ():
        if state.name == camera and state.readable_permille is not None:
            return {
                "permille": state.readable_permille,
                "seconds": state.readable_s,
                "utc_ms": state.read_back_utc_ms,
            }
    return None


def _day(told: DayTold) -> Json:
    return {"date": told.date(), "is_full": told.is_full, "seconds": told.seconds}
