"""Every simulated device keeps the promises of its port, under virtual time."""

from hal.api.link import Message
from hal.conformance import blocks as blocks_checks
from hal.conformance import board as board_checks
from hal.conformance import cipher as cipher_checks
from hal.conformance import clock as clock_checks
from hal.conformance import digital as digital_checks
from hal.conformance import link as link_checks
from hal.conformance import media as media_checks
from hal.conformance import wake as wake_checks
from sim.devices import curve
from sim.devices.blocks import SimBlocks
from sim.devices.broker import Broker
from sim.devices.camera import ScriptedCamera
from sim.devices.chance import Chance
from sim.devices.cipher import SimCipher, SimKeys
from sim.devices.clock import SimClock
from sim.devices.coded import CodedCamera
from sim.devices.digital import SimRelay
from sim.devices.link import SimLink
from sim.devices.medium import Medium
from sim.devices.microphone import SimMicrophone
from sim.devices.sensors import SimSensors
from sim.devices.street import Street
from sim.devices.timeline import Timeline
from sim.devices.wake import SimWake
from sim.devices.watchdog import SimWatchdog

SEED = 7


class Virtual:
    """A world whose time passes when a check says so."""

    def __init__(self):
        self.timeline = Timeline()
        self.clock = SimClock(self.timeline)

    def now_ms(self):
        return self.timeline.now_ms()

    def pause(self, span_ms):
        self.timeline.run_until(self.timeline.now_ms() + span_ms)


def run(module, kind, make, *leave_out):
    """Run every check of a module whose name begins so, each on a fresh device."""
    names = [name for name in dir(module) if name.startswith(f"check_{kind}")]
    assert names, kind
    for name in names:
        if name not in leave_out:
            getattr(module, name)(*make())


class BlocksWorld(Virtual):
    def __init__(self):
        super().__init__()
        self.medium = Medium(1 << 20)
        self.blocks = self.reopen()

    def reopen(self):
        self.blocks = SimBlocks(self.timeline, self.medium, "card", Chance(SEED, "card"))
        return self.blocks

    def hold(self):
        self.blocks.faults.is_held = True

    def release(self):
        self.blocks.faults.is_full = self.blocks.faults.is_failing = False
        self.blocks.release()

    def fail(self, code):
        self.blocks.faults.is_full = code == "port.full"
        self.blocks.faults.is_failing = code == "port.failed"


def test_blocks():
    def make():
        world = BlocksWorld()
        return world.blocks, world

    run(blocks_checks, "blocks", make)


def test_clock():
    def make():
        world = Virtual()
        return world.clock, world

    run(clock_checks, "clock", make)


class LinkWorld(Virtual):
    def __init__(self):
        super().__init__()
        self.broker = Broker(self.timeline, Chance(SEED, "broker"))
        self.told = []
        self.broker.client("#", self.told.append)

    def cut(self):
        self.broker.partition(link_checks.CLIENT_ID, True)

    def mend(self):
        self.broker.partition(link_checks.CLIENT_ID, False)

    def send(self, topic, payload):
        self.broker.publish(Message(topic, payload, 1))

    def heard(self):
        heard = [(message.topic, message.payload) for message in self.told]
        self.told.clear()
        return heard


def test_link():
    def make():
        world = LinkWorld()
        world.broker.faults.keep_alive_ms = 5_000
        return SimLink(world.broker), world

    run(link_checks, "link", make)


class RelayWorld(Virtual):
    def __init__(self):
        super().__init__()
        self.relay = SimRelay(self.timeline, "gate")

    def force(self, level):
        self.relay.stuck_at = level


def test_digital():
    def make():
        world = RelayWorld()
        return world.relay, world

    run(digital_checks, "digital", make)


class MediaWorld(Virtual):
    def __init__(self):
        super().__init__()
        self.microphone = SimMicrophone(self.clock, "microphone")

    def sound_count(self):
        return self.microphone.open_count


def test_scripted_camera():
    def make():
        world = MediaWorld()
        return ScriptedCamera(world.clock, "camera"), world

    run(media_checks, "camera", make)


def test_coded_camera():
    def make():
        world = MediaWorld()
        return CodedCamera(world.clock, "camera", Street(SEED, 160, 90), lambda: (0, 0, 0)), world

    run(media_checks, "camera", make)


def test_microphone():
    worlds = []

    def make():
        worlds.append(MediaWorld())
        return worlds[-1].microphone, worlds[-1]

    run(media_checks, "microphone", make)
    assert sum(world.microphone.stray_sample_count for world in worlds) == 0
    assert sum(world.microphone.sample_count for world in worlds) > 0


def test_absent_media_say_so():
    for make in (ScriptedCamera, SimMicrophone):
        world = Virtual()
        port = make(world.clock, "camera")
        port.is_absent = True
        media_checks.check_media_absent_is_told(port, world)


class WakeWorld(Virtual):
    def __init__(self):
        super().__init__()
        self.wake = SimWake(self.timeline)

    def stir_in(self, delay_ms):
        self.timeline.after(delay_ms, self.wake.poke)


def test_wake():
    def make():
        world = WakeWorld()
        return world.wake, world

    run(wake_checks, "wake", make)


def test_sensors_and_watchdog():
    world = Virtual()
    board_checks.check_sensors_give_integers_in_range(SimSensors(), world)
    board_checks.check_watchdog_is_fed_without_a_word(SimWatchdog(world.timeline), world)


def test_cipher():
    # The simulator's suite is its own, so the published records of the real suites stay closed.
    run(
        cipher_checks,
        "cipher",
        lambda: (SimCipher(),),
        "check_cipher_opens_both_suites_where_it_may",
    )
    cipher_checks.check_entropy_is_fresh(Chance(SEED, "entropy"))


def test_keys():
    keys = SimKeys()
    keys.mac_keys[b"cmc"] = b"secret"
    keys.public_keys[b"authority"] = curve.public_key(5)
    cipher_checks.check_keys_are_named(
        keys, SimCipher(), b"cmc", b"secret", b"authority", curve.public_key(5)
    )
