"""Tells the CMC who the unit is and how it is: birth, heartbeat and stills."""

from firmware.health.catalogue import FAULTS
from firmware.policy.rules import policy_hash
from firmware.telemetry.heartbeat import (
    COUNTER_COUNT_MAX,
    FAULT_COUNT_MAX,
    CameraState,
    FaultRow,
    Heartbeat,
)
from firmware.telemetry.messages import Birth, Still
from firmware.telemetry.presence import CameraInBirth
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.app.station import Station
    from firmware.app.unit import Unit
    from firmware.config.load import Config
    from firmware.ptz.hands import Hands

VERSION = "0.1.0"
NAME_LETTERS_MAX = 48
SOON_MS = 250


class Reporter:
    """Puts together what telemetry sends of a unit.

    Args:
        unit: what is told about.
        config: checked settings.
    """

    __slots__ = ("_kind", "_place", "_policy_hash", "_shown", "_still_due_ms", "_unit")

    def __init__(self, unit: "Unit", config: "Config") -> None:
        self._unit = unit
        self._kind = str(config.unit["kind"])
        self._place = str(config.unit["place"])
        self._policy_hash = policy_hash(unit.board.cipher)
        self._shown: list[tuple[object, ...]] = []
        self._still_due_ms: dict[str, int] = {}

    def step(self, now_ms: int) -> int:
        """Give telemetry what is due; returns when to ask again at the latest."""
        telemetry = self._unit.telemetry
        shown = [_shown(station) for station in self._unit.stations]
        if shown != self._shown:
            self._shown = shown
            telemetry.changed()
        if telemetry.is_birth_due():
            telemetry.put_birth(self._birth())
        if telemetry.is_heartbeat_due(now_ms):
            telemetry.put_heartbeat(self._heartbeat(now_ms), now_ms)
        for station in self._unit.stations:
            self._still(station, now_ms)
        return now_ms + SOON_MS

    def _birth(self) -> Birth:
        """Say who the unit is."""
        unit = self._unit
        clock = unit.board.clock
        birth = Birth()
        birth.version = VERSION
        birth.utc_ms = clock.utc_ms()
        birth.utc_quality = clock.utc_quality()
        birth.kind = self._kind
        birth.scheme_class = unit.authority.scheme_class()
        birth.policy_hash = self._policy_hash
        birth.command_sequence_next = unit.state.guard.floor()
        permit = unit.authority.permit
        if permit is not None:
            birth.place = self._place
            birth.permit_id = permit.id
            birth.permit_ends_utc_ms = permit.expires_utc_ms()
        birth.cameras = [_camera_in_birth(station) for station in unit.stations]
        return birth

    def _heartbeat(self, now_ms: int) -> Heartbeat:
        """Say how the unit is."""
        unit = self._unit
        clock = unit.board.clock
        readings = unit.board.sensors.read()
        heartbeat = Heartbeat()
        heartbeat.utc_ms = clock.utc_ms()
        heartbeat.utc_quality = clock.utc_quality()
        heartbeat.command_sequence_next = unit.state.guard.floor()
        heartbeat.is_armed = unit.authority.is_armed
        heartbeat.supply_mv = readings.supply_mv
        heartbeat.board_temp_mdegc = readings.board_temp_mdegc
        heartbeat.cameras = [self._camera_state(station, now_ms) for station in unit.stations]
        heartbeat.fill_permille = max(camera.fill_permille for camera in heartbeat.cameras)
        held = [camera.oldest_utc_ms for camera in heartbeat.cameras if camera.oldest_utc_ms]
        heartbeat.oldest_utc_ms = min(held) if held else 0
        heartbeat.faults = [
            FaultRow(FAULTS[name].number, subject, max(0, now_ms - since_ms), state)
            for name, subject, since_ms, state in unit.health.active()
        ][:FAULT_COUNT_MAX]
        heartbeat.counters = self._counters()
        return heartbeat

    def _camera_state(self, station: "Station", now_ms: int) -> CameraState:
        """Say how one camera is."""
        recorded = self._unit.ring.state(station.picture_stream)
        state = CameraState(station.name)
        state.is_recording = recorded.is_recording
        state.oldest_utc_ms = recorded.oldest_utc_ms
        state.fill_permille = recorded.fill_permille
        state.is_withheld = station.is_withheld()
        share = self._unit.scrubs.shares.get(station.picture_stream)
        if share is not None:
            state.readable_permille = share.permille
            state.readable_s = share.readable_s
            state.read_back_utc_ms = share.utc_ms
        if station.dome is not None:
            pan_cdeg, tilt_cdeg, zoom_permille, is_known = station.dome.position()
            state.dome_state = station.dome_state()
            state.pan_cdeg = pan_cdeg
            state.tilt_cdeg = tilt_cdeg
            state.zoom_permille = zoom_permille
            state.is_position_known = is_known
            _tell_hands(state, station.dome.hands, now_ms)
        if station.line is not None:
            state.line_verdict = station.line.bus.quality.verdict()
        if station.sound is not None:
            grant = self._unit.authority.grant(station.name)
            state.sound_state = station.sound.state
            state.sound_grant_id = grant.id if grant is not None else ""
        return state

    def _counters(self) -> "dict[str, int]":
        """List what was dropped, refused and tried again, by name."""
        unit = self._unit
        recorder = unit.ring.recorder
        counters = {
            "commands.accepted": unit.commands.accepted_count,
            "commands.refused": sum(unit.commands.counts.values()),
            "events.refused": unit.telemetry.refused_event_count,
            "link.lost": unit.post.lost_link_count,
            "messages.unread": unit.post.unread_count,
            "outbox.shed": unit.telemetry.outbox.shed_count,
            "presets.unstored": unit.presets.unstored_count,
            "tours.unscheduled": unit.tours.unscheduled_count,
            "tours.unstored": unit.tours.unstored_count,
            "ring.barriers": recorder.barrier_count if recorder is not None else 0,
            "ring.unreadable": unit.scrubs.lost_count,
            "ring.failures": recorder.failure_count if recorder is not None else 0,
            "state.failures": unit.state.pages.failed_count,
            "ring.expired": recorder.expired_count if recorder is not None else 0,
        }
        for station in unit.stations:
            counters[station.name + ".retries"] = station.pictures.retry_count()
            counters[station.name + ".dropped"] = station.ports.camera.dropped_count
            if station.dome is not None:
                counters[station.name + ".unanswered"] = station.dome.asking.missed_count
                counters[station.name + ".held_refused"] = station.dome.hands.hold.refused_count
        for station in unit.stations:
            _add_counts(counters, station)
        return counters

    def _still(self, station: "Station", now_ms: int) -> None:
        """Send a still of one camera when it is due or was asked for."""
        wanted = self._unit.acts.stills_wanted
        is_due = now_ms >= self._still_due_ms.get(station.name, 0)
        if not self._unit.telemetry.is_up or not (is_due or station.name in wanted):
            return
        self._still_due_ms[station.name] = now_ms + station.still_every_ms
        if not station.pictures.has_flow or not self._unit.authority.is_armed:
            return
        zones = station.still_zones(now_ms)
        jpeg = station.ports.camera.still(zones)
        if not jpeg:
            return
        wanted.discard(station.name)
        still = Still(jpeg=jpeg)
        still.now_ms = now_ms
        still.utc_ms = self._unit.board.clock.utc_ms()
        still.zone_count = len(zones)
        self._unit.telemetry.still(station.name, still)


