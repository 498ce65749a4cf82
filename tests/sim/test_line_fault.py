"""A serial line that goes bad is a fault with a life, and the heartbeat says how bad it is."""

from sim.world.world import World

BAD = "dome.line_bad"


def state_of(site, fault):
    """Where a fault is in its life; "" when it was never there."""
    states = [state for name, _, _, state in site.unit.health.active() if name == fault]
    return states[0] if states else ""


def test_a_bad_line_is_raised_and_cleared():
    world = World(5, "quiet")
    site = world.add_unit("unit-1")
    world.run(20_000)
    quality = site.unit.stations[0].line.bus.quality
    assert quality.verdict() == "good" and state_of(site, BAD) == ""
    site.line.noise_permille = 40
    world.run(40_000)
    assert quality.verdict() == "bad" and state_of(site, BAD) == "raised"
    wrong = dict(quality.counts())
    assert wrong["line_unanswered"] and wrong["line_noise"], wrong
    site.line.noise_permille = 0
    world.run(150_000)  # at rest it is asked rarely, and the last 64 exchanges count
    assert quality.verdict() in {"good", "noisy"}, quality.verdict()
    assert state_of(site, BAD) == "cleared", state_of(site, BAD)
