"""The set of ports that one kind of hardware offers."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.blocks import Blocks
    from hal.api.camera import Camera
    from hal.api.cipher import Cipher, Entropy, Keys
    from hal.api.clock import Clock
    from hal.api.digital import Digital
    from hal.api.link import Link
    from hal.api.microphone import Microphone
    from hal.api.sensors import Sensors
    from hal.api.serial import Serial
    from hal.api.wake import Wake
    from hal.api.watchdog import Watchdog


class CameraPorts:
    """The ports of one camera.

    Args:
        name: the camera's name in the configuration, such as "dome-1".
        camera: its pictures.
        serial: the line to its dome; None for a fixed camera.
        microphone: its sound; None where none is fitted.
        gate: drives the microphone's supply or relay; None where there is no microphone.
        indicator: lit while the gate is open; None where there is no microphone.
    """

    __slots__ = ("camera", "gate", "indicator", "microphone", "name", "serial")

    def __init__(
        self,
        name: str,
        camera: "Camera",
        serial: "Serial | None" = None,
        microphone: "Microphone | None" = None,
        gate: "Digital | None" = None,
        indicator: "Digital | None" = None,
    ) -> None:
        self.name = name
        self.camera = camera
        self.serial = serial
        self.microphone = microphone
        self.gate = gate
        self.indicator = indicator


class Board:
    """Everything a unit runs on; filled by `hal.boot` or `sim.world`.

    `ring`, `state` and `outbox` are three media: footage; the unit's small durable state; and
    telemetry that waits for the link. `footage_bytes_max` is how much footage of all cameras may
    be in memory; beyond it pictures are left out.
    """

    __slots__ = (
        "cameras",
        "cipher",
        "clock",
        "entropy",
        "footage_bytes_max",
        "keys",
        "link",
        "outbox",
        "ring",
        "sensors",
        "state",
        "wake",
        "watchdog",
    )

    def __init__(
        self,
        clock: "Clock",
        wake: "Wake",
        cipher: "Cipher",
        keys: "Keys",
        entropy: "Entropy",
        sensors: "Sensors",
        watchdog: "Watchdog",
        link: "Link",
        ring: "Blocks",
        state: "Blocks",
        outbox: "Blocks",
        cameras: "list[CameraPorts]",
        footage_bytes_max: int = 64 << 20,
    ) -> None:
        self.clock = clock
        self.wake = wake
        self.cipher = cipher
        self.keys = keys
        self.entropy = entropy
        self.sensors = sensors
        self.watchdog = watchdog
        self.link = link
        self.ring = ring
        self.state = state
        self.outbox = outbox
        self.cameras = cameras
        self.footage_bytes_max = footage_bytes_max
