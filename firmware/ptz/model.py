"""What is particular to one head: its settings, its dialect, and how its numbers turn into ours.

In the core, pan is 0 to 35999 hundredths of a degree, clockwise seen from above; tilt is signed,
0 at the horizon, positive up; zoom is 0 (wide) to 1000 (tele). On the wire Pelco-D counts tilt
downwards from the horizon, and some heads count otherwise; only this module knows.
"""

from firmware.pelco_d import commands
from firmware.pelco_d.everyday import GENERAL
from firmware.units import div_round, signed_cdeg, wrap_cdeg
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Move = tuple[int, int, int]
    Lens = tuple[int, int]
    Zone = tuple[int, int, int, int]

PERMILLE = 1000
TILT_LOW_CDEG, TILT_HIGH_CDEG = -9000, 9000
# A lens that divides its angle by the same ratio for the same step, 60 degrees to 4.
FOV_POINTS = (
    (0, 6000),
    (100, 4577),
    (200, 3491),
    (300, 2663),
    (400, 2031),
    (500, 1550),
    (600, 1182),
    (700, 902),
    (800, 688),
    (900, 525),
    (1000, 400),
)


class PtzSettings:
    """The settings of one dome; attributes that are not arguments have defaults that fit most.

    Args:
        address: the dome's Pelco-D address, 1 to 255.
        baud: of the line, bits per second.
        has_replies: the dome answers; else its position is never known.
    """

    def __init__(self, address: int = 1, baud: int = 2400, has_replies: bool = True) -> None:
        self.address = address
        self.baud = baud
        self.protocol = "pelco-d"  # one of `protocols.REGISTRY`
        self.has_replies = has_replies
        self.reply_kind = GENERAL  # or "ack": what the head says to a command
        self.has_position = True  # a dome that answers tells where it looks
        self.has_echo = False  # the adapter hears its own sending
        self.margin_ms = 50  # how long the head may think before it answers
        self.pacing_ms = 20  # from the end of one exchange to the next frame
        self.lease_ms = 900  # more counts as 900: the stop is on the wire within a second
        self.resend_ms = 400  # a motion that goes on is told again this often
        self.query_ms = (
            500  # between rounds of position queries at rest; above 4000 counts as 4000
        )
        self.unanswered_count_max = 5  # then the head is silent
        self.tilt_sign = -1  # -1: the wire counts downwards
        self.tilt_zero_cdeg = 0  # what the wire says at the horizon
        self.pan_sign = 1  # -1: the wire counts anticlockwise
        self.pan_zero_cdeg = 0  # what the wire says at our 0
        self.zoom_limit = 65535  # what the wire says at the tele end
        self.counts_per_turn = 0  # of a VISCA head; 0: nobody knows, so it is not asked
        self.has_turbo = False  # full deflection of pan is turbo
        self.turbo_byte = commands.TURBO
        self.reserved_presets: tuple[tuple[int, int], ...] = ()  # first, last: never positions
        self.home_preset = 0  # 0: none
        self.is_upside_down = False  # hangs the other way up than its wire thinks
        self.pan_is_inverted = False  # left is right: of the motion bits alone
        self.tilt_is_inverted = False
        self.zoom_is_inverted = False
        self.focus_is_inverted = False
        self.pan_limits_cdeg: tuple[int, int] | None = None  # clockwise from first to second
        self.tilt_limits_cdeg = (TILT_LOW_CDEG, TILT_HIGH_CDEG)
        self.limit_margin_cdeg = 100  # a soft stop acts this much early
        self.zones: tuple[Zone, ...] = ()  # left, right (clockwise), low, high
        self.fences: tuple[Zone, ...] = ()  # those of the zones that no view may ever meet
        self.fov_points: tuple[tuple[int, int], ...] = FOV_POINTS
        self.speed_cdeg_per_s_max = 15_000  # the fastest axis; how far a moving view may have got
        self.told_cdeg_per_s_max = 8_000  # the fastest that a speed byte short of turbo asks for
        self.zoom_permille_per_s_max = 500


def position_from_wire(settings: PtzSettings, kind: str, value: int) -> int:
    """Turn the value of a "pan", "tilt" or "zoom" reply into cdeg or permille."""
    sense = -1 if settings.is_upside_down else 1
    if kind == "pan":
        return wrap_cdeg(sense * settings.pan_sign * (value - settings.pan_zero_cdeg))
    if kind == "tilt":
        return sense * settings.tilt_sign * signed_cdeg(value - settings.tilt_zero_cdeg)
    return div_round(min(value, settings.zoom_limit) * PERMILLE, settings.zoom_limit)


