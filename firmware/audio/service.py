"""One microphone's switch: off unless permitted, proven by read-back, and shown by a lit lamp."""

from firmware.audio.switch import (
    CLOSE,
    CLOSING,
    DOUBT,
    FAILED,
    GATE_IS_DRIVEN,
    MOVING,
    NEXT,
    OFF,
    ON,
    OPEN,
    OPENING,
    PROVEN,
    WITHDRAW,
)
from firmware.buffers import EventQueue
from firmware.machine import Machine

READ_BACK_MS = 100  # the gate must follow its level within this
INDICATOR_MS = 500  # a dark lamp is tolerated this long, so that sound ends well within 1 s
OBSERVATION_MS = 750  # an older look at the lines proves nothing
IDLE_MS = 1000
LOOK_MS = 20  # while the gate moves, so that no proof waits for the next idle turn

NOT_FITTED = "sound.not_fitted"
NOT_PERMITTED = "sound.not_permitted"
IS_FAILED = "sound.failed"
IS_CLOSING = "sound.closing"

DEFAULT_CLAUSE = "C38"


class SoundService:
    """Decides the level of one microphone's gate; it never touches the picture.

    Feed it with `observe` before each `step`, and drive both the gate and the indicator with the
    level that `step` answers. The microphone may be opened only while `wants_sound` is true.

    Args:
        name: the camera's name, for events.
        is_fitted: the camera has a microphone behind a gate.
    """

    def __init__(self, name: str, is_fitted: bool) -> None:
        self.name = name
        self.is_fitted = is_fitted
        self.events = EventQueue()
        self.clause = DEFAULT_CLAUSE
        self.cause = ""
        self.refused_count = 0
        self.failed_count = 0
        self._machine = Machine(NEXT, OFF)
        self._is_permitted = False
        self._read_back = False
        self._indicator = False
        self._changed_ms = 0
        self._observed_ms = -1
        self._agreed_ms = 0
        self._lit_ms = 0

    @property
    def state(self) -> str:
        """The state of the switch: "off", "opening", "on", "closing" or "failed"."""
        return self._machine.state

    @property
    def ignored_count(self) -> int:
        """How many events met a state in which they mean nothing."""
        return self._machine.ignored_count

    def permit(self, is_allowed: bool, clause: str, now_ms: int = 0) -> None:
        """Tell whether the authority to hear exists now; without it an open gate closes at once.

        Args:
            is_allowed: a valid grant for this camera at this place is in force.
            clause: what a refusal names, such as "C38".
            now_ms: when; only used to time the closing.
        """
        self.clause = clause
        self._is_permitted = is_allowed
        if not is_allowed and self.state in GATE_IS_DRIVEN:
            self._move(WITHDRAW, max(now_ms, self._observed_ms, self._changed_ms))

    def switch_on(self, now_ms: int) -> str:
        """Ask for sound.

        Returns:
            "" when it is open or opening now, else why not: "sound.not_fitted",
            "sound.not_permitted" (then `clause` says by what), "sound.failed" (switch off first)
            or "sound.closing" (ask again).
        """
        refusal = self._refusal()
        if refusal:
            self.refused_count += 1
            fields = {"camera": self.name, "code": refusal, "clause": self.clause}
            self.events.emit("sound.refused", now_ms, fields)
            return refusal
        if self.state == OFF:
            self._move(OPEN, now_ms)
        return ""

    def _refusal(self) -> str:
        if not self.is_fitted:
            return NOT_FITTED
        if not self._is_permitted:
            return NOT_PERMITTED
        return {FAILED: IS_FAILED, CLOSING: IS_CLOSING}.get(self.state, "")

    def switch_off(self, now_ms: int) -> str:
        """Ask for silence; always obeyed, and the only way out of "failed"; returns ""."""
        if self.state not in {OFF, CLOSING}:
            self._move(CLOSE, now_ms)
        return ""

    def observe(self, read_back: bool, indicator: bool, now_ms: int) -> None:
        """Take one look at the lines.

        Args:
            read_back: the real level of the gate.
            indicator: the lamp is really lit.
            now_ms: when it was looked at.
        """
        self._read_back = read_back
        self._indicator = indicator
        self._observed_ms = now_ms
        if read_back == (self.state in GATE_IS_DRIVEN):
            self._agreed_ms = now_ms
        if indicator:
            self._lit_ms = now_ms
        is_proof = read_back and indicator if self.state == OPENING else not read_back
        if is_proof and self.state in MOVING:
            self._move(PROVEN, now_ms)

    def step(self, now_ms: int) -> "tuple[bool, int]":
        """Judge the last look at the lines.

        Returns:
            (level to drive gate and indicator with, now_ms of the next step at the latest).
        """
        cause, due_ms = self._doubt(now_ms)
        if cause and (self.state, DOUBT) in NEXT:
            self.cause = cause
            self._move(DOUBT, now_ms)
            due_ms = now_ms + IDLE_MS
        if self.state in MOVING:
            due_ms = min(due_ms, now_ms + LOOK_MS)
        return self.state in GATE_IS_DRIVEN, due_ms

    def _doubt(self, now_ms: int) -> "tuple[str, int]":
        """Say what cannot be trusted, or when to look again."""
        if not self.is_fitted or self.state == FAILED:
            return "", now_ms + IDLE_MS
        due_ms = now_ms + IDLE_MS
        if self._read_back != (self.state in GATE_IS_DRIVEN):
            due_ms = self._since(self._agreed_ms) + READ_BACK_MS
            if now_ms >= due_ms:
                return "gate", due_ms
        if self.state == OFF:
            return "", due_ms
        if self.state in GATE_IS_DRIVEN and not self._indicator:
            due_ms = min(due_ms, self._since(self._lit_ms) + INDICATOR_MS)
            if now_ms >= self._since(self._lit_ms) + INDICATOR_MS:
                return "indicator", due_ms
        unseen_ms = self._since(self._observed_ms) + OBSERVATION_MS
        if now_ms >= unseen_ms:
            return "not observed", due_ms
        return "", min(due_ms, unseen_ms)

    def _since(self, moment_ms: int) -> int:
        """The later of a moment and the last change: before the change it proves nothing."""
        return max(moment_ms, self._changed_ms)

    def wants_sound(self) -> bool:
        """Tell whether the microphone may be open: the gate is proven open at the last look."""
        return self.state == ON and self._read_back

    def gate_disagrees(self) -> bool:
        """Tell health that the switch failed because the gate did not follow its level."""
        return self.state == FAILED and self.cause != "indicator"

    def is_indicator_broken(self) -> bool:
        """Tell health that the switch failed because the lamp was dark while the gate was open."""
        return self.state == FAILED and self.cause == "indicator"

    def _move(self, event: str, now_ms: int) -> None:
        target = self._machine.on_event(event)
        if not target:
            return
        self._changed_ms = now_ms
        if target == ON:
            self.events.emit("sound.on", now_ms, {"camera": self.name})
        elif target == OFF:
            self.cause = ""
            self.events.emit("sound.off", now_ms, {"camera": self.name})
        elif target == FAILED:
            self.failed_count += 1
            self.events.emit("sound.failed", now_ms, {"camera": self.name, "cause": self.cause})
