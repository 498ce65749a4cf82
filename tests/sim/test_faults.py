"""Each fault of a simulated device does what its model says, and the same for the same seed."""

from hal.api.errors import PortFailed, PortFull, PortLost
from hal.api.link import ACKED, DOWN, MESSAGE, UP, Message
from sim.devices.blocks import SimBlocks
from sim.devices.broker import Broker, matches
from sim.devices.camera import ScriptedCamera
from sim.devices.chance import Chance
from sim.devices.clock import SimClock
from sim.devices.digital import SimIndicator, SimRelay
from sim.devices.link import SimLink
from sim.devices.medium import Medium
from sim.devices.microphone import SimMicrophone
from sim.devices.timeline import Timeline
from sim.devices.watchdog import SimWatchdog

PAGE = 4096
EVERY_PPM = 1_000_000


def card(seed=7):
    timeline = Timeline()
    return timeline, SimBlocks(timeline, Medium(1 << 20), "card", Chance(seed, "card"))


def cut_image(seed):
    """Cut the power after one safe page and seven unsafe ones; returns what is left."""
    timeline, blocks = card(seed)
    blocks.submit_write(0, b"\x01" * PAGE)
    blocks.submit_barrier()
    timeline.run_until(100)
    for index in range(1, 8):
        blocks.submit_write(index * PAGE, bytes([index + 1]) * PAGE)
    timeline.run_until(101)
    blocks.power_cut()
    return blocks.medium.read(0, 8 * PAGE)


def test_chance_is_the_same_everywhere_and_streams_are_their_own():
    assert Chance(7, "x").bits() == 16425705620740073513
    assert Chance(7, "x").bits() != Chance(7, "y").bits()
    draws = [Chance(7, "even").stream(str(index)).below(6) for index in range(600)]
    assert set(draws) == set(range(6))


def test_a_power_cut_keeps_what_a_barrier_covered_and_some_of_the_rest():
    whole, nothing, torn = 0, 0, 0
    for seed in range(60):
        image = cut_image(seed)
        assert image[:PAGE] == b"\x01" * PAGE, seed
        assert cut_image(seed) == image, seed
        for index in range(1, 8):
            page = image[index * PAGE : (index + 1) * PAGE]
            for start in range(0, PAGE, 512):
                sector = set(page[start : start + 512])
                assert sector in ({0}, {index + 1}), (seed, index, start)
            torn += len(set(page)) == 2
        whole += 0 not in image
        nothing += not any(image[PAGE:])
    assert whole and nothing and torn, (whole, nothing, torn)


def test_a_lost_barrier_is_told_as_done():
    for seed in range(20):
        timeline, blocks = card(seed)
        blocks.faults.lost_barrier_ppm = EVERY_PPM
        blocks.submit_write(0, b"\x01" * PAGE)
        blocks.submit_barrier()
        timeline.run_until(100)
        assert [code for _, code in blocks.poll()] == ["", ""]
        blocks.power_cut()
        if not any(blocks.medium.read(0, PAGE)):
            return
    raise AssertionError("twenty lost barriers lost nothing")


def test_a_failing_medium_tells_its_code_and_refuses_to_read():
    timeline, blocks = card()
    blocks.faults.is_failing = True
    blocks.submit_write(0, bytes(PAGE))
    blocks.submit_barrier()
    timeline.run_until(100)
    assert [code for _, code in blocks.poll()] == [PortFailed.code] * 2
    try:
        blocks.read(0, PAGE)
    except PortFailed as error:
        assert "card" in str(error)
    else:
        raise AssertionError("it was read")


def test_full_and_gone_media_say_so():
    timeline, blocks = card()
    blocks.faults.is_full = True
    blocks.submit_write(0, bytes(PAGE))
    timeline.run_until(100)
    assert blocks.poll() == [(1, PortFull.code)]
    blocks.faults.is_gone = True
    for call in (blocks.poll, blocks.submit_barrier, lambda: blocks.submit_write(0, bytes(PAGE))):
        try:
            call()
        except PortLost as error:
            assert "card" in str(error)
        else:
            raise AssertionError("it answered")


def test_a_slow_flush_takes_its_time():
    timeline, blocks = card()
    blocks.faults.slow_flush_ppm = EVERY_PPM
    blocks.submit_barrier()
    timeline.run_until(blocks.faults.slow_flush_ms - 1)
    assert blocks.poll() == []
    timeline.run_until(blocks.faults.slow_flush_ms)
    assert blocks.poll() == [(1, "")]


def test_rot_turns_one_bit_and_a_misdirected_write_lands_elsewhere():
    timeline, blocks = card()
    blocks.faults.rot_ppm = EVERY_PPM
    blocks.submit_write(0, bytes(PAGE))
    blocks.submit_barrier()
    timeline.run_until(100)
    found = blocks.read(0, PAGE)
    assert sum(octet.bit_count() for octet in found) == 1 == blocks.rotten_bit_count
    timeline, blocks = card()
    blocks.faults.misdirected_ppm = EVERY_PPM
    blocks.submit_write(0, b"\x01" * PAGE)
    timeline.run_until(100)
    whole = blocks.read(0, blocks.size_bytes)
    assert whole.count(1) == PAGE and whole[:PAGE] != b"\x01" * PAGE
    assert blocks.misdirected_count == 1


