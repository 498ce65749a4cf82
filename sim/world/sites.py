"""One simulated unit: what survives its power cuts, and how it is started on it.

`boot` is the only place where the simulator meets the core: it hands `firmware.app.unit.Unit` a
board of simulated ports.
"""

from collections.abc import Callable

from firmware.app.unit import Unit
from firmware.config.load import Config, load
from hal.api.board import Board, CameraPorts
from sim.devices.blocks import SimBlocks
from sim.devices.broker import Broker
from sim.devices.camera import ScriptedCamera
from sim.devices.chance import Chance
from sim.devices.cipher import SimCipher, SimKeys
from sim.devices.clock import SimClock
from sim.devices.digital import SimIndicator, SimRelay
from sim.devices.dome import Dome
from sim.devices.line import SimLine, SimSerial
from sim.devices.link import SimLink
from sim.devices.medium import Medium
from sim.devices.microphone import SimMicrophone
from sim.devices.sensors import SimSensors
from sim.devices.timeline import Timeline
from sim.devices.wake import SimWake
from sim.devices.watchdog import SimWatchdog
from sim.world.centre import KEY_ID, SimCentre
from sim.world.papers import PLACE, SimAuthority

CAMERA = "dome-1"
RING_BYTES, STATE_BYTES, OUTBOX_BYTES = 16 << 20, 64 << 10, 1 << 20
WATCHDOG_MS = 10_000
BOOT_MS = 2_000
REPLY_MS = 35


class WorldClock(SimClock):
    """The world's own time: never restarted, so that a line and its dome outlive a boot."""


class RebasedSerial:
    """A line whose times are those of the present boot, as a port's are.

    Args:
        port: the line's own end, in the time of the world.
        clock: the unit's clock.
    """

    def __init__(self, port: SimSerial, clock: SimClock) -> None:
        self.name = port.name
        self.write_count = 0
        self.open = port.open
        self.close = port.close
        self.is_open = port.is_open
        self.read = port.read
        self.set_last_words = port.set_last_words
        self._port = port
        self._clock = clock

    def write(self, data: bytes) -> int:
        """Queue bytes to be sent."""
        self.write_count += 1
        return self._port.write(data)

    def busy_until_ms(self) -> int:
        """When the last bit written leaves, in milliseconds of this boot."""
        return self._port.busy_until_ms() - self._clock.world_ms(0)


