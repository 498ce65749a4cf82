"""Random aims, steps, homes and marks among the people and troubles of the campaign.

A second kind of sequence: people take the dome by name as the acts of a unit do, turn it to
places, step it, send it home, and calibrate heads that never answer. An accepted aim is judged by
what the guide to domes says of it: it lives as long as the head tells where it looks, ends by
itself, by a stop or by anybody's next wish, and arrived means there. A goal outside the limits, or
that shows a zone, has to be refused.
"""

from tests.sim.ptz_campaign import COUNTS, PAN_LIMIT_CDEG, Sequence
from tests.sim.ptz_picture import TURN_CDEG, focal_of
from tests.sim.ptz_witness import (
    FOREVER_MS,
    LEASE_MS,
    PLACE_REPLIES,
    STOP_MS,
    BrokenError,
    Head,
)

from firmware.app.rate_desk import reckoning_of
from firmware.ptz.aim import Aiming
from firmware.ptz.bounds import LIMIT, ZONE
from sim.devices.dome import pan_cdeg_per_s, tilt_cdeg_per_s
from sim.devices.line import FAR, UNIT

PEOPLE = (("ann", "operator"),) * 10 + (("bob", "operator"), ("sue", "supervisor"))
WAITS_MS = (0, 600, 1_500, 1_500)  # so that most heads have told where they look
AIM_MS_MAX = 140_000  # two minutes, and the patience after them
END_MS = 1_000
NEAR_CDEG, NEAR_PERMILLE = 110, 22  # a degree, two per cent of the zoom, and what still is
DOUBT_CDEG = 700  # five degrees of doubt, and one of nearness
MARK_CDEG = 15  # how well an engineer reads an angle
KNOWN_PERMILLE = (80, 250, 500)
TILT_LIMITS_CDEG = (-8_900, 1_400)  # inside the ends of travel of the heads
EDGE = 30  # so deep in a picture, in parts of a thousand, a point counts as shown
PART_COUNT = 16  # across and above: less than the narrowest picture between two points
PLACE_FLAWS = ("aim goes on", "aim never ends", "aim sees no zone", "aim knows no limit")
PLACE_COUNTS = (*COUNTS, "held", "aims", "arrived", "refused", "marks")


class EndlessAiming(Aiming):
    """Never there, and never given up."""

    __slots__ = ()

    def _judge(self, now_ms):
        self._drive(now_ms)

    def _give_up(self, cause, now_ms):
        del cause, now_ms


class BlindAiming(Aiming):
    """Does not ask whether a place shows a zone."""

    __slots__ = ()

    def _fault(self, goal):
        return super()._fault(goal).replace(ZONE, "")


class CarelessAiming(Aiming):
    """Does not ask whether a place is inside the limits."""

    __slots__ = ()

    def _fault(self, goal):
        return super()._fault(goal).replace(LIMIT, "")


class PlaceHead(Head):
    """What one head may do while it is turned to a place."""

    def __init__(self, dome, is_answering):
        super().__init__(dome, is_answering)
        self.goal = None  # of the aim that is under way
        self.aim_until_ms = FOREVER_MS
        self.had_fence = False  # a zone that must be avoided was in the picture when it began

    def aims(self, goal, now_ms, spoilt_count):
        """A place was accepted: by leases that the head's own replies renew, and not for ever."""
        self.moves(now_ms, spoilt_count)
        self.goal = goal
        self.aim_until_ms = now_ms + AIM_MS_MAX

    def tells_place(self, at_ms):
        """It said where it looks: that may renew the lease of an aim."""
        if self.goal is not None:
            self.move_until_ms = max(self.move_until_ms, at_ms + LEASE_MS)
            self.told_until_ms = max(self.told_until_ms, at_ms + LEASE_MS)

    def judge(self, now_ms, line):
        """Hold it against its time, too."""
        if self.goal is not None and now_ms > self.aim_until_ms:
            raise BrokenError(f"the aim at {self.goal} has not ended at {now_ms} ms")
        super().judge(now_ms, line)


