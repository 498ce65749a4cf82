"""A whole unit: made on a board, turned for ever, closed cleanly.

One turn takes what came over the link first, so that a command is on the wire in the same turn,
then moves every camera, the ring and the outbox one step on. Nothing in here waits.
"""

from firmware.app.acts import Acts
from firmware.app.assembly import make_stations
from firmware.app.authority import Authority
from firmware.app.chains import Chains
from firmware.app.ledger_desk import LedgerDesk
from firmware.app.post import Post
from firmware.app.preset_desk import PresetDesk
from firmware.app.report import Reporter
from firmware.app.ring_desk import RingDesk
from firmware.app.rounds import Rounds
from firmware.app.scrub_desk import ScrubDesk
from firmware.app.state_desk import StateDesk
from firmware.app.tour_desk import TourDesk
from firmware.buffers import EventQueue
from firmware.commands.service import CommandService
from firmware.health.service import HealthService
from firmware.policy.decide import decide
from firmware.policy.rules import OPERATOR
from firmware.telemetry.outbox import Outbox
from firmware.telemetry.service import TelemetryService
from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_NONE

if TYPE_CHECKING:
    from firmware.cbor.encode import Value
    from firmware.commands.message import Command
    from firmware.config.load import Config
    from firmware.policy.decide import Decision
    from hal.api._typing import Mapping
    from hal.api.board import Board

CLOSE_MS_MAX = 3_000
STOPPED = "stopped"


class Papers:
    """What a unit is handed at its start, beside its settings.

    Args:
        permit: the signed permit; b"" where there is none.
        grants: camera to its signed grant.
        chains: chains that a claim brings, as `Chains.install` takes them; None for a unit that
            was claimed before.
    """

    __slots__ = ("chains", "grants", "permit")

    def __init__(
        self,
        permit: bytes = b"",
        grants: "Mapping[str, bytes] | None" = None,
        chains: "Value" = None,
    ) -> None:
        self.permit = permit
        self.grants = grants or {}
        self.chains = chains


