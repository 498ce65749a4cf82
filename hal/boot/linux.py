"""Runs a site gateway on Linux: makes the ports that its settings name, and turns the unit."""

import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.app import supervisor
from firmware.app.unit import Papers, Unit
from firmware.cbor.decode import loads
from firmware.config.load import CameraConfig, Config
from firmware.errors import ConfigError, RemoteProtocolError
from firmware.keys.ratchet import MAP_EPOCH, MAP_SECRET
from hal.api.board import Board, CameraPorts
from hal.api.digital import Digital
from hal.api.errors import PortError
from hal.boot.late import AbsentLine, LateBlocks
from hal.linux.blocks import ALIGN_BYTES, FileBlocks, create
from hal.linux.camera import StreamCamera
from hal.linux.cipher import KernelEntropy, OpenSslCipher
from hal.linux.clock import SystemClock
from hal.linux.digital import FileLine, SessionGate
from hal.linux.keys import FileKeys, write_keys
from hal.linux.link import MqttLink
from hal.linux.microphone import TrackMicrophone
from hal.linux.mqtt_url import Tls
from hal.linux.rtsp.camera import RtspCamera
from hal.linux.rtsp.microphone import RtspMicrophone
from hal.linux.sensors import SysfsSensors
from hal.linux.serial import SerialLine
from hal.linux.sound_card import CardMicrophone
from hal.linux.wake import Wake
from hal.linux.watchdog import SystemdWatchdog

if TYPE_CHECKING:
    from firmware.cbor.encode import Value

LOG = logging.getLogger("lamppost")
STATE_BYTES = 64 << 10
SESSION = "session"
RTSP_SCHEMES = ("rtsp", "rtsps")
OWN_UDP, LIBAV = "own-udp", "libav"
FILE = "file:"
CLAIM_KEYS, CLAIM_PUBLIC, CLAIM_CHAINS = 2, 3, 4
EXIT_CLEAN, EXIT_BUG = 0, 70


def run(config: Config, folder: Path) -> int:
    """Run a gateway until SIGTERM or SIGINT.

    Args:
        config: checked settings.
        folder: that the settings' paths are relative to.

    Returns:
        the exit code: 0 after a clean stop, 70 after a bug of ours. Settings that name what this
        machine cannot have are a ConfigError, a medium or key file that cannot be used a
        PortError; then nothing was started.
    """
    state = folder / str(config.unit["state_dir"])
    wake = Wake()
    signals: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        signals.append(number)
        wake.notify()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    claim_name = str(config.unit["claim"])
    chains = take_claim(state, claim_name)
    watchdog = SystemdWatchdog(str(state / "running"))
    board = make_board(config, folder, wake, watchdog)
    unit = Unit(board, config, Papers(*_papers(config, state), chains))
    forget_claim(state, claim_name)
    LOG.info("unit %s is up, boot %d", unit.name, unit.telemetry.boot)
    reason = supervisor.run(unit, lambda: bool(signals))
    if reason:
        LOG.error("the unit ended by a bug of ours: %s", reason)
        return EXIT_BUG
    watchdog.note_request()
    LOG.info("unit %s stopped cleanly", unit.name)
    return EXIT_CLEAN


def make_board(config: Config, folder: Path, wake: Wake, watchdog: SystemdWatchdog) -> Board:
    """Make every port that the settings name."""
    state = folder / str(config.unit["state_dir"])
    link = config.link
    files = [str(link[key]) for key in ("ca_file", "certificate_file", "key_file")]
    tls = Tls(*[str(folder / name) if name else "" for name in files])
    ring_path = state / str(config.ring["file"])
    ring_bytes = int(config.ring["size_bytes"]) // ALIGN_BYTES * ALIGN_BYTES
    return Board(
        clock=SystemClock(),
        wake=wake,
        cipher=OpenSslCipher(),
        keys=FileKeys(str(state / "keys.cbor")),
        entropy=KernelEntropy(),
        sensors=SysfsSensors(),
        watchdog=watchdog,
        link=MqttLink(str(link["url"]), wake, tls if any(files) else None),
        ring=LateBlocks(str(ring_path), lambda: open_medium(ring_path, ring_bytes, wake)),
        state=open_medium(state / "state.pages", STATE_BYTES, wake),
        outbox=open_medium(state / "outbox.pages", int(config.ring["outbox_bytes"]), wake),
        cameras=_all_camera_ports(config, folder, wake),
    )


def open_medium(path: Path, size_bytes: int, wake: Wake) -> FileBlocks:
    """Open a medium, and make it first where there is none."""
    if not path.exists():
        create(str(path), size_bytes)
    return FileBlocks(str(path), wake)


