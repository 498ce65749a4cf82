"""What a camera gets wrong reaches the heartbeat and becomes a fault, in a whole unit."""

from firmware.telemetry import messages
from sim.world.world import World


def faults_of(site):
    return {name for name, _, _, _ in site.unit.health.active()}


def test_counts_of_a_camera_become_faults_and_clear_and_stand_in_the_heartbeat():
    world = World(7, "quiet")
    site = world.add_unit("unit-1")
    world.run(20_000)
    assert not faults_of(site) & {"picture.broken", "picture.no_keyframe", "picture.times_jump"}
    for second in range(15):
        site.camera.wrong_counts = {"damaged": second + 1, "jumps": 2, "reordered": 0}
        world.run(1_000)
    assert {"picture.broken", "picture.times_jump"} <= faults_of(site)
    counters = site.unit.reporter._counters()
    assert counters[site.camera.name + ".damaged"] == 15
    assert counters[site.camera.name + ".jumps"] == 2
    assert site.camera.name + ".reordered" not in counters, "what is 0 is not sent"
    heartbeat = messages.encode(site.unit.reporter._heartbeat(0))
    assert messages.decode_heartbeat(heartbeat).counters == counters
    world.run(120_000)
    states = {name: state for name, _, _, state in site.unit.health.active()}
    assert states["picture.broken"] == states["picture.times_jump"] == "cleared"


def test_a_minute_without_a_keyframe_is_a_fault_while_recording_goes_on():
    world = World(7, "quiet")
    site = world.add_unit("unit-1")
    world.run(20_000)
    site.camera._group_count = 1 << 30
    world.run(45_000)
    assert "picture.no_keyframe" not in faults_of(site)
    world.run(30_000)
    assert "picture.no_keyframe" in faults_of(site)
    before = site.unit.ring.state(site.camera.name + "/picture").recorded_bytes
    world.run(20_000)
    state = site.unit.ring.state(site.camera.name + "/picture")
    assert state.is_recording and state.recorded_bytes > before
    site.camera._group_count = 5
    world.run(20_000)
    states = {name: state for name, _, _, state in site.unit.health.active()}
    assert states["picture.no_keyframe"] == "cleared"
