"""Fits the services of each camera to its ports, by settings and permit."""

from firmware.app.dome_line import DomeLine
from firmware.app.station import Station
from firmware.config import wired
from firmware.policy.zones import AVOID, DOME, PICTURE
from firmware.ptz import dialects
from firmware.ptz.model import PtzSettings
from firmware.ptz.outline import slabs
from firmware.ptz.service import PtzService
from firmware.ptz.switches import Switches
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.buffers import EventQueue
    from firmware.config.load import CameraConfig, Config
    from firmware.policy.permit import Permit
    from hal.api.board import Board, CameraPorts
    from hal.api.serial import Serial

    Zone = tuple[int, int, int, int]


def make_stations(
    board: "Board", config: "Config", permit: "Permit | None", events: "EventQueue"
) -> "list[Station]":
    """Make one station for each camera of the board.

    Args:
        board: its cameras carry the names of the settings, in the same order.
        config: checked settings.
        permit: names the privacy zones; without one there are none and nothing is recorded.
        events: where the stations tell what their ports do.
    """
    assert len(board.cameras) == len(config.cameras)
    lines: list[DomeLine] = []
    return [
        _make_station(ports, camera, permit, events, lines)
        for ports, camera in zip(board.cameras, config.cameras)
    ]


def _make_station(
    ports: "CameraPorts",
    camera: "CameraConfig",
    permit: "Permit | None",
    events: "EventQueue",
    lines: "list[DomeLine]",
) -> Station:
    """Make the station of one camera; its dome joins the line of its port, made if need be."""
    name = str(camera.picture["name"])
    assert name == ports.name, name
    dome = line = None
    if camera.ptz is not None and ports.serial is not None:
        dome = PtzService(name, _dome_settings(camera, permit))
        names = wired.read(str(camera.ptz["switches"])) or {}
        dome.hands.switches = Switches(dome, str(camera.ptz["profile"]), names)
        line = _line_of(ports.serial, lines)
        line.bus.attach(dome)
    sound = None
    if camera.sound is not None and ports.microphone is not None:
        from firmware.audio.service import SoundService  # noqa: PLC0415 - most boards are deaf

        sound = SoundService(name, is_fitted=True)
    station = Station(ports, dome, sound, events, line)
    if permit is not None and dome is None:
        station.fixed_zones = [
            zone.rectangle for zone in permit.zones(name, PICTURE) if zone.rectangle is not None
        ]
    station.still_every_ms = int(camera.picture["still_every_ms"])
    station.clock.change_ms = int(camera.picture["clock_step_ms"])
    return station


def _line_of(serial: "Serial", lines: "list[DomeLine]") -> DomeLine:
    """Find the line of a port that another camera has too, or make it."""
    for line in lines:
        if line.serial is serial:
            return line
    lines.append(DomeLine(serial))
    return lines[-1]


def _dome_settings(camera: "CameraConfig", permit: "Permit | None") -> PtzSettings:
    """Turn the settings of a dome, and the zones of its permit, into those of the service."""
    ptz = camera.ptz or {}
    settings = PtzSettings(int(ptz["address"]), int(ptz["baud"]), bool(ptz["replies"]))
    settings.protocol = str(ptz["protocol"])
    settings.has_turbo = bool(ptz["turbo"])
    dialects.apply(settings, str(ptz["profile"]))
    if "replies" in camera.given:
        settings.has_replies = bool(ptz["replies"])
    if "pacing_ms" in camera.given:
        settings.pacing_ms = int(ptz["pacing_ms"])
    settings.lease_ms = int(ptz["lease_ms"])
    settings.query_ms = int(ptz["query_ms"])
    settings.home_preset = int(ptz["home_preset"])
    settings.is_upside_down = bool(ptz["upside_down"])
    settings.pan_is_inverted = bool(ptz["invert_pan"])
    settings.tilt_is_inverted = bool(ptz["invert_tilt"])
    settings.zoom_is_inverted = bool(ptz["invert_zoom"])
    settings.focus_is_inverted = bool(ptz["invert_focus"])
    if permit is not None:
        zones: list[Zone] = []
        fences: list[Zone] = []
        for zone in permit.zones(str(camera.picture["name"]), DOME):
            parts = slabs(zone.outline)
            if zone.rectangle is not None:
                left, low, right, high = zone.rectangle
                parts = [(left, right, low, high)]
            zones += parts
            fences += parts if zone.rule == AVOID else []
        settings.zones, settings.fences = tuple(zones), tuple(fences)
    return settings
