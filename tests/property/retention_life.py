"""A unit's keys, recorder and state pages through 400 days of bad clocks, beside its keyholder.

Real: `firmware.app.chains`, `firmware.keys`, `firmware.state`, `firmware.recorder`,
`firmware.ring`, the cipher of the gateway, and `host_tools.cmc.keyholder`. Simulated: the two
media, the clocks, the link, and time. The unit records now and then instead of always; between
two moments that matter nothing happens.
"""

import heapq
import random
from pathlib import Path

from firmware.app.chains import Chains
from firmware.buffers import EventQueue
from firmware.recorder.service import RecorderService
from firmware.recorder.settings import RecorderSettings
from firmware.ring import layout, recovery
from firmware.state.pages import StatePages
from hal.api.clock import UTC_PROVEN
from hal.api.media import AccessUnit
from hal.linux.cipher import KernelEntropy, OpenSslCipher
from host_tools.cmc.keyholder import Keyholder
from tests.portable.ring_world import ALAW, H264, INDEX_KEY, PICTURE, SOUND, UUID, Medium
from tests.property.retention_judge import (
    BRANCH_COUNT,
    EPOCH_MS,
    LIFE_MS,
    Evidence,
    Reach,
    Record,
    Table,
    memory_of,
)
from tests.property.retention_parts import (
    DAY_MS,
    START_MS,
    STATE_BYTES,
    YEAR_MS,
    Clock,
    StateMedium,
)

