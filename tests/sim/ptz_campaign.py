"""Random people, tours and troubles on one line, under a witness that believes motors alone.

A sequence is a line with one dome or more, a handful of acts at random moments, and the time
after them. What nobody can stop is set aside and counted: a motion of a head that hears nothing,
one whose stops were all damaged on a one-way line, one that damage on the line made up.
"""

import random

from tests.sim.line_rig import LineRig
from tests.sim.ptz_picture import TURN_CDEG, Zone
from tests.sim.ptz_witness import (
    ANSWER_MS,
    FOREVER_MS,
    LATE_MS,
    STAND_MS,
    STOP_MS,
    BrokenError,
    Ear,
    Head,
)

from firmware.ptz.model import PtzSettings
from sim.devices.dome import GENERAL, RESET_MS, SILENT, STANDARD, Dome
from sim.devices.hostile import HostileDome
from sim.devices.line import FAR, UNIT

ACT_COUNTS = (6, 6, 6, 6, 6, 6, 7, 7, 8, 9, 12, 20)
GAPS_MS = (5, 10, 20, 20, 40, 40, 60, 60, 100, 100, 150, 300, 1_150)
LOOK_MS = 40
HOMING_MS = 12_000
PAN_LIMIT_CDEG, MARGIN_CDEG = 2_000, 1_000
HABITS = ("stale_ack", "garbage_first", "says_twice", "cuts_last_byte", "bad_sum", "answers_as")
RIVAL = b"\xff\x09\x00\x04\x20\x00\x2d"
FLAWS = ("no lease", "stop lost", "no zones", "no limits")
COUNTS = ("acts", "frames", "looks", "zone_looks", "made_up", "eaten", "forged", "domes")


