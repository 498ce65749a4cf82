"""One table: which role may do which act in which class of scheme.

It is data, so that a unit can tell its hash (C01) and a test can walk over every cell of it.
"""

from firmware.cbor.encode import dumps
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.cipher import Cipher

VERSION = 1

OPERATOR, SUPERVISOR, ENGINEER = "operator", "supervisor", "engineer"
RESPONSIBLE_OFFICER, AUDITOR, KEYHOLDER = "responsible_officer", "auditor", "keyholder"
GUEST = "guest"
"""Somebody from outside, such as the police, who sits beside an operator of the CMC (C67)."""

ROLES = (OPERATOR, SUPERVISOR, ENGINEER, RESPONSIBLE_OFFICER, AUDITOR, KEYHOLDER, GUEST)

PSS, SITE, VEHICLE, CMC_ROOM, HELP_POINT = "PSS", "site", "vehicle", "cmc_room", "help_point"
CLASSES = (PSS, SITE, VEHICLE, CMC_ROOM, HELP_POINT)

PURPOSES = (
    "deter crime and anti-social behaviour",
    "prevent, detect, apprehend",
    "reduce fear of crime",
    "public reassurance",
    "safer areas for those who live, visit, work and trade",
    "building security and staff safety",
    "council housing and tenancy",
    "council fleet and vehicles",
    "help police, emergency services and council with resources",
    "traffic flow and management",
    "statutory enforcement duties",
    "evidence for criminal and civil proceedings",
    "public and commercial areas, including bylaw contraventions",
    "civil emergencies and counter-terrorism",
)
"""Purpose 1 is the first; the list is closed (C05)."""

LIMITS = ("no_night_ptz", "no_ptz", "no_sound", "no_still")
"""What a data protection officer can lay down in a permit (C85); anything else is refused."""

_DRIVERS = (OPERATOR, SUPERVISOR, ENGINEER)
_WATCHERS = (OPERATOR, SUPERVISOR, RESPONSIBLE_OFFICER)
_HANDS = (OPERATOR, SUPERVISOR, ENGINEER, RESPONSIBLE_OFFICER)
_GUIDED = (OPERATOR, SUPERVISOR, ENGINEER, GUEST)
_ANYBODY = (OPERATOR, SUPERVISOR, ENGINEER, RESPONSIBLE_OFFICER, GUEST)
_REVIEWERS = (SUPERVISOR, RESPONSIBLE_OFFICER, KEYHOLDER)
_GRANTED = (SITE, VEHICLE, CMC_ROOM)

# (act, roles, classes): what stands in no row is refused.
RULES = (
    ("ptz.move", _GUIDED, CLASSES),
    ("ptz.stop", _ANYBODY, CLASSES),
    ("ptz.preset", _DRIVERS, CLASSES),
    ("ptz.go_to", _DRIVERS, CLASSES),
    ("ptz.step_by", _DRIVERS, CLASSES),
    ("ptz.home", _DRIVERS, CLASSES),
    ("ptz.calibrate", (ENGINEER,), CLASSES),
    ("ptz.aux", _DRIVERS, CLASSES),
    ("ptz.lens", _GUIDED, CLASSES),
    ("ptz.tour", _DRIVERS, CLASSES),
    ("ptz.tour_end", _HANDS, CLASSES),
    ("ptz.tour_keep", _DRIVERS, CLASSES),
    ("ptz.tour_drop", _DRIVERS, CLASSES),
    ("ptz.tour_run", _DRIVERS, CLASSES),
    ("ptz.tour_list", _HANDS, CLASSES),
    ("ptz.pattern", _DRIVERS, CLASSES),
    ("ptz.switch", _DRIVERS, CLASSES),
    ("ptz.menu", _DRIVERS, CLASSES),
    ("ptz.hand_over", _HANDS, CLASSES),
    ("ptz.release", _ANYBODY, CLASSES),
    ("ptz.reason", _ANYBODY, CLASSES),
    ("sound.on", _WATCHERS, _GRANTED),
    ("sound.off", _HANDS, CLASSES),
    ("fault.acknowledge", _HANDS, CLASSES),
    ("still.take", _WATCHERS, CLASSES),
    ("ring.hold", _REVIEWERS, CLASSES),
    ("ring.release", _REVIEWERS, CLASSES),
)

# (act, role or "", class or ""): the clause behind a refusal, the first that fits; else C49.
REASONS = (
    ("sound.on", "", PSS, "C38"),
    ("sound.on", "", HELP_POINT, "C46"),
    ("still.take", ENGINEER, "", "C34"),
    ("ring.hold", "", "", "C32"),
    ("ring.release", "", "", "C32"),
    ("", AUDITOR, "", "C81"),
    ("", GUEST, "", "C67"),
)
CLAUSE_OF_ROLES = "C49"


def class_of(name: object) -> str:
    """Bring what a permit calls the class to one of CLASSES; any doubt means PSS (C02)."""
    return name if isinstance(name, str) and name in CLASSES else PSS


def is_purpose(number: object) -> bool:
    """Tell whether a number stands for one of the 14 purposes (C05)."""
    is_flag = number is True or number is False
    return isinstance(number, int) and not is_flag and 1 <= number <= len(PURPOSES)


def is_allowed(role: str, act: str, scheme_class: str) -> bool:
    """Look the table up; what is not in it is not allowed."""
    for ruled_act, roles, classes in RULES:
        if ruled_act == act:
            return role in roles and scheme_class in classes
    return False


def clause_against(role: str, act: str, scheme_class: str) -> str:
    """Name the clause behind a refusal by the table."""
    for ruled_act, ruled_role, ruled_class, clause in REASONS:
        if (
            ruled_act in ("", act)
            and ruled_role in ("", role)
            and ruled_class in ("", scheme_class)
        ):
            return clause
    return CLAUSE_OF_ROLES


def policy_hash(cipher: "Cipher") -> bytes:
    """Hash the whole table; two units with the same hash decide alike (C01)."""
    table = [VERSION, ROLES, CLASSES, PURPOSES, LIMITS, RULES, REASONS, CLAUSE_OF_ROLES]
    return cipher.sha256(dumps(table))
