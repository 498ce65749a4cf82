"""Finds a dome on a line: its speed, its address, what it answers, and the profile that fits.

Nothing that is sent moves anything: a ping or a stop, and questions. An adapter that hears itself
is not taken for a dome: an exact echo is taken away first, and a position counts only under the
number of the answer, which differs from that of the question.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from firmware.pelco_d import commands as pelco_d
from firmware.pelco_d.opcodes import GENERAL
from firmware.pelco_d.replies import ACK
from firmware.pelco_p import commands as pelco_p
from firmware.ptz import protocols
from firmware.ptz.head import Exchange
from firmware.ptz.model import PtzSettings
from firmware.ptz.quality import UNKNOWN, LineQuality, totals
from firmware.visca import commands as visca
from firmware.visca.session import INQUIRY
from host_tools.field.line import FieldPort, ask

POSITION = "position"
TRIES = 2
JUDGED_COUNT = 20
BAUDS = {
    protocols.PELCO_D: (2400, 4800, 9600),
    protocols.PELCO_P: (4800, 2400, 9600),
    protocols.VISCA: (9600, 38400),
}
# protocol: what to ask, as (what an answer shows, frame, kind of reply)
QUESTIONS: dict[str, tuple[tuple[str, Callable[[int], bytes], str], ...]] = {
    protocols.PELCO_D: (
        (POSITION, lambda address: pelco_d.build(address, "query_pan"), "pan"),
        (GENERAL, lambda address: pelco_d.build(address, "ping"), GENERAL),
        (ACK, lambda address: pelco_d.build(address, "ping"), ACK),
    ),
    protocols.PELCO_P: (
        (POSITION, lambda address: pelco_p.build(address, "query_pan"), "pan"),
        (GENERAL, pelco_p.stop, GENERAL),
    ),
    protocols.VISCA: ((INQUIRY, lambda address: visca.build(address, "query_version"), INQUIRY),),
}


@dataclass
class Found:
    """One dome that answered."""

    protocol: str
    baud: int
    address: int
    answers: list[str] = field(default_factory=list[str])
    has_echo: bool = False
    line: str = UNKNOWN
    line_counts: dict[str, int] = field(default_factory=dict[str, int])
    profile: str = ""
    setting: str = ""


@dataclass
class Report:
    """What a probe brought."""

    asked_count: int = 0
    echo_count: int = 0
    junk_count: int = 0
    found: list[Found] = field(default_factory=list[Found])

    def as_dict(self) -> dict[str, object]:
        """Give the report as plain values."""
        return asdict(self)


def probe(
    open_at: Callable[[int], FieldPort],
    protocol: str,
    places: Iterator[tuple[int, int]],
    target: str = "DEVICE",
    on_step: Callable[[int, int], None] = lambda _baud, _address: None,
) -> Report:
    """Ask at each speed and address.

    Args:
        open_at: opens the line at a speed.
        protocol: of `protocols.REGISTRY`.
        places: speed and address, the addresses of one speed together.
        target: the line's name, for the setting that is told.
        on_step: told before each address.
    """
    report = Report()
    port: FieldPort | None = None
    open_baud = 0
    try:
        for baud, address in places:
            if port is None or baud != open_baud:
                if port is not None:
                    port.close()
                port, open_baud = open_at(baud), baud
            on_step(baud, address)
            found = _ask_one(port, report, Found(protocol, baud, address))
            if found.answers:
                found.profile = profile_for(found.answers)
                scheme = target if "://" in target else f"serial://{target}"
                found.setting = (
                    f"{protocol}+{scheme}?baud={baud}&address={address}&profile={found.profile}"
                )
                report.found.append(found)
    finally:
        if port is not None:
            port.close()
    return report


def _ask_one(port: FieldPort, report: Report, found: Found) -> Found:
    """Put every question to one address; the first that brings nothing twice ends it."""
    settings = PtzSettings(found.address, found.baud, has_replies=True)
    settings.protocol = found.protocol
    session = protocols.make(settings).session()
    for shown, frame_for, kind in QUESTIONS[found.protocol]:
        for _ in range(TRIES):
            report.asked_count += 1
            if ask(port, session, frame_for(found.address), kind) is not None:
                found.answers.append(shown)
                break
        if GENERAL in found.answers:
            break  # a dome that says this does not say the other
    if found.answers:
        _judge_line(port, session, found)
    found.has_echo = session.echo_count > 0
    report.echo_count += session.echo_count
    report.junk_count += session.junk_count
    return found


def _judge_line(port: FieldPort, session: Exchange, found: Found) -> None:
    """Ask again and again what the dome answers, and tell how good the line is."""
    quality = LineQuality()
    for shown, frame_for, kind in QUESTIONS[found.protocol]:
        if shown != found.answers[0]:
            continue
        for _ in range(JUDGED_COUNT):
            before = totals(session)
            ask(port, session, frame_for(found.address), kind)
            quality.observe(before, session)
    found.line = quality.verdict()
    found.line_counts = {"asked": quality.exchange_count, **dict(quality.counts())}


def profile_for(answers: list[str]) -> str:
    """Tell which profile fits what a dome answers."""
    if ACK in answers:
        return "pelco-v5"
    if POSITION in answers or INQUIRY in answers:
        return "generic"
    return "pelco-esprit" if GENERAL in answers else "silent"
