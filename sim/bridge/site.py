"""One simulated site: its cameras, domes, relays and servers, started and stopped together."""

import asyncio
import json
import os
import time
from collections.abc import Callable

from sim.bridge.control import ControlServer, RefusedError, Tree
from sim.bridge.lines import PtyLine
from sim.bridge.pictures import DrawnCamera, PictureSource
from sim.bridge.relays import GateFiles
from sim.bridge.rtsp import RtspServer
from sim.bridge.settings import REPLIES, RTSP, BridgeSettings, CameraSettings
from sim.bridge.snapshots import SnapshotFile
from sim.bridge.streams import CameraStream
from sim.devices.dome import Dome
from sim.devices.dome_answers import FROZEN, MUTE, TRUE

RELAY_GAP_S = 0.02
MOTION_STANDARD = 0x01
MS_PER_S = 1000


class SiteCamera:
    """Everything of one camera.

    Args:
        settings: what to offer.
        site: where files go.
        loop: where pictures are fanned out.
    """

    def __init__(
        self,
        settings: CameraSettings,
        site: BridgeSettings,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.settings = settings
        self.folder = site.folder / settings.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.line: PtyLine | None = None
        if settings.address:
            dome = Dome(settings.address, REPLIES[settings.replies])
            self.line = PtyLine(self.folder / "pty", dome, settings.baud)
        self.drawn = DrawnCamera(settings, self.look)
        self.gate = GateFiles(self.folder) if settings.has_microphone else None
        self.snapshot: SnapshotFile | None = None
        self.stream: CameraStream | None = None
        self._loop = loop
        if settings.kind == RTSP:
            self.stream = CameraStream(PictureSource(settings, self.drawn, self._fan), self.gate)
        else:
            self.snapshot = SnapshotFile(self.folder / "frame.jpg", self.drawn)

    def look(self) -> tuple[int, int, int]:
        """Tell where the camera looks: with its dome, or where it was fixed."""
        if self.line is None:
            return self.settings.pan_cdeg, self.settings.tilt_cdeg, 0
        return self.line.look()

    def where(self, rtsp_port: int) -> Tree:
        """Tell where a program finds this camera's ports."""
        found: Tree = {"kind": self.settings.kind}
        if self.line is not None:
            found["serial"] = str(self.line.link.absolute())
            found["baud"] = self.settings.baud
            found["address"] = self.settings.address
        if self.stream is not None:
            found["rtsp"] = f"rtsp://127.0.0.1:{rtsp_port}/{self.settings.name}"
        if self.snapshot is not None:
            found["frame"] = str(self.snapshot.path.absolute())
        if self.gate is not None:
            found["gate"] = str(self.gate.gate.absolute())
            found["gate_read_back"] = str(self.gate.read_back.absolute())
            found["indicator"] = str(self.gate.lamp.absolute())
        return found

    def state(self) -> Tree:
        """Tell the truth about this camera."""
        pan_cdeg, tilt_cdeg, zoom_permille = self.look()
        told: Tree = {
            "pan_cdeg": pan_cdeg,
            "tilt_cdeg": tilt_cdeg,
            "zoom_permille": zoom_permille,
            "is_moving": False,
            "is_frozen": self.drawn.faults.is_frozen,
            "is_off": self.drawn.faults.is_off,
        }
        if self.line is not None:
            dome = self.line.dome
            told["is_moving"] = dome.is_moving
            told["is_deaf"] = dome.is_deaf
            told["frame_count"] = dome.frame_count
            told["junk_count"] = dome.junk_count
            told["noise_permille"] = self.line.noise_permille
        if self.gate is not None:
            told["gate"] = self.gate.relay.get()
            told["indicator"] = self.gate.indicator.get()
        if self.stream is not None:
            told["client_count"] = self.stream.viewer_count
            told["picture_count"] = self.stream.source.made_count
            told["late_count"] = self.stream.source.late_count
            told["dropped_client_count"] = self.stream.dropped_client_count
        if self.snapshot is not None:
            told["picture_count"] = self.snapshot.made_count
        return told

    def close(self) -> None:
        """Stop the camera's threads and let go of its files."""
        if self.stream is not None:
            self.stream.source.close()
        if self.snapshot is not None:
            self.snapshot.close()
        if self.line is not None:
            self.line.close()
        if self.gate is not None:
            self.gate.close()

    def _fan(self, units: list[bytes], timestamp: int) -> None:
        """Hand a picture from its thread to the loop; one made while closing is dropped."""
        if self.stream is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._fan_here, units, timestamp)

    def _fan_here(self, units: list[bytes], timestamp: int) -> None:
        if self.stream is not None:
            self.stream.fan_picture(units, timestamp)