class Sequence:
    """One random sequence.

    Args:
        draws: where chance comes from.
        flaw: one of FLAWS, to see whether the witness notices it; "" for none.
    """

    def __init__(self, draws: random.Random, flaw: str = "") -> None:
        self.draws = draws
        self.counts = dict.fromkeys(COUNTS, 0)
        self.is_clean = draws.random() < 0.5  # nothing bad happens to line and heads
        self.has_limits = draws.random() < 0.3
        self.zones = []
        self.heads = []
        self.hostiles = []
        self.ears = []
        baud = draws.choice((2400, 2400, 4800, 9600))
        is_alone = baud != 9600 or self.has_limits
        count = 1 if is_alone else draws.choice((1, 1, 2, 3))
        settings = [self._hang_head(number + 1, baud) for number in range(count)]
        self.rig = LineRig(settings, self.ears, draws.randrange, draws.random() < 0.05)
        line = self.rig.line
        if not self.is_clean:
            line.noise_permille = draws.choice((0, 0, 0, 1, 5))
            line.drop_permille = draws.choice((0, 0, 0, 1, 5))
            line.has_echo = draws.random() < 0.1
        self.ear = Ear(line)
        for each in settings:
            each.has_echo = line.has_echo
        self.row_count = 0
        self.look_ms = 0
        self.move = (0, 0, 0)
        self.flaw = flaw
        self._plant()

    def run(self) -> None:
        """Play it, then let go and wait; raises `BrokenError` when a rule is broken."""
        draws = self.draws
        self._let(draws.choice((20, 60, 300)))
        for _ in range(draws.choice(ACT_COUNTS)):
            self.counts["acts"] += 1
            self._act()
            self._let(draws.choice(GAPS_MS))
        self.rig.line.plug()
        self._see_it_end()
        for head in self.heads:
            self.counts["made_up"] += head.made_up_count
            self.counts["eaten"] += head.eaten_count
        self.counts["domes"] = len(self.heads)

    def _see_it_end(self) -> None:
        """Wait until nothing may move any more but what is on its way to a preset."""
        for extra_ms in (0, LATE_MS):
            latest_ms = self.rig.ms
            for head in self.heads:
                for due_ms in head.due_ms():
                    latest_ms = max(latest_ms, 0 if due_ms >= FOREVER_MS else due_ms)
            self._let(latest_ms - self.rig.ms + STAND_MS + 1 + extra_ms)
            if not any(head.is_running() for head in self.heads):
                return

    def _hang_head(self, address: int, baud: int) -> PtzSettings:
        draws = self.draws
        replies = draws.choice((GENERAL, GENERAL, STANDARD, SILENT))
        dome = Dome(address, replies, draws.choice((15_000, 0, 0, 1_200)))
        dome.pan.place(draws.choice((0, 900, 35_100)))
        dome.tilt.place(draws.choice((0, -800)))
        dome.zoom.place(draws.choice((0, 0, 400)))
        dome.presets = {1: (500, 0, 0), 2: (1_200, -1_000, 300)}
        self.heads.append(Head(dome, replies != SILENT))
        self.hostiles.append(HostileDome(dome))
        self.ears.append(dome if self.is_clean else self.hostiles[-1])
        settings = PtzSettings(address, baud, replies != SILENT)
        settings.reply_kind = "ack" if replies == STANDARD else GENERAL
        if self.has_limits:
            settings.pan_limits_cdeg = (TURN_CDEG - PAN_LIMIT_CDEG, PAN_LIMIT_CDEG)
            settings.limit_margin_cdeg = MARGIN_CDEG
        elif address == 1 and draws.random() < 0.6:
            self.zones = [
                Zone(
                    draws.randrange(-6_000, 6_000) % TURN_CDEG,
                    draws.randrange(300, 5_000),
                    draws.randrange(-4_000, 500),
                    draws.randrange(300, 2_500),
                )
                for _ in range(draws.choice((1, 1, 2)))
            ]
            settings.zones = tuple(zone.edges for zone in self.zones)
            settings.fences = settings.zones if draws.random() < 0.4 else ()
        return settings

    def _plant(self) -> None:
        """Make the controller wrong in one way."""
        for index, service in enumerate(self.rig.services):
            settings = self.rig.settings[index]
            if self.flaw == "no lease":
                service.drive.lease_ms = FOREVER_MS
            elif self.flaw == "stop lost":
                service.drive.stop = lambda _: True
            elif self.flaw == "no zones":
                settings.zones = ()
            elif self.flaw == "no limits":
                settings.pan_limits_cdeg = None

    def _act(self) -> None:
        """Let somebody, or something, do one thing."""
        draws = self.draws
        dice = draws.randrange(100)
        number = draws.randrange(len(self.heads))
        if self.is_clean or dice < 75:
            self._person(number, dice % 75)
        else:
            self._trouble(number, dice)
        self.rig.wish()

    def _person(self, number: int, dice: int) -> None:
        """Let a person do one thing, as the acts of a unit do."""
        service, head = self.rig.services[number], self.heads[number]
        if dice >= 72:
            if dice == 74:
                self._restart(self.draws.choice(("release", "kill")))
            else:
                service.stop(self.rig.ms)  # the link to the people is gone
                self._is_stopped(service, head)
        elif dice >= 66:
            self._tour(service, head, dice >= 70)
        else:
            service.hands.on_person(self.rig.ms)
            head.is_taken(self.rig.ms)
            if dice < 36:
                self._move(service, head, dice < 26)
            elif dice < 46:
                service.stop(self.rig.ms)
                self._is_stopped(service, head)
            else:
                self._rest(service, head, dice)

    def _move(self, service, head, is_new: bool) -> None:
        draws, now_ms = self.draws, self.rig.ms
        if is_new or self.move == (0, 0, 0):
            most = 500 if self.has_limits else draws.choice((300, 1_000))
            ways = (draws.randrange(-most, most + 1), draws.randrange(-most, most + 1))
            self.move = (*ways, draws.choice((-1, 0, 0, 1)))
        if not service.move(*self.move, now_ms):
            head.moves(now_ms, self.rig.line.spoilt_count(), self.move)

    def _rest(self, service, head, dice: int) -> None:
        """Do what is neither a move nor a stop: a preset, the lens, an auxiliary."""
        draws, now_ms, spoilt_count = self.draws, self.rig.ms, self.rig.line.spoilt_count()
        if dice < 56:
            act = draws.choice(("go", "go", "set", "clear"))
            if not service.preset(act, draws.randrange(1, 4), now_ms) and act == "go":
                head.goes(now_ms, spoilt_count)
        elif dice < 62:
            if not service.lens(draws.randrange(-1, 2), draws.randrange(-1, 2), now_ms):
                head.turns_lens(now_ms, spoilt_count)
        else:
            service.aux(draws.randrange(1, 9), draws.random() < 0.5, now_ms)

    def _tour(self, service, head, is_end: bool) -> None:
        if not is_end:
            plan = self.draws.choice(("1:2 2:2", "1:0", "9:5"))
            if not service.hands.tour.start(plan, self.rig.ms):
                head.tours()
            return
        service.hands.tour.end(self.rig.ms)
        if head.has_tour():
            head.seek_until_ms = self.rig.ms + STOP_MS
        head.ends_tour()

    def _is_stopped(self, service, head) -> None:
        if service.drive.state == "lost":
            return  # refused; the line's loss is what counts
        seek_until_ms = head.seek_until_ms
        head.stops_by(self.rig.ms + STOP_MS, self.rig.line.spoilt_count())
        if head.is_touring:
            head.seek_until_ms, head.move_until_ms = seek_until_ms, self.rig.ms + STOP_MS

    def _trouble(self, number: int, dice: int) -> None:
        """Let the world do something bad."""
        draws, line, now_ms = self.draws, self.rig.line, self.rig.ms
        head, hostile = self.heads[number], self.hostiles[number]
        if dice < 80:
            self._set_deaf(head, not head.dome.is_deaf)
        elif dice < 84:
            (line.unplug if line.is_plugged else line.plug)()
        elif dice < 88:
            line.noise_permille, line.drop_permille = draws.choice(((0, 0), (5, 0), (0, 5)))
        elif dice < 92:
            line.send(FAR, RIVAL, line.now_us() + draws.randrange(20_000))
        elif dice < 96:
            habit = draws.choice(HABITS)
            setattr(hostile, habit, 0 if getattr(hostile, habit) else 1)
        elif dice < 98:
            head.dome.power_cycle(now_ms)
            head.homing_until_ms = now_ms + HOMING_MS
            head.is_excused(now_ms + RESET_MS + ANSWER_MS)
        else:
            self._restart("power")

    def _set_deaf(self, head, is_deaf: bool) -> None:
        head.dome.is_deaf = is_deaf
        if not is_deaf and not head.is_answering:
            head.goes_adrift()

    def _restart(self, how: str) -> None:
        """End the unit, orderly, by kill -9 or by its power, and start it after a while."""
        rig, spoilt = self.rig, self.rig.line.spoilt_count()
        is_open = rig.port.is_open()
        if how == "release":
            rig.domes.release(rig.ms)
        elif how == "kill":
            rig.port.die()
        else:
            rig.port.close()
        for head in self.heads:
            head.is_left_alone()
            if how == "power" or not is_open:
                head.is_excused(FOREVER_MS)
            else:
                head.stops_by(rig.ms + STOP_MS, spoilt)
        rig.due_ms = FOREVER_MS
        rig.pass_time(self.draws.choice((50, 300, 1_500)), self._watch)
        rig.start()
        self._plant()
        for head in self.heads:
            head.is_found_again(rig.ms)

    def _let(self, span_ms: int) -> None:
        """Let time pass, and look at every moment at which something has to be over."""
        rig = self.rig
        end_ms = rig.ms + span_ms
        self._watch()
        while rig.ms < end_ms:
            next_ms = end_ms
            for head in self.heads:
                for due_ms in head.due_ms():
                    if rig.ms < due_ms + STAND_MS + 1 < next_ms:
                        next_ms = due_ms + STAND_MS + 1
            rig.run(next_ms - rig.ms, self._glance)
            self._watch()

    def _glance(self) -> None:
        """Look, if the last look is a while ago."""
        if self.rig.ms >= self.look_ms:
            self._watch()

    def _watch(self) -> None:
        """Look at everything."""
        rig = self.rig
        self.look_ms = rig.ms + LOOK_MS
        self.counts["looks"] += 1
        self._read_wire()
        if not rig.port.is_open() or not rig.line.is_plugged:
            for head in self.heads:
                head.is_excused(rig.ms + STOP_MS)
        for head in self.heads:
            head.judge(rig.ms, rig.line)
            if self.is_clean and self.has_limits and head.is_answering:
                off_cdeg = (head.dome.pan_cdeg + TURN_CDEG // 2) % TURN_CDEG - TURN_CDEG // 2
                if abs(off_cdeg) > PAN_LIMIT_CDEG:
                    raise BrokenError(f"pan is at {off_cdeg} cdeg at {rig.ms} ms, past its limit")
        if self.zones:
            self._look_at_picture()

    def _read_wire(self) -> None:
        """Judge what the unit has put on the line."""
        log = self.rig.line.log
        for side, _, last_us, data in log[self.row_count :]:
            if side != UNIT:
                continue
            self.counts["frames"] += 1
            for at in range(0, len(data), 7):
                frame = data[at : at + 7]
                self.heads[frame[1] - 1].hears(frame, last_us)
        self.row_count = len(log)

    def _look_at_picture(self) -> None:
        """No point of a zone may be in a picture that is kept or shown, uncovered."""
        head, service = self.heads[0], self.rig.services[0]
        is_off = self.rig.due_ms >= FOREVER_MS  # no unit runs: nothing is kept or shown
        if self.rig.ms < head.dome.dark_until_ms or head.is_adrift or is_off:
            return
        service.step(self.rig.ms, False)
        seen_count, bare = head.bare(self.zones, service.picture_zones())
        self.counts["zone_looks"] += seen_count > 0
        if bare is None:
            return
        if self.ear.is_deceived(head.dome.address):
            self.counts["forged"] += 1
            return
        raise BrokenError(f"bare at {self.rig.ms} ms: {bare}, taken for {service.position()}")


def play(count: int, seed: int, flaw: str = "", make=Sequence) -> "dict[str, int]":
    """Play so many sequences, each of its own seed; returns what was done.

    Raises:
        BrokenError: naming seed and number of the sequence.
    """
    total: dict[str, int] = {}
    for number in range(count):
        sequence = make(random.Random(seed + number), flaw)
        try:
            sequence.run()
        except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise BrokenError(f"seed {seed} + {number}: {error!r}") from error
        for name, value in sequence.counts.items():
            total[name] = total.get(name, 0) + value
    return total