def test_topic_filters():
    cases = (
        ("#", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a", "a/b", False),
    )
    for topic_filter, topic, want in cases:
        assert matches(topic_filter, topic) is want, (topic_filter, topic)


class Talk:
    """A link that is up, and what it told."""

    def __init__(self):
        self.timeline = Timeline()
        self.broker = Broker(self.timeline, Chance(7, "broker"))
        self.told = []
        self.heard = []
        self.broker.client("out/#", self.heard.append)
        self.link = SimLink(self.broker)
        self.link.open("unit", Message("out/state", b"will"), ["in/#"])
        self.run(200)
        assert (UP, 0, None, "") in self.told

    def run(self, span_ms):
        self.timeline.run_until(self.timeline.now_ms() + span_ms)
        self.told += self.link.poll()

    def count(self, kind):
        return len([news for news in self.told if news[0] == kind])


def test_a_duplicate_is_delivered_twice_and_a_forgotten_message_is_acknowledged():
    talk = Talk()
    talk.broker.faults.duplicate_ppm = EVERY_PPM
    talk.broker.publish(Message("in/x", b"1", 1))
    talk.run(500)
    assert talk.count(MESSAGE) == 2
    talk.broker.faults.forget_ppm = EVERY_PPM
    assert talk.link.publish(Message("out/x", b"2", 1)) > 0
    talk.run(500)
    assert talk.count(ACKED) == 1 and talk.heard == []
    assert talk.broker.forgotten_count == 1


def test_loss_drops_qos_0_and_breaks_the_connection_at_qos_1():
    talk = Talk()
    talk.broker.faults.loss_ppm = EVERY_PPM
    talk.link.publish(Message("out/x", b"0", 0))
    talk.run(500)
    assert talk.count(DOWN) == 0 and talk.heard == []
    talk.link.publish(Message("out/x", b"1", 1))
    talk.run(500)
    assert talk.count(DOWN) == 1 and talk.count(ACKED) == 0


def test_a_partition_is_noticed_by_keep_alive_alone_and_then_mended():
    talk = Talk()
    talk.broker.partition("unit", True)
    talk.run(talk.broker.faults.keep_alive_ms - 1)
    assert talk.count(DOWN) == 0
    talk.run(2)
    assert talk.count(DOWN) == 1
    assert [message.payload for message in talk.heard] == [b"will"]
    talk.broker.partition("unit", False)
    talk.run(120_000)
    assert talk.count(UP) == 2


def test_a_killed_broker_resets_at_once_and_may_forget_what_was_retained():
    talk = Talk()
    talk.broker.publish(Message("in/kept", b"k", 1, True))
    talk.broker.kill(keeps_retained=False)
    talk.run(0)
    assert talk.count(DOWN) == 1 and talk.broker.retained == {}
    assert talk.link.publish(Message("out/x", b"x")) == 0
    talk.broker.start()
    talk.run(120_000)
    assert talk.count(UP) == 2


def test_the_wall_clock_steps_drifts_and_is_lost_while_the_other_only_counts():
    timeline = Timeline()
    clock = SimClock(timeline)
    timeline.run_until(1_000)
    clock.step(-5_000)
    assert clock.utc_ms() == clock.true_utc_ms() - 5_000 and clock.now_ms() == 1_000
    clock.run_at(100)
    timeline.run_until(1_001_000)
    assert clock.utc_ms() == clock.true_utc_ms() - 5_000 + 100
    clock.restart(has_battery=False)
    assert (clock.utc_ms(), clock.utc_quality(), clock.now_ms()) == (0, 0, 0)


def test_a_stuck_relay_and_a_broken_indicator_are_read_as_they_are():
    timeline = Timeline()
    relay = SimRelay(timeline, "gate")
    lamp = SimIndicator(relay, "lamp")
    relay.set(True)
    assert not relay.get(), "contacts need their time"
    timeline.run_until(relay.travel_ms)
    assert relay.get() and lamp.get()
    lamp.is_broken = True
    assert relay.get() and not lamp.get()
    relay.stuck_at = True
    relay.set(False)
    timeline.run_until(100)
    assert relay.get(), "welded"


def test_the_microphone_counts_what_was_asked_of_a_dead_gate():
    timeline = Timeline()
    relay = SimRelay(timeline, "gate")
    microphone = SimMicrophone(SimClock(timeline), "sound", relay)
    microphone.open()
    timeline.run_until(250)
    assert microphone.dark_sample_count == 1_600
    microphone.close()
    timeline.run_until(2_000)
    assert microphone.sample_count == 1_600 and microphone.stray_sample_count == 0


def test_a_camera_that_stops_says_lost_and_can_be_opened_again():
    timeline = Timeline()
    camera = ScriptedCamera(SimClock(timeline), "camera")
    camera.open()
    camera.lose()
    try:
        camera.read()
    except PortLost as error:
        assert "camera" in str(error)
    else:
        raise AssertionError("it went on")
    camera.close()
    camera.open()
    timeline.run_until(2_000)
    unit = camera.read()
    assert unit is not None and unit.is_keyframe


def test_the_dog_bites_when_it_is_not_fed():
    timeline = Timeline()
    bites = []
    dog = SimWatchdog(timeline, lambda: bites.append(timeline.now_ms()))
    dog.arm(2_000)
    timeline.run_until(1_500)
    dog.feed()
    timeline.run_until(10_000)
    assert bites == [3_500] and dog.bite_count == 1 and dog.reset_reason() == "watchdog"