SPAN_MS = 400 * DAY_MS
SEGMENT_BYTES = 16 * 4096
SLOT_COUNT = 400
TURN_MS = 700
SLACK_MS = 2 * TURN_MS + 1000  # a turn, the unit's own second of grace, and a turn to write
CHAIN_OF = {PICTURE: "picture", SOUND: "sound:g-1"}
TABLES = {name: Table(name, START_MS // EPOCH_MS) for name in CHAIN_OF.values()}
OFF_MS = (1_000, 90_000, 3_600_000, DAY_MS, 9 * DAY_MS, 31 * DAY_MS, 120 * DAY_MS, 400 * DAY_MS)
OFF_WEIGHTS = (6, 3, 6, 6, 5, 2, 1, 1)


class Life:
    """One timeline.

    Args:
        seed: decides everything but salts.
        folder: for the keyholder's file.
        is_trusted: the unit has a contact, 0.2 s old at most, whenever it records.
    """

    def __init__(self, seed: int, folder: Path, is_trusted: bool) -> None:
        self.draw = random.Random(seed)
        self.is_trusted = is_trusted
        self.true_ms = START_MS + self.draw.randrange(EPOCH_MS)
        self.end_ms = START_MS + SPAN_MS
        self.streams = (PICTURE, SOUND) if seed % 4 == 0 else (PICTURE,)
        path = folder / f"{seed}.sqlite"
        self.keyholder_path = path
        self.keyholder = Keyholder(path, lambda: self.true_ms, lambda: self.true_ms - START_MS)
        self.state = StateMedium()
        self.cipher = OpenSslCipher()
        wants = [(stream, SEGMENT_BYTES, 1) for stream in self.streams]
        size_bytes = 8192 + len(wants) * SLOT_COUNT * SEGMENT_BYTES
        plan = layout.plan_pool(self.cipher, UUID, "unit-7", size_bytes, wants)
        self.medium = Medium(size_bytes)
        self.medium.do(plan.format_plan(True))
        self.evidence: dict[str, Evidence] = {}
        self.lags: dict[int, int] = {}
        self.lag_ms = self.lag_at_ms = 0
        self.token = self.given_count = self.judged_count = 0
        self.most_early_ms = self.expired_count = 0
        self.least_margin_ms = YEAR_MS
        self.is_on = self.has_link = False
        self.faults: list[str] = []
        self.due: list[tuple[int, int]] = []
        self._claim()

    def _claim(self) -> None:
        claimed: dict[object, object] = {}
        for stream in self.streams:
            table = TABLES[CHAIN_OF[stream]]
            table.extend((self.end_ms + 2 * LIFE_MS) // EPOCH_MS)
            tag = layout.stream_tag(self.cipher, UUID, stream)
            self.evidence[stream] = Evidence(self.medium.pages, tag, table)
            epoch, secret = table.first_epoch, table.first_secret
            self.keyholder.add("unit-7", table.name, epoch, secret)
            claimed[table.name] = {1: epoch, 2: secret}
        self.lag_at_ms = self.true_ms
        self.lag_ms = EPOCH_MS
        self.power_on(claimed)

    def power_on(self, claimed: object = None) -> None:
        """Start as `firmware.app.unit` does: chains, both pages rewritten, ring, streams."""
        self.lag_ms += self.true_ms - self.lag_at_ms + EPOCH_MS
        self.lag_at_ms = self.true_ms
        self.is_on = True
        self.is_anchored = False
        self.has_link = self.is_trusted or self.draw.random() < 0.5
        self.clock = Clock(self.draw, self.read_true_ms)
        self.events = EventQueue()
        self.pages = StatePages(self.state.read, STATE_BYTES)
        self.chains = Chains(self.cipher, self.pages, 0, self.events)
        if claimed is not None:
            self.chains.install(claimed, 0)  # type: ignore[arg-type]
        self.forget()
        read, size_bytes = self.medium.read, self.medium.size_bytes
        recovered = recovery.load(read, size_bytes, "unit-7")
        settings = RecorderSettings(8192, 1 << 20, INDEX_KEY)
        self.recorder = RecorderService(
            self.cipher, KernelEntropy(), recovered.layout, recovered, 1, settings
        )
        for name in self.chains.names():
            self.recorder.set_epoch(name, self.chains.ratchet(name))
        for stream in self.streams:
            parameters = H264 if stream == PICTURE else ALAW
            assert self.recorder.open_stream(stream, parameters, 0, CHAIN_OF[stream]) == ""

    def read_true_ms(self) -> int:
        """True time."""
        return self.true_ms

    def power_off(self) -> None:
        """Take the power away."""
        self.is_on = False
        self.expired_count += self.recorder.expired_count
        reached = min(ratchet.epoch for ratchet in self.chains._ratchets.values())
        self.lag_ms += (self.chains._clock.epoch - reached) * EPOCH_MS  # not caught up: forgotten

    def forget(self) -> None:
        """Rewrite both pages."""
        plan = self.pages.plan(both=True)
        while plan:
            self.pages.on_submitted(list(range(1, len(plan) + 1)))
            for number, (kind, offset, data) in enumerate(plan, 1):
                if kind == "write":
                    self.state.data[offset : offset + len(data)] = data
                self.pages.on_completion(number, "")
            plan = self.pages.plan()

    def contact(self) -> None:
        """A cursor comes: fresh, late, held back for days, or an old one again."""
        delay_ms = self.draw.randrange(200)
        if not self.is_trusted:
            late_ms = self.draw.choice((3_000, 3_000, 3_000, 3_600_000, 5 * DAY_MS))
            delay_ms = self.draw.randrange(late_ms)
        sent_ms = max(START_MS, self.true_ms - delay_ms)
        before = self.chains._clock.anchor_utc_ms
        self.chains.anchor(sent_ms, self.clock.now_ms())
        if sent_ms > before:
            self.lag_ms, self.is_anchored = delay_ms, True

    def turn(self) -> None:
        """Make one turn in the order of `Unit.turn`."""
        self.true_ms += TURN_MS
        clock, now_ms = self.clock, self.clock.now_ms()
        self.lag_ms += (self.true_ms - self.lag_at_ms) * 21 // 10_000 + 1
        self.lag_at_ms = self.true_ms
        if self.has_link:
            self.contact()
        if clock.quality == UTC_PROVEN and not self.is_anchored:
            self.lag_ms = min(self.lag_ms, 2 * clock.doubt_ms + 1)
        moved = self.chains.step(clock, now_ms)  # type: ignore[arg-type]
        if moved:
            self.forget()
        for name in moved:
            self.recorder.set_epoch(name, self.chains.ratchet(name))
        self.recorder.set_time(clock.utc_ms(), clock.quality, now_ms)
        plan, _ = self.recorder.step(now_ms)
        tokens = []
        for kind, offset, data in plan:
            self.token += 1
            tokens.append(self.token)
            if kind == "write":
                self.medium.write(offset, data)
            else:
                self.medium.barrier()
        self.recorder.on_submitted(tokens)
        for token in tokens:
            self.recorder.on_completion(token, "", now_ms)
        self.events.take()
        self.recorder.events.take()

    def record(self) -> None:
        """Capture one picture, late to arrive, and see it behind a barrier."""
        self.turn()
        for stream in self.streams:
            body = b"captured %d;" % (self.true_ms - self.draw.randrange(900))
            self.lags[int(body[9:-1])] = self.lag_ms
            now_ms = self.clock.now_ms()
            self.given_count += 1
            unit = AccessUnit(body + bytes(100), now_ms, now_ms, now_ms, True)
            self.recorder.receive(stream, unit, now_ms)
        for _ in range(20):
            self.turn()
            if self.recorder.is_settled():
                break
        self.look()

    def look(self) -> None:
        """See under which epoch what is new on the medium was sealed."""
        for stream in self.streams:
            for record in self.evidence[stream].copy():
                for captured_ms in record.captured_ms:
                    early_ms = captured_ms - record.epoch * EPOCH_MS
                    self.least_margin_ms = min(self.least_margin_ms, early_ms)
                    self.most_early_ms = max(self.most_early_ms, early_ms)
                    if early_ms < 0:
                        self.faults.append(f"{stream}: sealed {-early_ms} ms ahead of time")
                    if early_ms > EPOCH_MS + self.lags[captured_ms] + SLACK_MS:
                        self.faults.append(f"{stream}: {early_ms} ms early")
                    self._be_judged_of(captured_ms)

    def _be_judged_of(self, captured_ms: int) -> None:
        """Remember to look again just when this should die, and just before."""
        if self.draw.random() < 0.15:
            alive_ms = captured_ms + LIFE_MS - EPOCH_MS - self.lags[captured_ms] - SLACK_MS
            for due_ms in (captured_ms + LIFE_MS + 1, alive_ms - 1):
                heapq.heappush(self.due, (due_ms, captured_ms))

    def judge(self) -> None:
        """Try to read what may not be read any more, and what still must be."""
        if self.is_on:
            self.turn()
        is_thorough = self.judged_count % 16 == 0
        self.judged_count += 1
        self.keyholder.step()
        half = STATE_BYTES // 2
        areas = (self.state.data[:half], self.state.data[half:])
        unit = [bytes(area).rstrip(b"\x00") for area in areas]
        held = [self.keyholder_path.read_bytes()] if is_thorough else []
        if self.is_on:
            outside = (Life, Medium, StateMedium, Clock, random.Random)
            unit += memory_of([self.pages, self.chains, self.recorder, self.events], outside)
        for stream in self.streams:
            table = TABLES[CHAIN_OF[stream]]
            held += [row[1] for row in [self.keyholder._held("unit-7", table.name)] if row]
            holder = Reach().take(table, held, is_thorough)
            self._judge(stream, holder, Reach().take(table, unit, is_thorough))

    def _judge(self, stream: str, holder: Reach, unit: Reach) -> None:
        dead_ms = self.true_ms - LIFE_MS
        thief_ms = self.end_ms  # without power nothing lies open
        if self.is_on:
            thief_ms = self.true_ms - EPOCH_MS - self.lag_ms - SLACK_MS
        records = [*self.evidence[stream].records, Record(-1, 0, unit.moments)]
        for record in records:
            by_unit = record.epoch < 0 or unit.opens(record)
            by_holder = holder.opens(record)
            for captured_ms in record.captured_ms:
                age_ms = self.true_ms - captured_ms
                if captured_ms < dead_ms and (by_unit or by_holder):
                    self.faults.append(f"{stream}: read at an age of {age_ms} ms")
                if by_unit and captured_ms < thief_ms:
                    self.faults.append(f"{stream}: a thief reads the age of {age_ms} ms")
                life_ms = LIFE_MS - EPOCH_MS - self.lags.get(captured_ms, 0) - SLACK_MS
                if age_ms < life_ms and not by_holder and record.epoch >= 0:
                    self.faults.append(f"{stream}: gone at an age of {age_ms} ms")

    def run(self) -> "list[str]":
        """Live it; returns what went wrong."""
        while self.true_ms < self.end_ms and not self.faults:
            self._pass_time()
            if self.is_on:
                self._event()
        if not self.is_on:
            self.power_on()
        self.record()
        self.judge()
        self.power_off()
        self.judge()
        self.true_ms += LIFE_MS
        self.judge()
        self.keyholder.close()
        kept = sum(len(record.captured_ms) for record in self.records())
        if kept + self.expired_count != self.given_count:
            self.faults.append(f"{self.given_count} given, {kept} kept, {self.expired_count} late")
        self.faults += ["an unknown key"] * sum(e.foreign_count for e in self.evidence.values())
        return self.faults

    def records(self) -> "list[Record]":
        """List every record that ever stood on the medium."""
        return [record for evidence in self.evidence.values() for record in evidence.records]

    def _pass_time(self) -> None:
        """Let time pass up to the next moment that matters; judge at those that are due."""
        step_ms = self.draw.choice((1_000, 60_000, 3_600_000, 2 * DAY_MS, 6 * DAY_MS))
        next_ms = self.true_ms + self.draw.randrange(1, step_ms)
        if self.draw.random() < 0.2:  # just before or after an epoch ends
            edge_ms = (next_ms // EPOCH_MS + 1) * EPOCH_MS
            next_ms = edge_ms + self.draw.randrange(-2000, 2000)
        if not self.is_on:
            off_ms = self.draw.choices(OFF_MS, OFF_WEIGHTS)[0]
            next_ms = self.true_ms + self.draw.randrange(1, off_ms)
        next_ms = min(next_ms, self.end_ms)
        while self.due and self.due[0][0] <= next_ms:
            self.true_ms = max(self.true_ms, heapq.heappop(self.due)[0] - TURN_MS * self.is_on)
            self.judge()
        self.true_ms = max(self.true_ms, next_ms)
        if not self.is_on:
            self.power_on()

    def _event(self) -> None:
        what = self.draw.random()
        boots = [ratchet._boot for ratchet in self.chains._ratchets.values()]
        if what < 0.12 and max(boots) + 1 < BRANCH_COUNT:
            self.power_off()
            if self.draw.random() < 0.3:
                self.judge()
            return
        if what < 0.25:
            self.clock.change()
        elif what < 0.4:
            self.has_link = self.is_trusted or not self.has_link
        elif what < 0.43:
            self.judge()
        self.record()