def _add_counts(counters: "dict[str, int]", station: "Station") -> None:
    """Add what was wrong with a camera's pictures, as far as the heartbeat has room."""
    counts = station.ports.camera.counts()
    if station.ports.microphone is not None:
        counts["sound_dropped"] = station.ports.microphone.dropped_count
    if station.line is not None and station.line.bus.services[0] is station.dome:
        counts.update(station.line.bus.quality.counts())  # once, however many share the line
    for name, count in sorted(counts.items()):
        if count and len(counters) < COUNTER_COUNT_MAX:
            counters[station.name + "." + name] = count


def _shown_hands(hands: "Hands") -> "tuple[str, ...]":
    """Gather what of the hands on a dome is worth a heartbeat at once."""
    return hands.hold.person, hands.activity(), hands.dwell.debtor()


def _tell_hands(state: CameraState, hands: "Hands", now_ms: int) -> None:
    """Say who has a dome, what it does by itself, and whether somebody owes a reason."""
    free_ms = hands.hold.left_ms(now_ms)
    if free_ms:
        state.holder, state.holder_role, state.free_in_ms = (
            hands.hold.person,
            hands.hold.role,
            free_ms,
        )
    state.activity = hands.activity() or None
    state.debtor = hands.dwell.debtor()[:NAME_LETTERS_MAX] or None


def _camera_in_birth(station: "Station") -> CameraInBirth:
    """Say what one camera is."""
    camera = CameraInBirth(station.name)
    camera.has_dome = station.dome is not None
    camera.has_microphone = station.sound is not None
    if station.dome is not None and station.dome.hands.switches is not None:
        camera.switches = " ".join(station.dome.hands.switches.names())
    parameters = station.ports.camera.parameters()
    if parameters is not None:
        camera.width_px = parameters.width_px
        camera.height_px = parameters.height_px
    return camera


def _shown(station: "Station") -> "tuple[object, ...]":
    """Gather what a person at the page wants to see at once when it changes."""
    dome, sound = station.dome, station.sound
    return (
        dome.position() if dome is not None else None,
        _shown_hands(dome.hands) if dome is not None else None,
        station.dome_state(),
        sound.state if sound is not None else None,
        station.pictures.has_flow,
        station.is_withheld(),
    )