class Unit:
    """One unit on one board.

    Args:
        board: every port.
        config: checked settings.
        papers: permit, grants and claim.

    A state medium that does not take the new boot number is a PortFailed: without it no command
    could be taken and no event told apart from older ones.
    """

    def __init__(self, board: "Board", config: "Config", papers: Papers) -> None:
        now_ms = board.clock.now_ms()
        self.board = board
        self.name = str(config.unit["name"])
        self.events = EventQueue()
        self.state = StateDesk(board)
        self.chains = Chains(board.cipher, self.state.pages, now_ms, self.events)
        if papers.chains is not None:
            self.chains.install(papers.chains, now_ms)
            self.events.emit("unit.claimed", now_ms, {"chains": len(self.chains.names())})
        self.state.forget_old()
        self.state.settle()
        self.authority = Authority(board, self.name, str(config.unit["place"]), self.events)
        self.authority.load(papers.permit, papers.grants, now_ms)
        self.health = HealthService()
        outbox = Outbox(board.outbox.read, board.outbox.size_bytes, board.outbox.align_bytes)
        heartbeat_ms = int(config.link["heartbeat_ms"])
        self.telemetry = TelemetryService(self.name, self.state.boot, outbox, heartbeat_ms)
        self.stations = make_stations(board, config, self.authority.permit, self.events)
        self.presets = PresetDesk(self.state.pages, self.stations)
        self.tours = TourDesk(self.state.pages, self.stations, config, now_ms)
        self.ring = RingDesk(board, config, self.telemetry.boot, self.events)
        self.ledger = LedgerDesk(self.state.pages, self.stations, self.events, now_ms)
        self.scrubs = ScrubDesk(config, self.events, now_ms)
        self.commands = CommandService(self.name, board.keys, self.state.guard, self._decide)
        self.acts = Acts(self.stations, self.health, self.tours)
        self.acts.register(self.commands)
        self.ring.holds.register(self.commands)
        self.rounds = Rounds(board, self.stations, self.health, now_ms)
        self.rounds.scrubs, self.rounds.state = self.scrubs, self.state
        self.reporter = Reporter(self, config)
        self.turn_count = 0
        self._was_up = False
        self._judged_ms = -1  # when papers are judged next; -1 to judge sound again at once
        reason = board.watchdog.reset_reason()
        self.events.emit("unit.started", now_ms, {"boot": self.state.boot, "reason": reason})
        if self.state.crash_reason:
            self.events.emit("unit.crashed", now_ms, {"text": self.state.crash_reason})
            self.health.observe("unit.crashed", "", True, now_ms)
        self.post = Post(board, self.name, self.telemetry, self.commands, self.chains.anchor)

    def turn(self) -> int:
        """Make one turn; returns the monotonic time at which the next is due at the latest."""
        now_ms = self.board.clock.now_ms()
        self.turn_count += 1
        self.post.take(now_ms)
        if self._was_up and not self.telemetry.is_up:
            self._stop_domes(now_ms)
        self._was_up = self.telemetry.is_up
        due_ms = self.authority.step(now_ms, self.chains.least_utc_ms())
        if due_ms != self._judged_ms:
            self._judged_ms = due_ms
            self._apply_authority(now_ms)
        self._step_chains(now_ms)
        for station in self.stations:
            due_ms = min(due_ms, station.turn(self.ring, self.authority.is_armed, now_ms))
        due_ms = min(due_ms, self.ring.step(now_ms))
        is_armed = self.authority.is_armed
        due_ms = min(due_ms, self.ledger.step(self.ring, is_armed, self.board.clock, now_ms))
        due_ms = min(due_ms, self.scrubs.step(self.ring, self.ledger, self.board.clock, now_ms))
        due_ms = min(due_ms, self.rounds.step(self.authority, self.ring, self.telemetry, now_ms))
        self._tell_events(now_ms)
        due_ms = min(due_ms, self.reporter.step(now_ms))
        due_ms = min(due_ms, self.post.send(now_ms))
        self.presets.step()
        self.tours.step(self.board.clock, self._may_tour, now_ms)
        self.state.step()
        return due_ms

    def close(self) -> None:
        """Stop cleanly: domes stopped, sound off, ring sealed, events kept, goodbye said."""
        now_ms = self.board.clock.now_ms()
        for station in self.stations:
            station.close(self.ring, STOPPED, now_ms)
        self.events.emit("unit.stopped", now_ms, {})
        self.ring.settle(CLOSE_MS_MAX)
        self.ledger.close(self.ring, self.board.clock.now_ms())
        self._tell_events(self.board.clock.now_ms())
        self.post.close(CLOSE_MS_MAX)
        self.state.settle()
        for station in self.stations:
            station.release(self.board.clock.now_ms())
        for medium in (self.board.ring, self.board.outbox, self.board.state):
            medium.close()

    def abandon(self, reason: str) -> None:
        """End after a bug of ours: stop the domes, shut the gates, keep the reason."""
        now_ms = self.board.clock.now_ms()
        for station in self.stations:
            station.close(self.ring, STOPPED, now_ms)
            station.release(now_ms)
        self.state.store_crash(reason)

    def _decide(self, command: "Command") -> "Decision":
        """Ask the policy about a command with what holds at this moment."""
        camera = command.text("camera")
        return decide(
            command.role,
            command.act,
            self.authority.scheme_class(),
            command.purpose,
            self.authority.conditions(camera),
        )

    def _may_tour(self, camera: str) -> bool:
        """Ask the policy whether a dome may go on a tour by itself now."""
        scheme_class, words = self.authority.scheme_class(), self.authority.conditions(camera)
        return decide(OPERATOR, "ptz.tour", scheme_class, 1, words).is_allowed

    def _apply_authority(self, now_ms: int) -> None:
        """Tell each sound switch whether there is authority to hear, and under which chain."""
        for station in self.stations:
            if station.sound is None:
                continue
            against = self.authority.against_sound(station.name)
            grant = self.authority.grant(station.name)
            chain = "" if against or grant is None else "sound:" + grant.id
            is_allowed = chain != "" and self.chains.ratchet(chain) is not None
            station.sound.permit(is_allowed, against[0][0] if against else "C07", now_ms)
            station.sound_chain = chain if is_allowed else ""

    def _step_chains(self, now_ms: int) -> None:
        """Follow time with the key chains, and give the recorder what it seals with."""
        clock = self.board.clock
        moved = self.chains.step(clock, now_ms)
        if moved:
            self._judged_ms = -1
            self.state.forget_old()
        self.ring.open(self.chains, now_ms)
        recorder = self.ring.recorder
        if recorder is None:
            return
        for name in moved:
            recorder.set_epoch(name, self.chains.ratchet(name))
        quality = clock.utc_quality()
        recorder.set_time(clock.utc_ms() if quality != UTC_NONE else 0, quality, now_ms)

    def _stop_domes(self, now_ms: int) -> None:
        """The link is gone, and with it whoever was moving a dome."""
        for station in self.stations:
            if station.dome is not None:
                station.dome.stop(now_ms)

    def _tell_events(self, now_ms: int) -> None:
        """Give every event since the last turn to telemetry, with the wall clock of now."""
        clock = self.board.clock
        quality = clock.utc_quality()
        utc_ms = clock.utc_ms() if quality != UTC_NONE else 0
        for queue in self._event_queues():
            for name, happened_ms, fields in queue.take():
                then_ms = max(0, utc_ms - (now_ms - happened_ms)) if utc_ms else 0
                self.telemetry.event(name, happened_ms, then_ms, quality, dict(fields))

    def _event_queues(self) -> "list[EventQueue]":
        """List the queues of all services, in the order in which they are told."""
        queues = [self.events, self.commands.events]
        for station in self.stations:
            if station.dome is not None:
                queues.append(station.dome.events)
            if station.sound is not None:
                queues.append(station.sound.events)
        if self.ring.recorder is not None:
            queues.append(self.ring.recorder.events)
        queues += [self.health.events, self.telemetry.events]
        return queues
