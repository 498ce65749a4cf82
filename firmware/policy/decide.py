"""Decides whether somebody may do something here and now, and says by which clause not.

What holds at this moment is told as conditions, a tuple of words: "armed" (the permit is valid
now), "granted" (the grant for this camera is valid now), "night", and each of `rules.LIMITS` that
the permit lays down.
"""

from firmware.policy import rules

ARMED, GRANTED, NIGHT = "armed", "granted", "night"
NOT_PERMITTED = "command.not_permitted"
# Acts that end something, and those that keep evidence: no permit, grant or limit may stand in
# their way.
ENDING = (
    "ptz.stop",
    "ptz.tour_end",
    "ptz.tour_list",
    "ptz.hand_over",
    "ptz.release",
    "ptz.reason",
    "sound.off",
    "fault.acknowledge",
    "ring.hold",
    "ring.release",
)
# An engineer aims a dome before the permit is there and sees no picture of it.
BEFORE_PERMIT = (
    "ptz.move",
    "ptz.go_to",
    "ptz.step_by",
    "ptz.home",
    "ptz.calibrate",
    "ptz.preset",
    "ptz.aux",
    "ptz.lens",
    "ptz.switch",
    "ptz.menu",
)

# (limit of the permit, word that must hold besides or "", acts that begin with it)
_LIMITED = (
    ("no_ptz", "", "ptz."),
    ("no_night_ptz", NIGHT, "ptz."),
    ("no_sound", "", "sound."),
    ("no_still", "", "still."),
)


class Decision:
    """The answer of the policy.

    Args:
        clause: of the Code that stands against it; "" when allowed.
        code: refusal code; "" when allowed.
        remedy: what to do about it; "" when allowed.
    """

    __slots__ = ("clause", "code", "is_allowed", "remedy")

    def __init__(self, clause: str = "", code: str = "", remedy: str = "") -> None:
        self.is_allowed = not code
        self.clause = clause
        self.code = code
        self.remedy = remedy


def decide(
    role: str, act: str, scheme_class: str, purpose: int, conditions: "tuple[str, ...]"
) -> Decision:
    """Decide about one act.

    Args:
        role: one of `rules.ROLES`.
        act: as in the table of rules.
        scheme_class: the permit's class; anything unknown is taken as PSS.
        purpose: 1 to 14.
        conditions: what holds now, words as in the title of this module.

    Returns:
        allowed, or the clause, code and remedy of the first rule that stands against it.
    """
    scheme_class = rules.class_of(scheme_class)
    if role not in rules.ROLES:
        return Decision("C49", "command.role", "use one of the roles: " + ", ".join(rules.ROLES))
    if not rules.is_purpose(purpose):
        return Decision("C05", "command.purpose", "name one of the purposes 1 to 14")
    if not rules.is_allowed(role, act, scheme_class):
        clause = rules.clause_against(role, act, scheme_class)
        told = (act, role, scheme_class)
        return Decision(clause, NOT_PERMITTED, "%s is not for %s in class %s" % told)
    if act in ENDING:
        return Decision()
    return _by_papers(role, act, conditions)


def _by_papers(role: str, act: str, conditions: "tuple[str, ...]") -> Decision:
    """Decide by permit, grant and the limits laid down in them."""
    if ARMED not in conditions and not (role == rules.ENGINEER and act in BEFORE_PERMIT):
        return Decision("C09", "permit.not_valid", "install a permit for this unit and place")
    if act == "sound.on" and GRANTED not in conditions:
        return Decision("C07", "grant.not_valid", "install a grant for this camera and place")
    for limit, word, beginning in _LIMITED:
        is_limited = limit in conditions and (not word or word in conditions)
        if is_limited and act.startswith(beginning):
            told = "the data protection officer laid down %s for this place" % limit
            return Decision("C85", "permit.limit", told)
    return Decision()
