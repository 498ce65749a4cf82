"""What goes wrong in a simulated world, as data: what, how often, for how long."""

from collections.abc import Callable
from typing import NamedTuple

from sim.devices.broker import Broker
from sim.devices.chance import Chance
from sim.devices.timeline import Timeline
from sim.world.sites import SimSite

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


class Happening(NamedTuple):
    """One kind of trouble.

    Attributes:
        name: of its stream of chance, and in the trace.
        gap_ms: mean time from its end to its next beginning.
        span_ms: mean time that it lasts.
        begin: does it.
        end: undoes it.
    """

    name: str
    gap_ms: int
    span_ms: int
    begin: Callable[[], None]
    end: Callable[[], None]


QUIET: tuple[str, ...] = ()
ORDINARY = (
    "partition", "broker", "deaf", "noise", "unplugged", "camera", "slow", "relay", "clock",
)  # fmt: skip
ROUGH = (*ORDINARY, "power", "failing", "loss")
SCENARIOS = {"quiet": QUIET, "ordinary": ORDINARY, "rough": ROUGH}


def happenings(site: SimSite, broker: Broker) -> "dict[str, Happening]":
    """Name everything that can befall one unit."""
    ring, link = site.media["ring"].faults, broker.faults
    step = site.chance.stream("clock-step")

    def setter(target: object, field: str, value: object) -> Callable[[], None]:
        return lambda: setattr(target, field, value)

    rows = (
        ("partition", 6 * HOUR_MS, 20 * MINUTE_MS,
         lambda: broker.partition(site.name, True), lambda: broker.partition(site.name, False)),
        ("broker", 12 * HOUR_MS, 5 * MINUTE_MS, broker.kill, broker.start),
        ("deaf", 8 * HOUR_MS, 10 * MINUTE_MS,
         setter(site.dome, "is_deaf", True), setter(site.dome, "is_deaf", False)),
        ("noise", 4 * HOUR_MS, 5 * MINUTE_MS,
         setter(site.line, "noise_permille", 30), setter(site.line, "noise_permille", 0)),
        ("unplugged", 12 * HOUR_MS, 5 * MINUTE_MS, site.line.unplug, site.line.plug),
        ("camera", 6 * HOUR_MS, 10 * MINUTE_MS,
         setter(site.camera, "is_absent", True), setter(site.camera, "is_absent", False)),
        ("slow", 6 * HOUR_MS, 10 * MINUTE_MS,
         setter(ring, "slow_flush_ppm", 200_000), setter(ring, "slow_flush_ppm", 0)),
        ("relay", 12 * HOUR_MS, 30 * MINUTE_MS,
         setter(site.relay, "stuck_at", True), setter(site.relay, "stuck_at", None)),
        ("clock", 12 * HOUR_MS, MINUTE_MS,
         lambda: site.clock.step(step.between(-30_000, 30_000)),
         lambda: site.clock.set_utc(site.clock.true_utc_ms(), 2)),
        ("power", 8 * HOUR_MS, 2 * MINUTE_MS, site.power_cut, site.power_on),
        ("failing", 12 * HOUR_MS, MINUTE_MS,
         setter(ring, "is_failing", True), setter(ring, "is_failing", False)),
        ("loss", 6 * HOUR_MS, 20 * MINUTE_MS,
         setter(link, "loss_ppm", 50_000), setter(link, "loss_ppm", 0)),
    )  # fmt: skip
    return {row[0]: Happening(*row) for row in rows}


def let_happen(
    timeline: Timeline,
    happening: Happening,
    chance: Chance,
    tell: Callable[[str, str], None],
) -> None:
    """Let one kind of trouble come and go for ever.

    Args:
        timeline: where it is planned.
        happening: what.
        chance: a stream of its own.
        tell: called with its name and "begin" or "end".
    """

    def begin() -> None:
        tell(happening.name, "begin")
        happening.begin()
        timeline.after(chance.gap_ms(happening.span_ms), end)

    def end() -> None:
        tell(happening.name, "end")
        happening.end()
        timeline.after(chance.gap_ms(happening.gap_ms), begin)

    timeline.after(chance.gap_ms(happening.gap_ms), begin)