def fov_cdeg(settings: PtzSettings, zoom_permille: int) -> int:
    """Tell the width of the view at a zoom, rounded up; straight lines between `fov_points`."""
    points = settings.fov_points
    for index in range(1, len(points)):
        zoom, fov = points[index]
        if zoom_permille <= zoom:
            zoom_before, fov_before = points[index - 1]
            part = (zoom_permille - zoom_before) * (fov - fov_before)
            return fov_before - -part // (zoom - zoom_before)
    return points[-1][1]


def speed_byte(permille: int) -> int:
    """Turn -1000..1000 into a speed byte, 1 to 63; speed 0 is left out, some heads stop at it."""
    return 1 + (max(abs(permille), 1) - 1) * (commands.SPEED_MAX - 1) // (PERMILLE - 1)


def wired(settings: PtzSettings, move: "Move", lens: "Lens") -> "tuple[Move, Lens]":
    """Turn a wish round where the head hangs upside down, or takes a way for its opposite."""
    pan, tilt, zoom = move
    focus, iris = lens
    if settings.is_upside_down != settings.pan_is_inverted:
        pan = -pan
    if settings.is_upside_down != settings.tilt_is_inverted:
        tilt = -tilt
    zoom = -zoom if settings.zoom_is_inverted else zoom
    focus = -focus if settings.focus_is_inverted else focus
    return (pan, tilt, zoom), (focus, iris)


def motion_frame(
    settings: PtzSettings, move: "tuple[int, int, int]", lens: "tuple[int, int]"
) -> bytes:
    """Build the one frame that says everything that shall move; all zero gives the stop.

    Args:
        settings: of the head.
        move: pan and tilt, -1000 to 1000 (right and up positive), zoom -1 wide, 0, 1 tele.
        lens: focus -1 near, 0, 1 far; iris -1 close, 0, 1 open.
    """
    (pan, tilt, zoom), (focus, iris) = wired(settings, move, lens)
    bits = _one_of(pan, commands.RIGHT, commands.LEFT) | _one_of(tilt, commands.UP, commands.DOWN)
    bits |= _one_of(zoom, commands.TELE, commands.WIDE)
    bits |= _one_of(focus, commands.FAR, commands.NEAR)
    bits |= _one_of(iris, commands.IRIS_OPEN, commands.IRIS_CLOSE)
    pan_speed = speed_byte(pan) if pan else 0
    if settings.has_turbo and abs(pan) == PERMILLE:
        pan_speed = settings.turbo_byte
    return commands.motion(settings.address, bits, pan_speed, speed_byte(tilt) if tilt else 0)


def is_reserved(settings: PtzSettings, number: int) -> bool:
    """Tell whether a head does something else at this preset than to look somewhere."""
    return any(first <= number <= last for first, last in settings.reserved_presets)


def within_limits(
    settings: PtzSettings, move: "Move", aim: "tuple[int, int]", past_cdeg: int = 0
) -> "Move":
    """Take out of a move what would lead further past a soft stop.

    Args:
        settings: of the head.
        move: pan and tilt, -1000 to 1000, and zoom -1, 0, 1.
        aim: pan and tilt as last heard, cdeg.
        past_cdeg: how much further an axis can be by now than the margin stands for; it counts
            for soft stops that were set, not for the ends of tilt that every head has.
    """
    pan, tilt, zoom = move
    margin = settings.limit_margin_cdeg + past_cdeg
    low, high = settings.tilt_limits_cdeg
    is_set = settings.tilt_limits_cdeg != (TILT_LOW_CDEG, TILT_HIGH_CDEG)
    near = margin if is_set else settings.limit_margin_cdeg
    if (tilt > 0 and aim[1] >= high - near) or (tilt < 0 and aim[1] <= low + near):
        tilt = 0
    if settings.pan_limits_cdeg is not None:
        left, right = settings.pan_limits_cdeg
        span = wrap_cdeg(right - left)
        # Past either end, the nearer end decides which way is out.
        place = signed_cdeg(aim[0] - left - span // 2)
        if (pan > 0 and place >= span // 2 - margin) or (pan < 0 and place <= margin - span // 2):
            pan = 0
    return pan, tilt, zoom


def room_cdeg(settings: PtzSettings, index: int, sense: int, place_cdeg: int) -> int:
    """Tell how far pan (0) or tilt (1) may still turn to a soft stop that was set; -1 for ever."""
    if index == 0:
        if settings.pan_limits_cdeg is None:
            return -1
        left, right = settings.pan_limits_cdeg
        half = wrap_cdeg(right - left) // 2
        return max(half - sense * signed_cdeg(place_cdeg - left - half), 0)
    low, high = settings.tilt_limits_cdeg
    if (low, high) == (TILT_LOW_CDEG, TILT_HIGH_CDEG):
        return -1
    return max(high - place_cdeg if sense > 0 else place_cdeg - low, 0)


def _one_of(value: int, plus: int, minus: int) -> int:
    return plus if value > 0 else minus if value < 0 else 0
