"""Sitting down at the page, leaving it, and being there."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from host_tools.cmc.operator import Desk, Operator, SignInError
from host_tools.cmc.wallboard.attendance import Attendance
from host_tools.cmc.wallboard.body import read_body

OPERATOR_COOKIE = "lamppost_operator"


class Sessions:
    """Who sits at which browser.

    Args:
        desk: where they sit.
        attendance: watches over guests.
    """

    def __init__(self, desk: Desk, attendance: Attendance) -> None:
        self._desk = desk
        self.attendance = attendance

    def routes(self) -> list[BaseRoute]:
        """Give the addresses that the page asks."""
        return [
            Route("/api/session", self._sign_in, methods=["POST"]),
            Route("/api/leave", self._sign_out, methods=["POST"]),
            Route("/api/here", self._here, methods=["POST"]),
            Route("/api/away", self._away, methods=["POST"]),
        ]

    def find(self, request: Request) -> Operator | None:
        """Tell who asks; None without a session."""
        return self._desk.find(_token(request))

    def ask(self, request: Request) -> Response:
        """Answer somebody without a session: why it ended, or that they must sign in."""
        why = self._desk.why_ended(_token(request))
        return JSONResponse({"error": why or "sign in first"}, status_code=401)

    async def _sign_in(self, request: Request) -> Response:
        body = await read_body(request)
        purpose = body.get("purpose")
        try:
            operator = self._desk.sign_in(
                str(body.get("person", "")),
                str(body.get("role", "")),
                purpose if isinstance(purpose, int) else 0,
                str(body.get("reason", "")),
                str(body.get("host", "")),
            )
        except SignInError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        self.attendance.let_go(self._desk.replace(_token(request), operator))
        answer = JSONResponse(self.attendance.here(operator.token))
        set_cookie(answer, OPERATOR_COOKIE, operator.token)
        return answer

    async def _sign_out(self, request: Request) -> Response:
        gone = self._desk.sign_out(_token(request))
        self.attendance.let_go(gone)
        answer = JSONResponse({"lost": [guest.person for guest in gone[1:]]})
        answer.delete_cookie(OPERATOR_COOKIE)
        return answer

    async def _here(self, request: Request) -> Response:
        told = self.attendance.here(_token(request))
        return self.ask(request) if told is None else JSONResponse(told)

    async def _away(self, request: Request) -> Response:
        self.attendance.away(_token(request))
        return JSONResponse({})


def set_cookie(answer: Response, name: str, value: str) -> None:
    """Give the browser a cookie that its scripts cannot read and other sites cannot use."""
    answer.set_cookie(name, value, httponly=True, samesite="strict", path="/")


def _token(request: Request) -> str:
    return request.cookies.get(OPERATOR_COOKIE, "")