class Site:
    """All cameras of one bridge, and the servers that show them.

    Args:
        settings: what to offer.
    """

    def __init__(self, settings: BridgeSettings) -> None:
        self.settings = settings
        self.cameras: dict[str, SiteCamera] = {}
        self._rtsp: RtspServer | None = None
        self._control = ControlServer(self._ask, self.set_fault)
        self._relays: asyncio.Task[None] | None = None

    async def start(self) -> Tree:
        """Start everything; returns what was written to bridge.json."""
        loop = asyncio.get_running_loop()
        self.settings.folder.mkdir(parents=True, exist_ok=True)
        for camera in self.settings.cameras:
            self.cameras[camera.name] = SiteCamera(camera, self.settings, loop)
        streams = {
            name: camera.stream
            for name, camera in self.cameras.items()
            if camera.stream is not None
        }
        self._rtsp = RtspServer(streams)
        await self._rtsp.start(self.settings.rtsp_port)
        await self._control.start(self.settings.control_port)
        self._relays = asyncio.create_task(self._run_relays())
        found: Tree = {
            "pid": os.getpid(),
            "control": f"http://127.0.0.1:{self._control.port}",
            "cameras": {
                name: camera.where(self._rtsp.port) for name, camera in self.cameras.items()
            },
        }
        path = self.settings.folder / "bridge.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
        new.replace(path)
        return found

    async def close(self) -> None:
        """Stop everything; bridge.json goes, so that nobody takes a dead bridge for a live one."""
        (self.settings.folder / "bridge.json").unlink(missing_ok=True)
        if self._relays is not None:
            self._relays.cancel()
            await asyncio.gather(self._relays, return_exceptions=True)
        await self._control.close()
        if self._rtsp is not None:
            await self._rtsp.close()
        for camera in self.cameras.values():
            camera.close()

    def set_fault(self, name: str, fault: str, value: object) -> None:
        """Switch a fault of one camera on or off.

        Args:
            name: the camera.
            fault: dome_deaf, dome_flips, dome_encoder_frozen, dome_encoder_mute,
                line_noise_permille, camera_frozen, camera_off, relay_stuck or indicator_broken.
            value: true or false; 0 to 1000 for noise; true, false or null (free) for the relay.

        Raises:
            RefusedError: no such camera, fault or value.
        """
        camera = self._camera(name)
        switches = _switches(camera)
        if fault not in switches:
            raise RefusedError(
                f"{name}: {fault!r} is no fault of it; there are {sorted(switches)}"
            )
        is_number = fault == "line_noise_permille"
        good = {True, False, None} if fault == "relay_stuck" else {True, False}
        if is_number and (not isinstance(value, int) or not 0 <= value <= MS_PER_S):
            raise RefusedError(f"{name}: {fault}: {value!r} is out of range; give 0 to 1000")
        if not is_number and not any(value is one for one in good):
            raise RefusedError(f"{name}: {fault}: {value!r} is no level; give true or false")
        switches[fault](value)

    def _camera(self, name: str) -> SiteCamera:
        if name not in self.cameras:
            raise RefusedError(f"{name!r} is no camera here; there are {sorted(self.cameras)}")
        return self.cameras[name]

    def _ask(self, parts: list[str]) -> Tree:
        if not parts:
            now_ms = time.monotonic_ns() // 1_000_000
            states = {name: camera.state() for name, camera in self.cameras.items()}
            return {"now_ms": now_ms, "cameras": states}
        camera = self._camera(parts[-1])
        if parts[0] == "frames" and camera.line is not None:
            return {"frames": [_frame(heard) for heard in list(camera.line.frames)]}
        if parts[0] == "requests" and camera.stream is not None:
            return {"requests": [asked._asdict() for asked in list(camera.stream.log)]}
        raise RefusedError(f"{'/'.join(parts)}: no such thing; there are frames/ and requests/")

    async def _run_relays(self) -> None:
        while True:
            await asyncio.sleep(RELAY_GAP_S)
            for camera in self.cameras.values():
                if camera.gate is not None:
                    camera.gate.step(int(RELAY_GAP_S * MS_PER_S))


def _frame(heard: "tuple[int, int, bytes]") -> Tree:
    now_ms, utc_ms, frame = heard
    is_motion = len(frame) > 3 and not frame[3] & MOTION_STANDARD  # noqa: PLR2004
    return {"now_ms": now_ms, "utc_ms": utc_ms, "frame": frame.hex(), "is_motion": is_motion}


def _switches(camera: SiteCamera) -> "dict[str, Callable[[object], None]]":
    """Name the faults that this camera can have, and how each is switched."""
    faults = camera.drawn.faults

    def turn_off(value: object) -> None:
        faults.is_off = bool(value)
        if value and camera.stream is not None:
            camera.stream.part_all()

    switches: dict[str, Callable[[object], None]] = {
        "camera_frozen": lambda value: setattr(faults, "is_frozen", value),
        "camera_off": turn_off,
    }
    line, gate = camera.line, camera.gate
    if line is not None:
        switches["dome_deaf"] = lambda value: setattr(line.dome, "is_deaf", value)
        switches["dome_flips"] = lambda value: setattr(line.dome, "flips", value)
        for how in (FROZEN, MUTE):
            switches["dome_encoder_" + how] = _encoder_switch(line.dome, how)
        switches["line_noise_permille"] = lambda value: setattr(line, "noise_permille", value)
    if gate is not None:
        switches["relay_stuck"] = lambda value: setattr(gate.relay, "stuck_at", value)
        switches["indicator_broken"] = lambda value: setattr(gate.indicator, "is_broken", value)
    return switches


def _encoder_switch(dome: Dome, how: str) -> "Callable[[object], None]":
    return lambda value: dome.answers.lose_encoder(how if value else TRUE)
