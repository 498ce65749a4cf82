"""The unit's side of the talk with the CMC: birth, heartbeat, events, answers, stills."""

from firmware.buffers import EventQueue
from firmware.telemetry import topics
from firmware.telemetry.backlog import Backlog
from firmware.telemetry.codes import code_of
from firmware.telemetry.live import HEARTBEAT_APART_MS, Live
from firmware.telemetry.messages import (
    LOST,
    STOPPED,
    Birth,
    Cursor,
    EventRecord,
    Farewell,
    Heartbeat,
    Still,
    decode_cursor,
    encode,
    encode_event,
)
from hal.api._typing import TYPE_CHECKING
from hal.api.link import Message

if TYPE_CHECKING:
    from firmware.buffers import Value
    from firmware.telemetry.outbox import Outbox, Plan

    Publication = tuple[str, Message]

IDLE_MS = 10_000
RETRY_MS = 100
EVENT = "event"


class TelemetryService:
    """Says what the unit is, how it is, and what happened; at least once, in order.

    Each turn of the unit: `put_birth` when `is_birth_due`, `put_heartbeat` when
    `is_heartbeat_due`, then `step`; publish what it answers in that order and tell `on_published`
    the token of each; submit its plan and tell `on_submitted` the numbers. Live values come before
    backlog, so that a day of waiting events holds no heartbeat up.

    Args:
        unit: the unit's name.
        boot: number of this boot, above every boot before.
        outbox: recovered from its medium.
        heartbeat_ms: the longest between two heartbeats; 200 and up.
    """

    def __init__(self, unit: str, boot: int, outbox: "Outbox", heartbeat_ms: int) -> None:
        assert heartbeat_ms >= HEARTBEAT_APART_MS
        # A boot number that was used before would make new events look like stored ones.
        self.boot = max(boot, outbox.last_key()[0] + 1)
        self.unit = unit
        self.outbox = outbox
        self.events = EventQueue()
        self.is_up = False
        self.live = Live(unit, heartbeat_ms)
        self.backlog = Backlog(outbox)
        self.refused_event_count = 0
        self.shortened_event_count = 0
        self.foreign_cursor_count = 0
        self.unpublished_count = 0
        self.acked_count = 0
        self._sequence = 0
        self._keys: dict[str, tuple[int, int]] = {}
        self._damaged_count = 0
        self._retry_ms = 0

    # What is told

    def event(
        self, name: str, now_ms: int, utc_ms: int, quality: int, fields: "dict[str, Value]"
    ) -> bool:
        """Take an event into the outbox; it leaves the unit once it is durable.

        Args:
            name: in `firmware.telemetry.codes`.
            now_ms: when it happened.
            utc_ms: the wall clock then; 0 where quality is 0.
            quality: 0 to 3.
            fields: flat; the longest texts are cut when the record does not fit its slot.

        Returns:
            False when the outbox did not take it; it counts why.
        """
        record = EventRecord(self.boot, self._sequence + 1, code_of(name))
        record.now_ms, record.utc_ms, record.utc_quality = now_ms, utc_ms, quality
        record.fields = fields
        self.live.is_changed = True
        data = encode_event(record, self.outbox.room_bytes)
        self.shortened_event_count += record.fields is not fields
        if not self.outbox.append((record.boot, record.sequence), record.code, data):
            self.refused_event_count += 1
            return False
        self._sequence += 1
        return True

    def changed(self) -> None:
        """Ask for a heartbeat soon: something that it shows is different now."""
        self.live.is_changed = True

    def is_birth_due(self) -> bool:
        """Tell whether the link came up and no birth was given for it yet."""
        return self.is_up and self.live.is_birth_due()

    def put_birth(self, birth: Birth) -> None:
        """Give the birth of this connection; the boot number is filled in here."""
        birth.boot = self.boot
        self.live.put_birth(birth)

    def is_heartbeat_due(self, now_ms: int) -> bool:
        """Tell whether a heartbeat should be given now."""
        return self.is_up and now_ms >= self.live.heartbeat_due_ms()

    def put_heartbeat(self, heartbeat: Heartbeat, now_ms: int) -> None:
        """Give a heartbeat; boot, number, time and what waits are filled in here."""
        heartbeat.boot = self.boot
        heartbeat.now_ms = now_ms
        heartbeat.waiting_count = len(self.outbox)
        self.live.put_heartbeat(heartbeat, now_ms)

    def answer(self, payload: bytes) -> None:
        """Give an encoded answer to a command; it waits for the link, the oldest giving way."""
        self.live.put_answer(payload)

    def still(self, camera: str, still: Still) -> None:
        """Give a still of a camera; dropped and counted while the link is down."""
        still.boot = self.boot
        self.live.put_still(camera, still, self.is_up)

    def will(self) -> Message:
        """What the broker says of the unit when it vanishes; for `Link.open`."""
        return self._state(Farewell(self.boot, LOST))

    def farewell(self) -> Message:
        """What the unit says of itself when it stops; for `Link.close`."""
        return self._state(Farewell(self.boot, STOPPED))

    def _state(self, farewell: Farewell) -> Message:
        topic = topics.topic(self.unit, topics.STATE)
        return Message(topic, encode(farewell), qos=1, is_retained=True)

    # What the link says

    def on_link(self, is_up: bool, now_ms: int, reason: str = "") -> None:
        """Learn that the link came up or went down; each connection begins with a birth."""
        if is_up or self.is_up:
            fields: dict[str, Value] = {"reason": reason} if reason else {}
            self.events.emit("link.up" if is_up else "link.down", now_ms, fields)
        self.is_up = is_up
        self._retry_ms = now_ms
        self._keys = {}
        self.live.on_link(is_up)
        self.backlog.on_link(is_up, now_ms)

    def on_acked(self, token: int, now_ms: int) -> None:
        """Learn that the broker has a message: room on the link, and nothing more than that."""
        assert token > 0
        self.acked_count += 1
        self._retry_ms = min(self._retry_ms, now_ms)

    def on_cursor(self, payload: bytes, now_ms: int) -> Cursor:
        """Learn how far the CMC has stored; only this lets go of records.

        Args:
            payload: out of its COSE envelope, which the unit has checked.
            now_ms: when.

        Returns:
            the cursor, also when it is of a boot that this unit has not reached: then nothing is
            let go and it is counted. RemoteProtocolError when it is none.
        """
        cursor = decode_cursor(payload)
        key = (cursor.boot, cursor.sequence)
        if key > (self.boot, self._sequence):
            self.foreign_cursor_count += 1
            return cursor
        self.backlog.on_cursor(self.outbox.acknowledge(key), now_ms)
        return cursor

    # The turn

    def step(self, now_ms: int) -> "tuple[list[Publication], Plan, int]":
        """Say what to publish and to write now.

        Returns:
            (publications, plan, now_ms of the next step at the latest); publications are
            (reference, message) in the order to send; the plan goes to the outbox's medium.
        """
        self._tell_losses(now_ms)
        publications: list[Publication] = []
        if self.is_up and now_ms >= self._retry_ms:
            publications += self.live.offer()
            # Nothing goes out before the birth, or the CMC would not know whose it is.
            if self.live.is_born():
                self._offer_backlog(publications, now_ms)
        plan = self.outbox.plan(now_ms)
        return publications, plan, self._due_ms(now_ms)

    def _offer_backlog(self, publications: "list[Publication]", now_ms: int) -> None:
        topic = topics.topic(self.unit, topics.EVENT)
        while True:
            taken = self.backlog.take(now_ms)
            if taken is None:
                return
            key, payload = taken
            reference = "%s %d %d" % (EVENT, key[0], key[1])
            self._keys[reference] = key
            publications.append((reference, Message(topic, payload, qos=1)))

    def on_published(self, reference: str, token: int, now_ms: int) -> None:
        """Learn what the link said to one publication of the last step.

        Args:
            reference: as `step` gave it; in the same order.
            token: what `Link.publish` returned; 0 when it was not taken.
            now_ms: when.
        """
        key = self._keys.pop(reference, None)
        if key is not None:
            must_retry = not token
            if must_retry:
                self.backlog.on_refused(key, now_ms)
        else:
            must_retry = self.live.on_published(reference, token > 0)
        if must_retry:
            self.unpublished_count += 1
            self._retry_ms = now_ms + RETRY_MS

    def on_submitted(self, numbers: "list[int]") -> None:
        """Learn the numbers of the entries of the last plan, in order."""
        self.outbox.on_submitted(numbers)

    def on_completion(self, number: int, code: str, now_ms: int) -> None:
        """Learn how one entry of a plan ended; a number of somebody else is not minded."""
        self.outbox.on_completion(number, code, now_ms)

    def _tell_losses(self, now_ms: int) -> None:
        shed = self.outbox.take_shed()
        if shed is not None:
            self.events.emit("outbox.shed", now_ms, shed)
        damaged_count = self.outbox.damaged_count - self._damaged_count
        if damaged_count:
            self._damaged_count += damaged_count
            self.events.emit("outbox.damaged", now_ms, {"count": damaged_count})

    def _due_ms(self, now_ms: int) -> int:
        due_ms = self.outbox.due_ms(now_ms, IDLE_MS)
        if not self.is_up:
            return due_ms
        if self.live.is_waiting():
            due_ms = min(due_ms, self._retry_ms)
        due_ms = min(due_ms, self.live.heartbeat_due_ms(), self.backlog.due_ms(now_ms, IDLE_MS))
        return max(now_ms, due_ms)
