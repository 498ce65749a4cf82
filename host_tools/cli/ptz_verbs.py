"""`lamppost ptz`: find a dome, know its kind, and try one command by hand."""

import json
import time
from collections.abc import Iterator
from typing import Annotated, NoReturn

import typer

from firmware.errors import ConfigError, LocalProtocolError
from firmware.pelco_d import commands, frame, opcodes
from firmware.ptz import dialects, protocols
from firmware.ptz.place import AXES
from host_tools.cli import ptz_manual
from host_tools.cli.words import refuse, say, tell_list
from host_tools.field.line import (
    LAST_BYTES_S,
    LineRefusedError,
    Target,
    ask,
    baud_faults,
    open_port,
)
from host_tools.field.probe import BAUDS, probe

app = typer.Typer(
    no_args_is_help=True,
    help=ptz_manual.OVERVIEW,
)
SerialOption = Annotated[
    str,
    typer.Option(
        "--serial",
        help="The line: /dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT, or with the "
        "protocol in front, pelco-d+serial:///dev/ttyUSB0?baud=2400&address=1.",
    ),
]
ProtocolOption = Annotated[
    str | None, typer.Option(help="pelco-d, pelco-p or visca; pelco-d when it is not given.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Tell it as JSON, for programs.")]
EXIT_NOTHING = 1
HOLD_MS_MAX = 900
REPEAT_S = 0.02
LINE_WORDS = (
    ("line_noise", "bytes of noise"),
    ("line_collisions", "collisions"),
    ("line_echoes", "own frames heard"),
)
MOVES = {
    "left": (-1, 0, 0),
    "right": (1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "tele": (0, 0, 1),
    "wide": (0, 0, -1),
}


@app.command("probe", help=ptz_manual.PROBE)
def probe_line(
    serial: SerialOption,
    protocol: ProtocolOption = None,
    bauds: Annotated[
        str, typer.Option(help="Speeds to try, with commas; the protocol's usual ones if empty.")
    ] = "",
    addresses: Annotated[str, typer.Option(help="First and last address, as 1-8.")] = "1-8",
    as_json: JsonOption = False,
) -> None:
    """Ask speeds and addresses until domes answer, and tell the profile to choose."""
    try:
        target = Target(serial, {"protocol": protocol})
        places = list(_places(target.protocol, bauds, addresses))
        report = probe(
            lambda baud: open_port(target.port, baud),
            target.protocol,
            iter(places),
            target.port,
            lambda baud, address: None if as_json else _tell_step(baud, address),
        )
    except ConfigError as error:
        refuse(*error.faults)
    except LineRefusedError as error:
        refuse(str(error))
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2))
    for found in [] if as_json else report.found:
        rows = (
            ("speed", f"{found.baud} baud"),
            ("address", found.address),
            ("answers", ", ".join(found.answers)),
            ("adapter", "hears itself" if found.has_echo else "does not hear itself"),
            ("line", _tell_line(found.line, found.line_counts)),
            ("profile", found.profile),
            ("setting", f'serial = "{found.setting}"'),
        )
        tell_list("a dome answered", rows)
    if not report.found:
        _end_empty("" if as_json else _nothing(report.echo_count, report.junk_count))


@app.command("profiles", help=ptz_manual.PROFILES)
def tell_profiles(as_json: JsonOption = False) -> None:
    """List the kinds of dome that are known, and what differs with each."""
    rows = {name: dict(row) for name, row in dialects.PROFILES.items()}
    if as_json:
        typer.echo(json.dumps({"generic": dialects.GENERIC, **{k: rows[k] for k in rows if k}}))
        return
    told = [
        (
            name,
            ", ".join(f"{key} {value}" for key, value in row.items()) or "as the manual of 2003",
        )
        for name, row in rows.items()
    ]
    tell_list("profiles", told)