class PlaceSequence(Sequence):
    """One random sequence with places in it; arguments as its parent's."""

    def __init__(self, draws, flaw=""):
        super().__init__(draws, flaw)
        self.counts = dict.fromkeys(PLACE_COUNTS, 0)

    def run(self):
        """Play it; most heads have told where they look before anybody does anything."""
        self._let(self.draws.choice(WAITS_MS))
        super().run()

    def _hang_head(self, address, baud):
        settings = super()._hang_head(address, baud)
        known = self.heads[-1]
        self.heads[-1] = PlaceHead(known.dome, known.is_answering)
        settings.home_preset = self.draws.choice((0, 1, 2))
        if not known.is_answering and not settings.zones:
            settings.tilt_limits_cdeg = TILT_LIMITS_CDEG
        return settings

    def _plant(self):
        super()._plant()
        for service, settings in zip(self.rig.services, self.rig.settings, strict=True):
            if not settings.has_replies and not settings.zones:
                rates = reckoning_of(service).rates  # as the unit kept them from before
                for permille in KNOWN_PERMILLE:
                    speed = 1 + (permille - 1) * 62 // 999
                    rates["pan"][permille] = pan_cdeg_per_s(speed)
                    rates["tilt"][permille] = tilt_cdeg_per_s(speed)
            if self.flaw == "aim goes on":
                service.end_aiming = lambda _: None
            elif self.flaw == "aim never ends":
                service._aiming = EndlessAiming(service)
            elif self.flaw == "aim sees no zone":
                service._aiming = BlindAiming(service)
                settings.fences = ()
            elif self.flaw == "aim knows no limit":
                service._aiming = CarelessAiming(service)

    def _person(self, number, dice):
        service, head = self.rig.services[number], self.heads[number]
        self._hear_ends()
        if dice >= 66:
            self._leave_alone(service, head, dice)
        else:
            self._take_and_do(service, head, dice)
        self._hear_ends()

    def _leave_alone(self, service, head, dice):
        """What needs no hold: a stop, and what befalls a unit."""
        if dice < 70:
            service.hands.on_person(self.rig.ms)
            head.is_taken(self.rig.ms)
        if dice < 72:
            service.stop(self.rig.ms)
            self._is_stopped(service, head)
        else:
            super()._person(self.heads.index(head), dice)
        if service.drive.state != "lost":
            head.goal = None

    def _take_and_do(self, service, head, dice):
        draws, now_ms = self.draws, self.rig.ms
        person, role = draws.choice(PEOPLE)
        if service.hands.take(person, role, now_ms):
            self.counts["held"] += 1
            return
        head.is_taken(now_ms)
        if dice < 26:
            self._aim(service, head)
        elif dice < 34:
            self._mark(service, head)
        elif dice < 50:
            head.goal = None
            self._move(service, head, dice < 46)
        elif dice < 54:
            if service.settings.home_preset and not service.preset(
                "go", service.settings.home_preset, now_ms
            ):
                head.goes(now_ms, self.rig.line.spoilt_count())
        elif dice < 62:
            self._rest(service, head, 46 + (dice - 54) * 2)
        else:
            self._tour(service, head, dice >= 64)

    def _aim(self, service, head):
        """Turn it somewhere: near, far, inside limits or not, at a zone or past it."""
        draws, now_ms = self.draws, self.rig.ms
        here = service.position()
        if draws.random() < 0.4:
            most = draws.choice((30, 400, 3_000))
            way = (draws.randrange(-most, most), draws.randrange(-most, most) // 2)
            way = (*way, draws.choice((0, 0, -100, 150)))
            goal = ((here[0] + way[0]) % TURN_CDEG, here[1] + way[1], here[2] + way[2])
            refusal = service.aiming().step_by(*way, now_ms)
        else:
            goal = self._place()
            refusal = service.aiming().go_to(*goal, now_ms)
        if refusal:
            self.counts["refused"] += 1
            return
        self.counts["aims"] += 1
        self._judge_goal(goal, head)
        head.aims(goal, now_ms, self.rig.line.spoilt_count())
        head.had_fence = self._meets_fence(head)

    def _place(self):
        draws = self.draws
        tilt, zoom = draws.randrange(-4_000, 1_200), draws.choice((0, 0, 300, 700, 1_000))
        if self.has_limits:
            return (draws.randrange(-1_500, 1_500) % TURN_CDEG, tilt, zoom)
        if self.zones and draws.random() < 0.6:
            left, right, low, high = draws.choice(self.zones).edges
            pan = draws.choice((left - 4_000, left - 1_500, left, right, right + 3_500))
            return (pan % TURN_CDEG, draws.choice((low - 2_000, low, high, high + 2_000)), zoom)
        return (draws.randrange(-9_000, 9_000) % TURN_CDEG, tilt, zoom)

    def _judge_goal(self, goal, head):
        """What is accepted has to be inside the limits, and to show no zone."""
        off_cdeg = (goal[0] + TURN_CDEG // 2) % TURN_CDEG - TURN_CDEG // 2
        if self.has_limits and abs(off_cdeg) > PAN_LIMIT_CDEG:
            raise BrokenError(f"an aim at {goal} is accepted, past its limit")
        if head is self.heads[0] and self._shows(goal):
            raise BrokenError(f"an aim at {goal} is accepted, though it shows a zone")

    def _shows(self, aim):
        """Whether a point of a zone is well inside the picture."""
        focal = focal_of(min(max(aim[2], 0), 1_000))
        for zone in self.zones:
            for x, y in zone.seen(aim[0], aim[1], focal):
                if EDGE <= x <= 1_000 - EDGE and EDGE <= y <= 1_000 - EDGE:
                    return True
        return False

    def _mark(self, service, head):
        """An engineer reads where it looks, and says so."""
        if service.settings.has_replies or service.settings.zones:
            return
        dome, read = head.dome, self.draws.randrange(-MARK_CDEG, MARK_CDEG + 1)
        if dome.is_moving:
            return
        place = ((dome.pan_cdeg + read) % TURN_CDEG, dome.tilt_cdeg)
        self.counts["marks"] += not reckoning_of(service).mark(*place, self.rig.ms)

    def _shows_fence(self, service, head):
        """Whether something that no view may meet is in the picture."""
        if not service.settings.fences or head is not self.heads[0]:
            return False
        dome = head.dome
        return self._shows((dome.pan_cdeg, dome.tilt_cdeg, dome.zoom_permille))

    def _meets_fence(self, head):
        """Whether any part of a zone is in the picture, even between two of its nine points."""
        dome, focal = head.dome, focal_of(head.dome.zoom_permille)
        return any(
            part.seen(dome.pan_cdeg, dome.tilt_cdeg, focal)
            for zone in self.zones
            for part in zone.parts(PART_COUNT)
        )

    def _restart(self, how):
        for head in self.heads:
            head.goal = None
        super()._restart(how)

    def _hear_ends(self):
        """Take what the unit tells of aims that are over."""
        for service, head in zip(self.rig.services, self.heads, strict=True):
            for name, at_ms, told in service.events.take():
                if name != "ptz.went_to" or head.goal is None:
                    continue
                if told["cause"] == "arrived":
                    self.counts["arrived"] += 1
                    self._judge_arrival(service, head)
                if told["cause"] != "other":
                    head.stops_by(at_ms + STOP_MS, self.rig.line.spoilt_count())
                head.goal = None

    def _judge_arrival(self, service, head):
        """On a line that does no harm, arrived means there."""
        if not self.is_clean:
            return
        dome, goal = head.dome, head.goal
        near_cdeg = NEAR_CDEG if service.settings.has_replies else DOUBT_CDEG
        off_cdeg = (dome.pan_cdeg - goal[0] + TURN_CDEG // 2) % TURN_CDEG - TURN_CDEG // 2
        is_there = max(abs(off_cdeg), abs(dome.tilt_cdeg - goal[1])) <= near_cdeg
        is_zoomed = abs(dome.zoom_permille - goal[2]) <= NEAR_PERMILLE
        if not is_there or (service.settings.has_replies and not is_zoomed):
            here = (dome.pan_cdeg, dome.tilt_cdeg, dome.zoom_permille)
            raise BrokenError(f"arrived at {goal}, but looks at {here} at {self.rig.ms} ms")

    def _watch(self):
        self._hear_ends()
        for service, head in zip(self.rig.services, self.heads, strict=True):
            if head.goal is None:
                continue
            if not service.settings.has_replies:
                head.tells_place(self.rig.ms)  # it is reckoned: the place comes by itself
            if self.is_clean and not head.had_fence and self._shows_fence(service, head):
                dome = head.dome
                here = (dome.pan_cdeg, dome.tilt_cdeg, dome.zoom_permille)
                raise BrokenError(
                    f"an aim shows what is to be avoided: {here} at {self.rig.ms} ms"
                )
        super()._watch()

    def _read_wire(self):
        for side, _, last_us, data in self.rig.line.log[self.row_count :]:
            if side == UNIT:
                continue
            assert side == FAR
            for at in range(len(data) - 3):
                if data[at] == 0xFF and data[at + 3] in PLACE_REPLIES:
                    for head in self.heads:
                        if head.dome.address == data[at + 1]:
                            head.tells_place(last_us // 1000 + 1)
        super()._read_wire()

    def _see_it_end(self):
        while any(head.goal is not None for head in self.heads):
            self._let(END_MS)
        super()._see_it_end()