class SimSite:
    """One unit with a dome and a microphone, its media, and its CMC.

    Args:
        timeline: the true time of the world.
        broker: the way to the CMC.
        name: the unit's name.
        chance: the seed's stream of this unit.
        picture_gap_ms: from one picture to the next; long runs take a long one.
    """

    def __init__(
        self,
        timeline: Timeline,
        broker: Broker,
        name: str,
        chance: Chance,
        picture_gap_ms: int = 1_000,
    ) -> None:
        self.name = name
        self.timeline = timeline
        self.clock = SimClock(timeline)
        self.chance = chance
        self.dome = Dome(1)
        self.line = SimLine(
            WorldClock(timeline), 2400, name + "/line", chance.stream("line").below
        )
        self.line.attach(self.dome)
        self.relay = SimRelay(timeline, name + "/gate")
        self.indicator = SimIndicator(self.relay, name + "/indicator")
        self.sensors = SimSensors()
        self.watchdog = SimWatchdog(timeline, self._on_bite)
        self.link = SimLink(broker, "sim://broker", self.poke)
        self.camera = ScriptedCamera(self.clock, CAMERA, picture_gap_ms, on_news=self.poke)
        self.microphone = SimMicrophone(self.clock, CAMERA, self.relay, self.poke)
        self.media = {
            part: SimBlocks(timeline, Medium(size), part, chance.stream(part), self.poke)
            for part, size in (
                ("ring", RING_BYTES), ("state", STATE_BYTES), ("outbox", OUTBOX_BYTES)
            )
        }  # fmt: skip
        self.keys = SimKeys()
        self.keys.mac_keys[KEY_ID] = chance.stream("secret").random(32)
        self.centre = SimCentre(broker, name, self.keys.mac_keys[KEY_ID])
        authority = SimAuthority(chance.stream("authority"))
        self.keys.public_keys[b"authority"] = authority.public_key
        utc_ms = self.clock.true_utc_ms()
        self._papers = authority.papers(name, CAMERA, utc_ms, chance.stream("chains"))
        self._config = _config(name)
        self.unit: Unit | None = None
        self.boot_count = 0
        self.turn_count = 0
        self.on_turn: Callable[[], None] = _nothing
        """Called after each turn; the world hangs its checkers here."""
        self._wake = SimWake(timeline)
        self._serial: RebasedSerial | None = None
        self._planned: int | None = None
        self._planned_ms = 0
        self._is_turning = False

    def boot(self) -> None:
        """Start the core on what the media hold."""
        self.boot_count += 1
        self._wake = SimWake(self.timeline)
        self._serial = RebasedSerial(self.line.port(), self.clock)
        camera = CameraPorts(
            CAMERA, self.camera, self._serial, self.microphone, self.relay, self.indicator
        )
        board = Board(
            clock=self.clock,
            wake=self._wake,
            cipher=SimCipher(),
            keys=self.keys,
            entropy=self.chance.stream(f"entropy-{self.boot_count}"),
            sensors=self.sensors,
            watchdog=self.watchdog,
            link=self.link,
            ring=self.media["ring"],
            state=self.media["state"],
            outbox=self.media["outbox"],
            cameras=[camera],
        )
        self._is_turning = True
        self.unit = Unit(board, self._config, self._papers)
        self._is_turning = False
        self.watchdog.arm(WATCHDOG_MS)
        self._plan(self.timeline.now_ms())

    def power_cut(self) -> None:
        """Take the power away at this instant."""
        self.unit = None
        self.link.power_cut()
        self.camera.close()
        self.microphone.close()
        self.relay.power_cut()
        self.line.port().close()
        self.watchdog.restart("power")
        for medium in self.media.values():
            medium.power_cut()
        if self._planned is not None:
            self.timeline.cancel(self._planned)
            self._planned = None

    def power_on(self) -> None:
        """Give the power back; the core starts after the boot loader's time."""
        self.clock.restart(has_battery=True)
        for medium in self.media.values():
            medium.power_on()
        self.timeline.after(BOOT_MS, self.boot)

    def shut_down(self) -> None:
        """Stop cleanly, as a person would."""
        if self.unit is not None:
            self._is_turning = True
            self.unit.close()
            self._is_turning = False
            self.unit = None

    def poke(self) -> None:
        """A device has something: end a wait, and let a turn come now."""
        self._wake.poke()
        if self.unit is not None and not self._is_turning:
            self._plan(self.timeline.now_ms())

    def _plan(self, when_ms: int) -> None:
        """Plan the next turn; an earlier one already planned stands."""
        if self._planned is not None:
            if self._planned_ms <= when_ms:
                return
            self.timeline.cancel(self._planned)
        self._planned_ms = when_ms
        self._planned = self.timeline.at(when_ms, self._turn)

    def _turn(self) -> None:
        self._planned = None
        unit = self.unit
        if unit is None:
            return
        written_count = self._serial.write_count if self._serial is not None else 0
        self._is_turning = True
        due_ms = unit.turn()
        self._is_turning = False
        self.turn_count += 1
        self.watchdog.feed()
        now_ms = self.timeline.now_ms()
        self._plan(max(self.clock.world_ms(due_ms), now_ms + 1))
        if self._serial is not None and self._serial.write_count != written_count:
            answered_ms = self.line.port().busy_until_ms() + REPLY_MS
            self.timeline.at(answered_ms, self.poke)
        self.on_turn()

    def _on_bite(self) -> None:
        self.power_cut()
        self.watchdog.restart("watchdog")
        self.power_on()


def _nothing() -> None:
    pass


def _config(name: str) -> Config:
    """Give the settings of a simulated unit; slow rhythms, so that a day is quick."""
    return load(
        {
            "unit": {"name": name, "place": PLACE["name"]},
            "link": {"url": "mqtt://broker", "heartbeat_ms": 60_000},
            "ring": {
                "size_bytes": RING_BYTES, "segment_bytes": 256 << 10, "outbox_bytes": OUTBOX_BYTES
            },
            "camera": [
                {
                    "name": CAMERA,
                    "source": "rtsp://camera",
                    "still_every_ms": 600_000,
                    "ptz": {"serial": "line", "query_ms": 60_000},
                    "sound": {"grant": "grant.cose"},
                }
            ],
        }
    )  # fmt: skip