@app.command("commands", help=ptz_manual.COMMANDS)
def tell_commands(as_json: JsonOption = False) -> None:
    """List every command of Pelco-D by its name."""
    rows = [
        (row[0], number, row[2], row[3], row[4], row[5])
        for number, row in sorted(opcodes.COMMANDS.items())
    ]
    if as_json:
        keys = ("name", "opcode", "least", "most", "answer", "is_dangerous")
        typer.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
        return
    told = [
        (
            name,
            f"{number:04x}  {least:>3} to {most:<6} {answer}" + "  needs --let" * is_dangerous,
        )
        for name, number, least, most, answer, is_dangerous in rows
    ]
    tell_list("commands", told)


@app.command("where", help=ptz_manual.WHERE)
def tell_place(serial: SerialOption, as_json: JsonOption = False) -> None:
    """Ask a dome where it looks, and tell it in degrees."""
    try:
        target = Target(serial, {})
        settings = target.settings()
        dialects.apply(settings, target.profile)
        settings.has_replies = settings.has_position = True  # to ask does no harm
        head = protocols.make(settings)
        port = open_port(target.port, target.baud)
    except ConfigError as error:
        refuse(*error.faults)
    except (LocalProtocolError, LineRefusedError) as error:
        refuse(str(error))
    place: dict[str, int] = {}
    try:
        for axis in AXES:
            reply = ask(port, head.session(), head.query(axis), axis)
            if reply is not None:
                place[axis] = head.position(axis, reply.value)
    finally:
        port.close()
    if as_json:
        typer.echo(json.dumps(place))
    elif place:
        rows = [
            (axis, f"{value / 10} %" if axis == "zoom" else f"{value / 100} deg")
            for axis, value in place.items()
        ]
        tell_list("the dome looks", rows)
    if not place:
        _end_empty("" if as_json else "Nothing answered; `lamppost ptz --help` says what to try.")


@app.command("send", help=ptz_manual.SEND)
def send_one(
    command: Annotated[
        str,
        typer.Argument(
            help="stop, left, right, up, down, tele, wide, or a Pelco-D command's name."
        ),
    ],
    data: Annotated[
        int, typer.Argument(help="The command's number, such as a preset; 1 or 0 for a switch.")
    ] = 0,
    serial: SerialOption = "",
    hold_ms: Annotated[int, typer.Option(help="How long a move goes on, 1 to 900.")] = 300,
    let: Annotated[
        str,
        typer.Option(help="The command's name once more, to send what is refused for its danger."),
    ] = "",
) -> None:
    """Send one command by name and tell what came back; a move always ends in two stops."""
    if not serial:
        refuse("--serial: missing; name the line, such as /dev/ttyUSB0")
    if command in MOVES and not 1 <= hold_ms <= HOLD_MS_MAX:
        refuse(f"--hold-ms {hold_ms}: give 1 to {HOLD_MS_MAX}")
    try:
        target = Target(serial, {})
        settings = target.settings()
        dialects.apply(settings, target.profile)
        head = protocols.make(settings)
        wire, kind = _frame(target, command, data, is_let=let == command)
        port = open_port(target.port, target.baud)
    except ConfigError as error:
        refuse(*error.faults)
    except (LocalProtocolError, LineRefusedError) as error:
        refuse(str(error))
    try:
        reply = ask(port, head.session(), wire, kind)
        if command in MOVES:
            time.sleep(hold_ms / 1000)
    finally:
        if command == "stop" or command in MOVES:
            for _ in range(1 if command == "stop" else 2):
                time.sleep(REPEAT_S)
                ask(port, head.session(), head.stop(), head.reply_kind())
        time.sleep(LAST_BYTES_S if "://" in target.port else 0)
        port.close()
    answer = "no answer" if reply is None else f"{reply.kind} {reply.value}"
    say(f"sent {wire.hex(' ')}; {answer if kind != 'none' else 'no answer is due'}")


