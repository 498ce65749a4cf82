"""A serial line that goes bad is a fault with a life, and the heartbeat says how bad it is."""

from sim.world.world import World


def raised(site):
    """The dome faults that are active."""
    unit = site.unit
    return [row[0] for row in unit.health.active() if row[0].startswith("dome.")]


def test_a_bad_line_is_raised_and_cleared():
    world = World(5, "quiet")
    site = world.add_unit("unit-1")
    world.run(20_000)
    quality = site.unit.stations[0].line.bus.quality
    assert quality.verdict() == "good" and raised(site) == [], raised(site)
    site.line.noise_permille = 40
    world.run(40_000)
    assert quality.verdict() == "bad" and "dome.line_bad" in raised(site), raised(site)
    wrong = dict(quality.counts())
    assert wrong["line_unanswered"] and wrong["line_noise"], wrong
    site.line.noise_permille = 0
    world.run(150_000)  # at rest it is asked rarely, and the last 64 exchanges count
    assert quality.verdict() in {"good", "noisy"}, quality.verdict()
    assert "dome.line_bad" not in raised(site), raised(site)
