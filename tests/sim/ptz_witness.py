"""The witness of the campaign: what motors of simulated heads may do, and what a picture shows.

It knows what was wished for and accepted and what the world did to head and line; of the
controller it asks only what it covers of a picture. It shares no code with the controller.
"""

from tests.sim.ptz_picture import focal_of

from sim.devices.line import FAR

LEASE_MS = 1_000  # from the last renewal until the stop is on the wire
STAND_MS = 450  # from a stop on the wire until the fastest motor stands
STOP_MS = 300  # from a stop that was wished for until it is on the wire, other domes' included
LATE_MS = 1_000  # so much longer at most when line or replies are damaged
ANSWER_MS = 2_500  # from a head that hears again until it is asked, answers, and is stopped
FOREVER_MS = 1 << 60
RESUME_MS = 30_000  # from the last person's act until a tour goes on
COPY_COUNT = 2  # of a stop to a head that never answers
AXES = ("pan", "tilt", "zoom", "focus", "iris")
LENS = ("focus", "iris")
SPEED_MAX, TURBO = 0x3F, 0x40
OPPOSED = (0x0006, 0x0018, 0x0060, 0x0180, 0x0600)
RESERVED = 0x6000
FRAME_BYTES = 7
PLACE_REPLIES = (0x59, 0x5B, 0x5D)


class BrokenError(AssertionError):
    """A rule is broken; says which, when, and what is known about it."""


class Ear:
    """Overhears what reaches the unit, to know a place that damage made up.

    Two damaged bits can make another reply of the right checksum, and nobody can tell that one.
    """

    def __init__(self, line):
        self._line = line
        self._take = line.take
        self._tail = b""
        self._places = {}  # (address, which axis) to the last reply that reached the unit
        line.take = self.take

    def take(self, byte_count):
        """Hand on what reached the unit."""
        data = self._take(byte_count)
        if self._line.spoilt_count():
            self._listen(data)
        return data

    def is_deceived(self, address):
        """Whether an axis of that head is where no head ever said."""
        said = [row[3] for row in self._line.log if row[0] == FAR]
        return any(
            whose == address and not any(frame in data for data in said)
            for (whose, _), frame in self._places.items()
        )

    def _listen(self, data):
        heard = self._tail + data
        for at in range(len(heard) - FRAME_BYTES + 1):
            frame = heard[at : at + FRAME_BYTES]
            is_place = frame[0] == 0xFF and frame[3] in PLACE_REPLIES
            if is_place and sum(frame[1:6]) & 0xFF == frame[6]:
                self._places[frame[1], frame[3]] = frame
        self._tail = heard[1 - FRAME_BYTES :]


