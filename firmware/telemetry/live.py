"""What is worth telling only now: birth, heartbeat, answers and stills, each with its bound."""

from firmware.telemetry import topics
from firmware.telemetry.messages import Birth, Heartbeat, Still, encode
from hal.api._typing import TYPE_CHECKING
from hal.api.link import Message

if TYPE_CHECKING:
    Publication = tuple[str, Message]

HEARTBEAT_APART_MS = 200
ANSWER_COUNT_MAX = 32
ANSWERS_PER_STEP = 8

BIRTH = "birth"
HEARTBEAT = "heartbeat"
ANSWER = "answer"
STILL = "still"


class Live:
    """Holds the newest of each kind until the link takes it.

    Args:
        unit: the unit's name.
        heartbeat_ms: the longest between two heartbeats.
    """

    __slots__ = (
        "_answer_number",
        "_answers",
        "_birth",
        "_heartbeat",
        "_heartbeat_ms",
        "_heartbeat_number",
        "_heartbeat_sent_ms",
        "_is_birth_due",
        "_stills",
        "_unit",
        "dropped_answer_count",
        "dropped_still_count",
        "is_changed",
    )

    def __init__(self, unit: str, heartbeat_ms: int) -> None:
        self._unit = unit
        self._is_birth_due = False
        self._birth: Message | None = None
        self._heartbeat_ms = heartbeat_ms
        self._heartbeat_number = 0
        self._heartbeat_sent_ms = -heartbeat_ms
        self._heartbeat: Message | None = None
        self._answer_number = 0
        self._answers: list[tuple[str, Message]] = []
        self._stills: dict[str, Message] = {}
        self.is_changed = True
        self.dropped_answer_count = 0
        self.dropped_still_count = 0

    def on_link(self, is_up: bool) -> None:
        """Forget what is stale with the connection; answers are kept for the next."""
        self._is_birth_due = is_up
        self._birth = None
        self._heartbeat = None
        self._stills = {}
        self.is_changed = True

    def is_birth_due(self) -> bool:
        """Tell whether a birth should be given now."""
        return self._is_birth_due and self._birth is None

    def put_birth(self, birth: Birth) -> None:
        """Take the birth of this connection."""
        topic = topics.topic(self._unit, topics.STATE)
        self._birth = Message(topic, encode(birth), qos=1, is_retained=True)

    def heartbeat_due_ms(self) -> int:
        """When the next heartbeat should be given."""
        apart_ms = HEARTBEAT_APART_MS if self.is_changed else self._heartbeat_ms
        return self._heartbeat_sent_ms + apart_ms

    def put_heartbeat(self, heartbeat: Heartbeat, now_ms: int) -> None:
        """Take a heartbeat; it gets its number here."""
        self._heartbeat_number += 1
        heartbeat.number = self._heartbeat_number
        self._heartbeat = Message(topics.topic(self._unit, topics.HEARTBEAT), encode(heartbeat))
        self._heartbeat_sent_ms = now_ms
        self.is_changed = False

    def put_answer(self, payload: bytes) -> None:
        """Take an answer; the oldest gives way when 32 wait."""
        if len(self._answers) >= ANSWER_COUNT_MAX:
            self.dropped_answer_count += 1
            self._answers = self._answers[1:]
        self._answer_number += 1
        message = Message(topics.topic(self._unit, topics.ANSWER), payload, qos=1)
        self._answers.append(("%s %d" % (ANSWER, self._answer_number), message))

    def put_still(self, camera: str, still: Still, is_up: bool) -> None:
        """Take a still; a newer one of the same camera replaces it, a closed link drops it.

        So does a board that has no memory for it now.
        """
        is_lost = camera in self._stills or not is_up
        if is_up:
            try:
                self._stills[camera] = Message(topics.still(self._unit, camera), encode(still))
            except MemoryError:
                is_lost = True
        self.dropped_still_count += is_lost

    def offer(self) -> "list[Publication]":
        """Hand over what should go out now; nothing but the birth before the birth."""
        publications: list[Publication] = []
        if self._birth is not None:
            publications.append((BIRTH, self._birth))
            self._birth = None
            self._is_birth_due = False
        if self._is_birth_due:
            return publications
        publications += self._answers[:ANSWERS_PER_STEP]
        if self._heartbeat is not None:
            publications.append((HEARTBEAT, self._heartbeat))
            self._heartbeat = None
        for camera in self._stills:
            publications.append((STILL, self._stills[camera]))
        self._stills = {}
        return publications

    def is_born(self) -> bool:
        """Tell whether the birth of this connection has been handed over."""
        return not self._is_birth_due

    def is_waiting(self) -> bool:
        """Tell whether `offer` has something."""
        return bool(self._birth or self._answers or self._stills or self._heartbeat)

    def on_published(self, reference: str, is_taken: bool) -> bool:
        """Learn whether the link took a publication; returns whether it must be tried again."""
        if reference == BIRTH:
            self._is_birth_due = not is_taken
            return not is_taken
        if is_taken:
            self._answers = [entry for entry in self._answers if entry[0] != reference]
        elif reference == STILL:
            self.dropped_still_count += 1
        # Heartbeats and stills have no token to be told by; the next replaces a lost one.
        return not is_taken and reference not in {HEARTBEAT, STILL}
