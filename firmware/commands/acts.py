"""Every act that a command can ask for, and the arguments it takes."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api._typing import Mapping

NAME_LETTERS_MAX = 32
PERSON_LETTERS_MAX = 48
PLAN_LETTERS_MAX = 250
PLAN_KEPT_LETTERS_MAX = 230  # with its hours it fits one text of an answer
HOURS_LETTERS_MAX = 16
REASON_LETTERS_MAX = 120
PATTERN_MAX = 4
CHOICES_OF_CALIBRATE = ("mark", "forget")
UTC_MS_MAX = (1 << 48) - 1
CHOICES_OF_KIND = ("picture", "sound")
CHOICES_OF_DO = ("go", "set", "clear")
CHOICES_OF_MENU = ("open", "enter", "back", "close")
CHOICES_OF_PATTERN = ("record", "keep", "run", "drop")


class Text:
    """A text of 1 to `letters_max` letters, or one of the choices."""

    __slots__ = ("choices", "letters_max")

    def __init__(self, letters_max: int, choices: "tuple[str, ...]" = ()) -> None:
        self.letters_max = letters_max
        self.choices = choices

    def fault(self, value: object) -> str:
        """Say what is wrong with a value; "" when nothing is."""
        if self.choices:
            return "" if value in self.choices else "must be one of " + ", ".join(self.choices)
        if isinstance(value, str) and 0 < len(value) <= self.letters_max:
            return ""
        return "must be text of 1 to %d letters" % self.letters_max


class Number:
    """A whole number from `low` to `high`."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def fault(self, value: object) -> str:
        """Say what is wrong with a value; "" when nothing is."""
        is_number = isinstance(value, int) and value is not True and value is not False
        if is_number and isinstance(value, int) and self.low <= value <= self.high:
            return ""
        return "must be a whole number from %d to %d" % (self.low, self.high)


class Flag:
    """True or false."""

    __slots__ = ()

    def fault(self, value: object) -> str:
        """Say what is wrong with a value; "" when nothing is."""
        return "" if value is True or value is False else "must be true or false"


CAMERA = ("camera", Text(NAME_LETTERS_MAX))
ONE_WAY_OR_OTHER = Number(-1, 1)
STOP = "ptz.stop"
ACTS: "dict[str, tuple[tuple[str, Text | Number | Flag], ...]]" = {
    "ptz.move": (
        CAMERA,
        ("pan", Number(-1000, 1000)),
        ("tilt", Number(-1000, 1000)),
        ("zoom", ONE_WAY_OR_OTHER),
    ),
    STOP: (CAMERA,),
    "ptz.preset": (CAMERA, ("do", Text(0, CHOICES_OF_DO)), ("number", Number(1, 255))),
    "ptz.aux": (CAMERA, ("number", Number(1, 255)), ("level", Flag())),
    "ptz.lens": (CAMERA, ("focus", ONE_WAY_OR_OTHER), ("iris", ONE_WAY_OR_OTHER)),
    "ptz.go_to": (
        CAMERA,
        ("pan_cdeg", Number(0, 35_999)),
        ("tilt_cdeg", Number(-9_000, 9_000)),
        ("zoom_permille", Number(0, 1000)),
    ),
    "ptz.step_by": (
        CAMERA,
        ("pan_cdeg", Number(-35_999, 35_999)),
        ("tilt_cdeg", Number(-18_000, 18_000)),
        ("zoom_permille", Number(-1000, 1000)),
    ),
    "ptz.home": (CAMERA,),
    "ptz.calibrate": (
        CAMERA,
        ("do", Text(0, CHOICES_OF_CALIBRATE)),
        ("pan_cdeg", Number(0, 35_999)),
        ("tilt_cdeg", Number(-9_000, 9_000)),
    ),
    "ptz.tour": (CAMERA, ("plan", Text(PLAN_LETTERS_MAX))),
    "ptz.tour_end": (CAMERA,),
    "ptz.tour_keep": (
        CAMERA,
        ("name", Text(NAME_LETTERS_MAX)),
        ("plan", Text(PLAN_KEPT_LETTERS_MAX)),
        ("hours", Text(HOURS_LETTERS_MAX)),
    ),
    "ptz.tour_drop": (CAMERA, ("name", Text(NAME_LETTERS_MAX))),
    "ptz.tour_run": (CAMERA, ("name", Text(NAME_LETTERS_MAX))),
    "ptz.tour_list": (CAMERA,),
    "ptz.pattern": (
        CAMERA,
        ("do", Text(0, CHOICES_OF_PATTERN)),
        ("number", Number(1, PATTERN_MAX)),
        ("preset", Number(1, 255)),
    ),
    "ptz.switch": (CAMERA, ("what", Text(NAME_LETTERS_MAX)), ("level", Flag())),
    "ptz.menu": (CAMERA, ("do", Text(0, CHOICES_OF_MENU))),
    "ptz.hand_over": (CAMERA, ("to", Text(PERSON_LETTERS_MAX))),
    "ptz.release": (CAMERA,),
    "ptz.reason": (CAMERA, ("text", Text(REASON_LETTERS_MAX))),
    "sound.on": (CAMERA,),
    "sound.off": (CAMERA,),
    "fault.acknowledge": (("fault", Number(1, 65535)), ("subject", Text(64))),
    "still.take": (CAMERA,),
    "ring.hold": (
        CAMERA,
        ("kind", Text(0, CHOICES_OF_KIND)),
        ("from_utc_ms", Number(1, UTC_MS_MAX)),
        ("to_utc_ms", Number(1, UTC_MS_MAX)),
    ),
    "ring.release": (("hold", Number(1, 0xFFFFFFFF)),),
}


def argument_faults(act: str, arguments: "Mapping[str, object]") -> "list[str]":
    """Name every fault of an act's arguments.

    Args:
        act: one of ACTS.
        arguments: by name; each one of the act must be there and no other.

    Returns:
        a sentence for each fault; empty when the act can be done with them.
    """
    faults: list[str] = []
    known: list[str] = []
    for name, rule in ACTS[act]:
        known.append(name)
        if name not in arguments:
            faults.append("%s: missing" % name)
        elif rule.fault(arguments[name]):
            faults.append("%s = %r: %s" % (name, arguments[name], rule.fault(arguments[name])))
    faults += [
        "%s: not known to %s" % (name, act) for name in sorted(arguments) if name not in known
    ]
    return faults
