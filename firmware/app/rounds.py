"""Looks at everything twice a second and tells health what is there and what is not."""

from firmware.health.flow import FlowJudge
from firmware.health.picture import PictureJudge
from firmware.ptz.quality import BAD
from hal.api._typing import TYPE_CHECKING
from hal.api.clock import UTC_SYNCED

if TYPE_CHECKING:
    from firmware.app.authority import Authority
    from firmware.app.ring_desk import RingDesk
    from firmware.app.scrub_desk import ScrubDesk
    from firmware.app.state_desk import StateDesk
    from firmware.app.station import Station
    from firmware.health.service import HealthService
    from firmware.telemetry.service import TelemetryService
    from hal.api.board import Board

ROUND_MS = 500
SUPPLY_MV_MIN = 11_000
BOARD_MDEGC_MAX = 85_000
RING, LINK, OUTBOX, UNIT = "ring", "link", "outbox", ""


class Rounds:
    """The eyes of the health service.

    Args:
        board: its clock and sensors are looked at.
        stations: the cameras.
        health: is told.
        now_ms: monotonic time.
    """

    __slots__ = (
        "_board",
        "_due_ms",
        "_flows",
        "_health",
        "_judges",
        "_shed_count",
        "_stations",
        "scrubs",
        "state",
    )

    def __init__(
        self, board: "Board", stations: "list[Station]", health: "HealthService", now_ms: int
    ) -> None:
        self._board = board
        self._stations = stations
        self._health = health
        self._judges = {station.name: PictureJudge(station.name, now_ms) for station in stations}
        self._flows = {station.name: FlowJudge(station.name, now_ms) for station in stations}
        self._due_ms = now_ms
        self._shed_count = 0
        self.scrubs: ScrubDesk | None = None
        """Tells what can be read back; None while nobody reads."""
        self.state: StateDesk | None = None

    def step(
        self, authority: "Authority", ring: "RingDesk", telemetry: "TelemetryService", now_ms: int
    ) -> int:
        """Make a round when one is due; returns when the next step is due."""
        if now_ms < self._due_ms:
            return min(self._due_ms, self._health.step(now_ms))
        self._due_ms = now_ms + ROUND_MS
        for station in self._stations:
            self._look_at_camera(station, authority.is_armed, ring, now_ms)
            self._look_at_sound(station, now_ms)
        self._look_at_unit(authority, ring, telemetry, now_ms)
        return min(self._due_ms, self._health.step(now_ms))

    def _look_at_camera(
        self, station: "Station", is_armed: bool, ring: "RingDesk", now_ms: int
    ) -> None:
        """Judge picture, dome and recording of one camera."""
        name = station.name
        measures = station.ports.camera.measures()
        judged = self._judges[name].judge(measures, station.pictures.last_unit_ms, now_ms)
        pump, counts = station.pictures, station.ports.camera.counts()
        judged += self._flows[name].judge(counts, pump.last_unit_ms, pump.last_keyframe_ms, now_ms)
        for fault, subject, is_present in judged:
            self._health.observe(fault, subject, is_present, now_ms)
        if station.dome is not None:
            is_silent = station.has_line() and station.dome.is_silent()
            self._health.observe("dome.silent", name, is_silent, now_ms)
            self._health.observe("dome.line_lost", name, not station.has_line(), now_ms)
            is_bad = station.line is not None and station.line.bus.quality.verdict() == BAD
            self._health.observe("dome.line_bad", name, is_bad and not is_silent, now_ms)
            for fault, is_present in station.dome.watch.found():
                self._health.observe(fault, name, is_present, now_ms)
        is_due = is_armed and not station.is_withheld()
        is_idle = is_due and not ring.state(station.picture_stream).is_recording
        self._health.observe("not.recording", name, is_idle, now_ms)
        if self.scrubs is not None:
            is_low = self.scrubs.is_low(station.picture_stream)
            self._health.observe("ring.unreadable", name, is_low, now_ms)

    def _look_at_sound(self, station: "Station", now_ms: int) -> None:
        """Judge gate, indicator and flow of one microphone."""
        sound = station.sound
        if sound is None or station.sounds is None:
            return
        name = station.name
        self._health.observe("sound.gate_disagrees", name, sound.gate_disagrees(), now_ms)
        is_dark = sound.is_indicator_broken()
        self._health.observe("sound.indicator_broken", name, is_dark, now_ms)
        is_mute = sound.wants_sound() and not station.sounds.has_flow
        self._health.observe("microphone.lost", name, is_mute, now_ms)

    def _look_at_unit(
        self, authority: "Authority", ring: "RingDesk", telemetry: "TelemetryService", now_ms: int
    ) -> None:
        """Judge the medium, the papers, the link, the clock and the board."""
        recorder = ring.recorder
        readings = self._board.sensors.read()
        supply_mv, temp_mdegc = readings.supply_mv, readings.board_temp_mdegc
        shed_count = telemetry.outbox.shed_count
        rows = (
            ("disk.failed", RING, ring.is_failing()),
            ("disk.slow", RING, recorder is not None and recorder.is_slow),
            ("disk.full", RING, ring.is_full()),
            ("ring.preparing", RING, ring.is_preparing()),
            ("state.failed", UNIT, self.state is not None and self.state.is_late(now_ms)),
            ("disk.stuck", RING, recorder is not None and recorder.is_stuck),
            ("permit.missing", UNIT, not authority.is_armed),
            ("link.down", LINK, not telemetry.is_up),
            ("outbox.shedding", OUTBOX, shed_count > self._shed_count),
            ("clock.untrusted", UNIT, self._board.clock.utc_quality() < UTC_SYNCED),
            ("supply.low", UNIT, supply_mv is not None and supply_mv < SUPPLY_MV_MIN),
            ("board.hot", UNIT, temp_mdegc is not None and temp_mdegc > BOARD_MDEGC_MAX),
        )
        for fault, subject, is_present in rows:
            self._health.observe(fault, subject, is_present, now_ms)
        self._shed_count = shed_count