class Head:
    """What one head may do, and until when."""

    def __init__(self, dome, is_answering):
        self.dome = dome
        self.is_answering = is_answering
        self.move_until_ms = self.lens_until_ms = self.seek_until_ms = -FOREVER_MS
        self.homing_until_ms = -FOREVER_MS
        self.told_until_ms = -FOREVER_MS  # a motion may be on the wire, whatever happened to it
        self.wish = None  # of a move that goes on
        self.is_left = False  # no unit runs that could stop it
        self.is_touring = False
        self.resume_ms = FOREVER_MS  # when a tour that waits for people goes on
        self.is_adrift = False  # runs on though nobody could help it, until it hears a motion
        self.adrift_ms = 0
        self.spoilt_count = 0  # of the line, when a motion was last wished for
        self.cut_count = 0  # of the line, when it was last looked at
        self.has_stump = False  # the beginning of a cut frame may lie in it, and eat the next
        self.stump_ms = 0
        self.sent = set()
        self.made_up_count = 0
        self.eaten_count = 0

    def moves(self, now_ms, spoilt_count, wish=None):
        """Somebody's move was accepted: for a lease, and in place of any preset.

        One that is renewed need not be told at once: what damaged it before matters still.
        """
        is_renewed = wish is not None and wish == self.wish and now_ms < self.told_until_ms
        self.wish = wish
        self.move_until_ms = self.told_until_ms = now_ms + LEASE_MS
        self.seek_until_ms = now_ms + STOP_MS
        if not (is_renewed or self.dome.focus.rate_per_s or self.dome.iris.rate_per_s):
            self.spoilt_count = spoilt_count

    def turns_lens(self, now_ms, spoilt_count):
        """A motion of the lens was accepted: for a lease, and in place of any preset."""
        self._forgets_damage(now_ms, spoilt_count)
        self.lens_until_ms = self.told_until_ms = now_ms + LEASE_MS
        self.seek_until_ms = min(self.seek_until_ms, now_ms + STOP_MS)

    def goes(self, now_ms, spoilt_count):
        """A preset was accepted: what ran is stopped, the head goes there and stands by itself."""
        self._forgets_damage(now_ms, spoilt_count)
        self.stops_by(now_ms + STOP_MS, spoilt_count)
        self._seeks()

    def tours(self):
        """A tour goes to presets, if any of them may be shown."""
        self.is_touring = True
        self.resume_ms = FOREVER_MS
        self._seeks()

    def _forgets_damage(self, now_ms, spoilt_count):
        """Damage to an earlier stop matters until everything had to stand."""
        dues_ms = [due_ms for due_ms in self.due_ms() if due_ms < FOREVER_MS]
        if now_ms > max(dues_ms, default=FOREVER_MS) + STAND_MS:
            self.spoilt_count = spoilt_count

    def _seeks(self):
        """From now on it may seek; what does not seek has the time that it had."""
        if self.seek_until_ms < FOREVER_MS:
            self.move_until_ms = max(self.move_until_ms, self.seek_until_ms)
        self.seek_until_ms = FOREVER_MS

    def has_tour(self):
        """Whether a tour goes on, or waits."""
        return self.is_touring or self.resume_ms < FOREVER_MS

    def is_taken(self, now_ms):
        """A person takes it: a tour waits for as long as they want it, and a while."""
        if self.has_tour():
            self.resume_ms = now_ms + RESUME_MS
        self.is_touring = False

    def ends_tour(self):
        """No tour goes on by itself any more."""
        self.is_touring = False
        self.resume_ms = FOREVER_MS

    def stops_by(self, until_ms, spoilt_count):
        """Everything has to be stopped on the wire by then."""
        self.wish = None
        self.move_until_ms = min(self.move_until_ms, until_ms)
        self.told_until_ms = min(self.told_until_ms, until_ms)
        self.lens_until_ms = min(self.lens_until_ms, until_ms)
        self.seek_until_ms = min(self.seek_until_ms, until_ms)
        self.spoilt_count = min(self.spoilt_count, spoilt_count)

    def is_left_alone(self):
        """No unit runs: nobody can stop what did not hear its last words."""
        self.ends_tour()
        self.is_left = True

    def is_found_again(self, now_ms):
        """A unit has started: it stops everything at once."""
        self.is_left = False
        self.move_until_ms = self.lens_until_ms = self.seek_until_ms = now_ms + STOP_MS

    def is_excused(self, until_ms):
        """The world is in the way: what runs may run until then, and be stopped after."""
        self.move_until_ms = max(self.move_until_ms, until_ms)
        self.lens_until_ms = max(self.lens_until_ms, until_ms)
        self.seek_until_ms = max(self.seek_until_ms, until_ms)

    def goes_adrift(self):
        """From now on it is excused until it hears a motion frame."""
        self.is_adrift = True
        self.adrift_ms = self.dome.last_motion_ms

    def hears(self, frame, last_us):
        """Judge a frame to it, whose last bit left at that time.

        Raises:
            BrokenError: nobody may be told that, or not any more.
        """
        self.sent.add(frame)
        bits = frame[2] << 8 | frame[3]
        if bits & 1 or not bits:
            return
        is_odd = bits & RESERVED or any(bits & both == both for both in OPPOSED)
        if is_odd or frame[4] > TURBO or frame[5] > SPEED_MAX:
            raise BrokenError(f"undefined: {frame.hex(' ')}")
        late_us = last_us - self.told_until_ms * 1000
        if late_us > 0:
            raise BrokenError(f"{frame.hex(' ')} ends {late_us} us after its lease")

    def bare(self, zones, covers):
        """Look for a point of a zone that is in the picture and not covered.

        Args:
            zones: all of them.
            covers: what the controller covers: left, top, right, bottom, in permille.

        Returns:
            how many points are in the picture, and a text about a bare one, or None.
        """
        dome, seen_count = self.dome, 0
        focal = focal_of(dome.zoom_permille)
        for zone in zones:
            for x, y in zone.seen(dome.pan_cdeg, dome.tilt_cdeg, focal):
                seen_count += 1
                if not any(c[0] <= x <= c[2] and c[1] <= y <= c[3] for c in covers):
                    aim = (dome.pan_cdeg, dome.tilt_cdeg, dome.zoom_permille)
                    told = f"{zone.edges} at {x:.0f},{y:.0f} from {aim}, not in {covers}"
                    return seen_count, told
        return seen_count, None

    def listen(self):
        """Notice a frame that damage made up, and one that ends an excuse."""
        dome = self.dome
        if self.is_adrift and dome.last_motion_ms != self.adrift_ms:
            self.is_adrift = False
            self.is_excused(dome.last_motion_ms)  # by what it hears now, it comes to a stand
        if dome.last_frame and dome.last_frame not in self.sent:
            self.made_up_count += 1
            self.sent.add(dome.last_frame)
            self.goes_adrift()

    def find_stump(self, line):
        """Notice that the line was cut amid a frame, and that a later one was heard all the same.

        A head that was left with FF takes FF FF 01 00 00 00 00 for a frame to another.
        """
        if self.has_stump and self.dome.last_motion_ms != self.stump_ms:
            self.has_stump = False
        if line.cut_count != self.cut_count:
            self.cut_count = line.cut_count
            self.has_stump = True
            self.stump_ms = self.dome.last_motion_ms

    def is_running(self):
        """Whether it turns without being on its way to where it will stand."""
        motors = [getattr(self.dome, name) for name in AXES]
        return any(motor.rate_per_s and not motor.is_seeking for motor in motors)

    def due_ms(self):
        """Moments at which what may still move now has to stand."""
        return (self.move_until_ms, self.lens_until_ms, self.seek_until_ms)

    def judge(self, now_ms, line):
        """Hold every motor against what it may do.

        Raises:
            BrokenError: one runs that should not.
        """
        dome = self.dome
        dome.step(now_ms)
        if now_ms >= self.resume_ms:
            self.tours()
        self.listen()
        self.find_stump(line)
        if dome.is_deaf:
            self.is_excused(now_ms + ANSWER_MS)
        for name in AXES:
            motor = getattr(dome, name)
            if not motor.rate_per_s:
                continue
            until_ms = self.lens_until_ms if name in LENS else self.move_until_ms
            if motor.is_seeking:
                until_ms = max(self.seek_until_ms, self.homing_until_ms)
            elif self.seek_until_ms < FOREVER_MS:
                until_ms = max(until_ms, self.seek_until_ms)
            elif not any(dome.last_motion_frame[2:4]):  # it was seeking, and has heard a stop
                until_ms = max(until_ms, dome.last_motion_ms)
            late_ms = now_ms - until_ms
            if late_ms > STAND_MS and not self._is_forgiven(late_ms, motor.is_seeking, line):
                raise BrokenError(
                    f"{name} of dome {dome.address} turns {now_ms - until_ms} ms after its time,"
                    f" at {now_ms} ms; it heard {dome.last_motion_frame.hex(' ')}"
                )

    def _is_forgiven(self, late_ms, is_seeking, line):
        """Whether damage on the line explains it."""
        if self.is_adrift:
            return True
        spoilt_count = line.spoilt_count() - self.spoilt_count + self.has_stump
        is_spoilt = spoilt_count > 0
        if is_seeking and is_spoilt:
            self.eaten_count += 1  # the move in place of the preset; it stands there by itself
            self.goes_adrift()
            return True
        if self.is_answering and not self.is_left:
            return is_spoilt and late_ms <= LATE_MS + STAND_MS
        if spoilt_count >= COPY_COUNT:
            self.eaten_count += 1
            self.goes_adrift()
            return True
        return False
