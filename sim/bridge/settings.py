"""What the bridge shall offer: read from a file, or the demo site."""

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sim.devices.dome import GENERAL, SILENT, STANDARD

RTSP, SNAPSHOT = "rtsp", "snapshot"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
BAUDS = (1200, 2400, 4800, 9600, 19200)
REPLIES = {"silent": SILENT, "general": GENERAL, "standard": STANDARD}


class BridgeRefusedError(Exception):
    """The settings cannot be used; the text has a line for every fault."""


@dataclass
class CameraSettings:
    """One camera of the site.

    Args:
        name: what it is called in paths and URLs.
        kind: "rtsp", or "snapshot" for one that replaces a JPEG file.
        address: Pelco-D address of its dome, 1 to 255; 0 for a fixed camera.
        baud: of its serial line.
        replies: what its dome says: "silent", "general" or "standard".
        has_microphone: whether it has sound, with gate, read-back and indicator.
        width_px: of its pictures, even.
        height_px: of its pictures, even.
        pictures_per_s: 1 to 30; a snapshot camera takes two.
        seed: decides the street.
        pan_cdeg: where a fixed camera looks.
        tilt_cdeg: where a fixed camera looks, positive up.
    """

    name: str
    kind: str = RTSP
    address: int = 0
    baud: int = 2400
    replies: str = "general"
    has_microphone: bool = False
    width_px: int = 640
    height_px: int = 360
    pictures_per_s: int = 10
    seed: int = 7
    pan_cdeg: int = 0
    tilt_cdeg: int = -900


@dataclass
class BridgeSettings:
    """What the bridge offers.

    Args:
        folder: where links, files and bridge.json are made.
        rtsp_port: 0 for any free one.
        control_port: 0 for any free one.
        cameras: at least one.
    """

    folder: Path
    rtsp_port: int = 0
    control_port: int = 0
    cameras: list[CameraSettings] = field(default_factory=list[CameraSettings])


def demo_site(folder: Path) -> BridgeSettings:
    """Offer a dome, a fixed camera with a microphone, and the dome of a redeployable unit."""
    return BridgeSettings(
        folder,
        cameras=[
            CameraSettings("dome-1", address=1),
            CameraSettings("yard-2", has_microphone=True, seed=11, pan_cdeg=5500, tilt_cdeg=-1100),
            CameraSettings("post-3", SNAPSHOT, address=1, width_px=320, height_px=240, seed=23),
        ],
    )


def load(path: Path) -> BridgeSettings:
    """Read settings from TOML or JSON.

    Raises:
        BridgeRefusedError: it cannot be read, or names what there is not; all faults at once.
    """
    try:
        text = path.read_text("utf-8")
        tree = cast(
            "dict[str, Any]", json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        )
    except (OSError, ValueError) as error:
        raise BridgeRefusedError(f"{path}: cannot be read as settings: {error}") from error
    faults = [
        f"{path}: {key}: no such setting; there are folder, rtsp_port, control_port, camera"
        for key in tree
        if key not in {"folder", "rtsp_port", "control_port", "camera"}
    ]
    folder = path.parent / str(tree.get("folder", "bridge"))
    settings = BridgeSettings(
        folder,
        _port(tree, "rtsp_port", faults),
        _port(tree, "control_port", faults),
    )
    for index, table in enumerate(cast("list[dict[str, Any]]", tree.get("camera", []))):
        settings.cameras.append(_camera(table, f"{path}: camera {index + 1}", faults))
    names = [camera.name for camera in settings.cameras]
    if not names:
        faults.append(f"{path}: camera: there is none; add a [[camera]] table")
    if len(names) != len(set(names)):
        faults.append(f"{path}: camera: two have the same name in {names}; rename one")
    if faults:
        raise BridgeRefusedError("\n".join(faults))
    return settings


def _port(tree: dict[str, Any], key: str, faults: list[str]) -> int:
    value = tree.get(key, 0)
    if isinstance(value, int) and value in range(65536):
        return value
    faults.append(f"{key}: {value!r} is no port; give 0 (any) to 65535")
    return 0


def _camera(table: dict[str, Any], where: str, faults: list[str]) -> CameraSettings:
    camera = CameraSettings(str(table.get("name", "")))
    for key, value in table.items():
        if not hasattr(camera, key):
            known = ", ".join(vars(camera))
            faults.append(f"{where}: {key}: no such setting; there are {known}")
        elif type(value) is not type(getattr(camera, key)):
            kind = type(getattr(camera, key)).__name__
            faults.append(f"{where}: {key}: {value!r} is not of kind {kind}; give one")
        else:
            setattr(camera, key, value)
    faults.extend(f"{where}: {fault}" for fault in _faults(camera))
    return camera


def _faults(camera: CameraSettings) -> list[str]:
    """Tell what of one camera is out of its range."""
    rules = (
        (NAME.fullmatch(camera.name), "name", "1 to 32 of a-z 0-9 -"),
        (camera.kind in {RTSP, SNAPSHOT}, "kind", '"rtsp" or "snapshot"'),
        (camera.address in range(256), "address", "1 to 255, or 0 for a fixed camera"),
        (camera.baud in BAUDS, "baud", f"one of {BAUDS}"),
        (camera.replies in REPLIES, "replies", f"one of {tuple(REPLIES)}"),
        (camera.width_px in range(64, 1921, 2), "width_px", "an even number, 64 to 1920"),
        (camera.height_px in range(64, 1081, 2), "height_px", "an even number, 64 to 1080"),
        (camera.pictures_per_s in range(1, 31), "pictures_per_s", "1 to 30"),
        (camera.tilt_cdeg in range(-9000, 1501), "tilt_cdeg", "-9000 to 1500"),
    )
    return [
        f"{key}: {getattr(camera, key)!r} is out of range; give {want}"
        for is_good, key, want in rules
        if not is_good
    ]
