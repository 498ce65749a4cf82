"""`lamppost evidence list` and `withdraw`: what became of the requests, and taking one back."""

import json
from typing import Annotated

import typer

from firmware.policy.rules import AUDITOR, SUPERVISOR
from host_tools.cli.evidence_words import (
    STATE,
    CmcOption,
    KeysOption,
    PersonOption,
    Places,
    RequestArgument,
    RoleOption,
    StateOption,
    case_rows,
    desk_at,
)
from host_tools.cli.words import say, tell_list
from host_tools.cmc.case_told import case_json
from host_tools.cmc.footage import Person

EXIT_NOT_GOOD = 1


def list_requests(
    role: RoleOption = AUDITOR,
    person: PersonOption = "auditor",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with every record.")] = False,
    state: StateOption = STATE,
    cmc: CmcOption = None,
    keys: KeysOption = None,
) -> None:
    """List every request, what dies first in front, with its hold, and check the register.

    Warns of what dies within 7, 3 and 1 days and nobody has exported; each such warning is written
    down once. Ends with 1 when the register is not whole.
    """
    with desk_at(Places(state, cmc, keys)) as desk:
        cases, faults = desk.look(Person(person, role))
        now_utc_ms = desk.utc_ms()
    if as_json:
        told = [case_json(case, now_utc_ms) for case in cases]
        typer.echo(json.dumps({"cases": told, "faults": faults}, indent=1, ensure_ascii=False))
    else:
        for case in cases:
            tell_list(f"{case.id} {case.state}", case_rows(case, now_utc_ms))
        tell_list("register", [("fault", fault) for fault in faults] or [("state", "whole")])
    _end_with(faults)


def withdraw_request(  # noqa: PLR0913, PLR0917  as above
    request_id: RequestArgument,
    reason: Annotated[str, typer.Option(help="Why it is not wanted any more.")],
    person: PersonOption,
    role: RoleOption = SUPERVISOR,
    state: StateOption = STATE,
    cmc: CmcOption = None,
    keys: KeysOption = None,
) -> None:
    """Take a request back: nothing of it may leave any more, and the unit lets its hold go.

    An operator may take back their own until it is accepted, a supervisor any that is not
    released. A copy that was exported already is not touched: see to it by hand.
    """
    with desk_at(Places(state, cmc, keys)) as desk:
        case = desk.register.withdraw(request_id, Person(person, role), reason)
        rows = case_rows(case, desk.utc_ms())
        folder = desk.exports(request_id)
        if folder.exists():
            rows.append(("still there", f"{folder}: delete it, nobody may be given it"))
    tell_list(f"{case.id} {case.state}", rows)
    say("nothing of it may leave any more")


def _end_with(faults: list[str]) -> None:
    if faults:
        raise typer.Exit(EXIT_NOT_GOOD)