def _frame(target: Target, command: str, data: int, is_let: bool) -> tuple[bytes, str]:
    """Build what a name says; returns it with the kind of reply that is due.

    Raises:
        LocalProtocolError: no such name here, or it is refused.
    """
    settings = target.settings()
    dialects.apply(settings, target.profile)
    head = protocols.make(settings)
    if command == "stop":
        return head.stop(), head.reply_kind()
    if command in MOVES:
        pan, tilt, zoom = MOVES[command]
        return head.motion((pan * 300, tilt * 300, zoom), (0, 0)), head.reply_kind()
    if target.protocol != protocols.PELCO_D:
        raise LocalProtocolError(f"{command}: by {target.protocol} only stop and moves are sent")
    if command in dialects.LEVELS:
        is_on = data != 0
        wire = dialects.switch(target.profile, target.address, command, is_on)
        return wire, head.reply_kind()
    number = _number_of(command)
    is_dangerous = opcodes.COMMANDS[number][5]
    if is_dangerous and not is_let:
        raise LocalProtocolError(f"{command} can strand the dome; --let {command} sends it")
    if is_dangerous:
        wire = commands.build_dangerous(target.address, command, data)
    else:
        wire = commands.build(target.address, command, data)
    trouble = dialects.refusal(target.profile, *frame.decode(wire)[1:])
    if trouble and not is_let:
        raise LocalProtocolError(f"{trouble}; --let {command} sends it all the same")
    kind = commands.reply_kind(number)
    return wire, head.reply_kind() if kind == opcodes.GENERAL or not settings.has_replies else kind


def _places(protocol: str, bauds: str, addresses: str) -> Iterator[tuple[int, int]]:
    """List speed and address of every place to ask.

    Raises:
        ConfigError: no such speed or address.
    """
    try:
        speeds = [int(part) for part in bauds.split(",")] if bauds else list(BAUDS[protocol])
        first, _, last = addresses.partition("-")
        low, high = int(first), int(last or first)
    except ValueError as error:
        raise ConfigError(["--bauds takes 2400,9600 and --addresses takes 1-8"]) from error
    faults = baud_faults(speeds)
    if not 1 <= low <= high <= frame.ADDRESS_MAX:
        faults.append(f"--addresses {addresses}: give 1-8, at most 1-255")
    if faults:
        raise ConfigError(faults)
    for speed in speeds:
        for address in range(low, high + 1):
            yield speed, address


def _end_empty(why: str) -> NoReturn:
    """End with exit code 1, and say why if there is something to say."""
    if why:
        say(why)
    raise SystemExit(EXIT_NOTHING)


def _tell_line(verdict: str, counts: dict[str, int]) -> str:
    """Say how good the line is, and what of that went wrong."""
    asked = counts.get("asked", 0)
    wrong = [f"{counts.get('line_unanswered', 0)} of {asked} unanswered"]
    wrong += [f"{counts[name]} {word}" for name, word in LINE_WORDS if counts.get(name)]
    return f"{verdict}: {', '.join(wrong)}"


def _tell_step(baud: int, address: int) -> None:
    say(f"[dim]asking address {address} at {baud} baud[/dim]")


def _nothing(echo_count: int, junk_count: int) -> str:
    """Say what may be wrong when no dome answered."""
    if echo_count:
        return (
            "Nothing answered; the adapter hears itself, so the computer's side works. Many domes "
            "never answer: try `lamppost ptz send left`, and swap A and B if it does not move."
        )
    if junk_count:
        return (
            "Nothing answered, but bytes came that fit nothing: another speed, another protocol, "
            "A and B swapped, or noise; try --bauds and --protocol."
        )
    return (
        "Nothing answered. Many domes never do: try `lamppost ptz send left`, swap A and B, check "
        "address and speed on the dome's switches, and its power."
    )


def _number_of(command: str) -> int:
    try:
        return commands.number_of(command)
    except LocalProtocolError as error:
        raise LocalProtocolError(
            f"{command!r}: not a command of Pelco-D; `lamppost ptz commands` lists them"
        ) from error