def take_claim(state: Path, name: str) -> "Value":
    """Take over what a claim brings: keys to their file, chains to the caller.

    Args:
        state: the unit's state folder.
        name: of the claim's file in it.

    Returns:
        {chain: {1: epoch, 2: secret}}, or None when there is no claim to take.

    Raises:
        ConfigError: the file is no claim.
    """
    path = state / name
    if not path.exists():
        return None
    try:
        claim = loads(path.read_bytes())
        found = claim if isinstance(claim, dict) else {}
        keys, public = _by_id(found.get(CLAIM_KEYS)), _by_id(found.get(CLAIM_PUBLIC))
        chains = found.get(CLAIM_CHAINS)
    except RemoteProtocolError as error:
        raise ConfigError([f"{path}: is no claim ({error}); claim the unit again"]) from error
    if not keys or not public or not isinstance(chains, dict):
        raise ConfigError([f"{path}: lacks keys or chains; claim the unit again"])
    write_keys(str(state / "keys.cbor"), keys, public)
    return {
        chain: {MAP_EPOCH: value[0], MAP_SECRET: value[1]}
        for chain, value in chains.items()
        if isinstance(value, list)
    }


def forget_claim(state: Path, name: str) -> None:
    """Wipe and delete the claim: its chains are in the unit's state now, and step on from here."""
    path = state / name
    if path.exists():
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def _by_id(found: "Value") -> dict[bytes, bytes]:
    """Take the pairs of bytes out of a map."""
    pairs = found.items() if isinstance(found, dict) else ()
    return {
        key: value for key, value in pairs if isinstance(key, bytes) and isinstance(value, bytes)
    }


def _papers(config: Config, state: Path) -> tuple[bytes, dict[str, bytes]]:
    """Read permit and grants; a file that is not there is no authority."""
    permit = state / str(config.unit["permit"])
    grants = {
        str(camera.picture["name"]): state / str(camera.sound["grant"])
        for camera in config.cameras
        if camera.sound is not None
    }
    return (
        permit.read_bytes() if permit.exists() else b"",
        {name: path.read_bytes() for name, path in grants.items() if path.exists()},
    )


def _all_camera_ports(config: Config, folder: Path, wake: Wake) -> list[CameraPorts]:
    """Make the ports of every camera; domes that share a line share its port."""
    lines: dict[str, SerialLine] = {}
    found: list[CameraPorts] = []
    for camera in config.cameras:
        ports = _camera_ports(camera, folder, wake)
        if camera.ptz is not None:
            serial = str(camera.ptz["serial"])
            path = serial if "://" in serial else str(folder / serial)
            if path not in lines:
                lines[path] = SerialLine(path, int(camera.ptz["baud"]), wake)
            ports.serial = lines[path]
        found.append(ports)
    return found


def _camera_ports(camera: CameraConfig, folder: Path, wake: Wake) -> CameraPorts:
    """Make the ports of one camera."""
    name = str(camera.picture["name"])
    url = str(camera.picture["source"])
    if url.startswith(FILE):
        url = FILE + str((folder / url.removeprefix(FILE)).resolve())
    ingest = str(camera.picture["ingest"])
    is_own = ingest != LIBAV and url.split(":", 1)[0] in RTSP_SCHEMES
    is_udp = ingest == OWN_UDP
    source = RtspCamera(url, wake, is_udp=is_udp) if is_own else StreamCamera(url, wake)
    ports = CameraPorts(name, source)
    if camera.sound is not None:
        heard = str(camera.sound["source"])
        microphone: RtspMicrophone | TrackMicrophone | CardMicrophone
        if heard != "track":
            microphone = CardMicrophone(heard.partition(":")[2], wake)
        elif is_own:
            microphone = RtspMicrophone(url, wake, is_udp=is_udp)
        else:
            microphone = TrackMicrophone(url, wake)
        ports.microphone = microphone
        ports.gate, ports.indicator = _gate(camera.sound, name, folder, microphone)
    return ports


def _gate(
    sound: dict[str, int | str | bool],
    camera: str,
    folder: Path,
    microphone: RtspMicrophone | TrackMicrophone | CardMicrophone,
) -> tuple[Digital, Digital]:
    """Make the gate of a microphone and the indicator that shows it.

    The lamp hangs on the gate's own relay, so only its level is read; with "session" both are the
    session itself, which is all that a camera without a relay has.
    """
    session = SessionGate(f"{camera} sound session", microphone)
    if sound["gate"] == SESSION:
        return session, session
    drive, back, lamp = (
        str(folder / str(sound[key]).removeprefix(FILE))
        for key in ("gate", "read_back", "indicator")
    )
    gate = _line(f"{camera} sound gate", drive, back)
    if sound["indicator"] == SESSION:
        return gate, gate
    return gate, _line(f"{camera} sound indicator", os.devnull, lamp)


def _line(name: str, drive: str, back: str) -> Digital:
    """Make a line; one that cannot be driven stays low and says why when it is asked for more."""
    try:
        return FileLine(name, drive, back)
    except PortError as trouble:
        LOG.warning("%s", trouble)
        return AbsentLine(name, trouble)
