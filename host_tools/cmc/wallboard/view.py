"""What the page is told of one unit: the fleet's knowledge as plain JSON."""

from firmware.health import catalogue
from firmware.health.meanings import MEANINGS
from firmware.telemetry import codes
from firmware.telemetry.heartbeat import CameraState, Heartbeat
from host_tools.cmc.fleet import Fleet, StillView, UnitView
from host_tools.cmc.store import Store

QUALITIES = ("not set", "kept", "synchronised", "proven")
KNOWN_FAULTS = {fault.number: fault for fault in catalogue.FAULTS.values()}
UNKNOWN_MEANING = ("a fault that this page does not know", "", "", "")
EVENT_COUNT = 8
Json = dict[str, object]


def fleet_json(fleet: Fleet) -> Json:
    """Tell the state of everything in a few bytes; sent every second and at each change."""
    with fleet.lock:
        now_ms = fleet.now_ms()
        return {
            "utc_ms": fleet.utc_ms(),
            "broker_up": fleet.is_broker_up,
            "broker_age_ms": now_ms - fleet.broker_since_ms,
            "malformed": fleet.malformed_count,
            "unknown": fleet.unknown,
            "urgent": fleet.urgent_footage,
            "units": [
                {
                    "unit": view.name,
                    "state": fleet.state_of(view),
                    "heard_age_ms": now_ms - view.heard_ms if view.heard_ms >= 0 else -1,
                    "reason": view.farewell.reason if view.farewell else "",
                }
                for view in fleet.units.values()
            ],
        }


def unit_json(fleet: Fleet, view: UnitView, store: Store) -> Json:
    """Tell all that is known of one unit; sent when something of it changed."""
    events = [_event(row) for row in store.events(view.name, EVENT_COUNT)]
    gap_count = store.gap_count(view.name)
    with fleet.lock:
        birth, heartbeat = view.birth, view.heartbeat
        now_ms = fleet.now_ms()
        return {
            "unit": view.name,
            "kind": view.kind,
            "place": view.place,
            "responsible": view.responsible,
            "boot": birth.boot if birth else 0,
            "version": birth.version if birth else "",
            "scheme_class": birth.scheme_class if birth else "",
            "permit_id": birth.permit_id if birth else "",
            "permit_ends_utc_ms": birth.permit_ends_utc_ms if birth else 0,
            "now": _heartbeat(heartbeat) if heartbeat else None,
            "cameras": _cameras(view, now_ms),
            "faults": _faults(heartbeat),
            "events": events,
            "counts": {
                "events stored": view.event_stored_count,
                "events sent twice": view.event_duplicate_count,
                "events out of turn": view.event_ahead_count,
                "events given up": gap_count,
                "heartbeats lost": view.heartbeat_lost_count,
                "heartbeats late": view.heartbeat_old_count,
                "malformed": view.malformed_count,
                "boot went back": view.boot_back_count,
            },
        }


def _heartbeat(heartbeat: Heartbeat) -> Json:
    return {
        "utc_ms": heartbeat.utc_ms,
        "clock": QUALITIES[heartbeat.utc_quality],
        "clock_quality": heartbeat.utc_quality,
        "waiting": heartbeat.waiting_count,
        "armed": heartbeat.is_armed,
        "fill_permille": heartbeat.fill_permille,
        "oldest_utc_ms": heartbeat.oldest_utc_ms,
        "supply_mv": heartbeat.supply_mv,
        "board_temp_mdegc": heartbeat.board_temp_mdegc,
        "counters": heartbeat.counters,
    }


def _cameras(view: UnitView, now_ms: int) -> list[Json]:
    states = {state.name: state for state in view.heartbeat.cameras} if view.heartbeat else {}
    named = [camera.name for camera in view.birth.cameras] if view.birth else []
    fitted = {camera.name: camera for camera in view.birth.cameras} if view.birth else {}
    names = [*named, *(name for name in states if name not in fitted)]
    cameras: list[Json] = []
    for name in names:
        camera = fitted.get(name)
        entry: Json = {
            "name": name,
            "has_dome": bool(camera and camera.has_dome),
            "has_microphone": bool(camera and camera.has_microphone),
            "switches": (camera.switches or "").split() if camera else [],
            "still": _still(view.stills.get(name), now_ms),
        }
        state = states.get(name)
        if state is not None:
            entry.update(_camera_state(state))
        cameras.append(entry)
    return cameras


def _camera_state(state: CameraState) -> Json:
    return {
        "recording": state.is_recording,
        "withheld": state.is_withheld,
        "fill_permille": state.fill_permille,
        "oldest_utc_ms": state.oldest_utc_ms,
        "dome": state.dome_state,
        "pan_cdeg": state.pan_cdeg,
        "tilt_cdeg": state.tilt_cdeg,
        "zoom_permille": state.zoom_permille,
        "position_known": bool(state.is_position_known),
        "holder": state.holder,
        "holder_role": state.holder_role,
        "free_in_ms": state.free_in_ms,
        "activity": state.activity,
        "debtor": state.debtor,
        "sound": state.sound_state,
        "grant": state.sound_grant_id,
    }


def _still(still: StillView | None, now_ms: int) -> Json | None:
    if still is None:
        return None
    return {
        "number": still.number,
        "age_ms": now_ms - still.received_ms,
        "utc_ms": still.utc_ms,
        "zones": still.zone_count,
    }


def _faults(heartbeat: Heartbeat | None) -> list[Json]:
    if heartbeat is None:
        return []
    faults: list[Json] = []
    for row in heartbeat.faults:
        fault = KNOWN_FAULTS.get(row.number)
        meaning, _, first_try, _ = MEANINGS[fault.name] if fault else UNKNOWN_MEANING
        faults.append(
            {
                "code": row.number,
                "name": fault.name if fault else f"fault {row.number}",
                "meaning": meaning,
                "severity": fault.severity if fault else "",
                "remedy": first_try,
                "subject": row.subject,
                "age_ms": row.age_ms,
                "state": row.state,
            }
        )
    return faults


def _event(row: tuple[int, int, int, int, str]) -> Json:
    boot, sequence, code, utc_ms, fields = row
    return {
        "boot": boot,
        "sequence": sequence,
        "name": codes.name_of(code),
        "utc_ms": utc_ms,
        "fields": fields,
    }
