"""`python -m sim.world`: run a seed and print what came of it."""

import argparse
import sys
import time

from sim.world.checks import BrokenRuleError
from sim.world.faults import DAY_MS, SCENARIOS
from sim.world.world import World

EXIT_BROKEN = 1


def main() -> int:
    """Run one world and print its trace hash."""
    parser = argparse.ArgumentParser(prog="python -m sim.world", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="0 and up; decides everything")
    parser.add_argument("--days", type=float, default=1.0, help="virtual days to run")
    parser.add_argument("--units", type=int, default=1, help="how many units")
    parser.add_argument("--scenario", default="ordinary", choices=sorted(SCENARIOS))
    parser.add_argument("--picture-gap-ms", type=int, default=2_000, help="between two pictures")
    arguments = parser.parse_args()
    world = World(arguments.seed, arguments.scenario)
    begin_s = time.perf_counter()
    broken = ""
    try:
        for index in range(arguments.units):
            world.add_unit(f"unit-{index + 1}", arguments.picture_gap_ms)
        world.run(int(arguments.days * DAY_MS))
    except BrokenRuleError as error:
        broken = str(error)
    spent_s = time.perf_counter() - begin_s
    version = ".".join(str(part) for part in sys.version_info[:3])
    sys.stdout.write(
        f"seed {arguments.seed} scenario {arguments.scenario} days {arguments.days:g} "
        f"units {arguments.units} python {version}\n"
    )
    for site in world.sites:
        centre = site.centre
        sys.stdout.write(
            f"{site.name}: {site.turn_count} turns, {site.boot_count} boots, "
            f"{len(centre.stored)} events stored, {centre.gap_count} gaps, "
            f"{centre.duplicate_count} duplicates, {len(centre.answers)} answers, "
            f"{centre.heartbeat_count} heartbeats, {site.watchdog.bite_count} bites, "
            f"{site.camera.made_count} pictures\n"
        )
    sys.stdout.write(f"{world.trace_count} lines of trace in {spent_s:.1f} s\n")
    if broken:
        sys.stderr.write(f"broken: {broken}\n")
        return EXIT_BROKEN
    sys.stdout.write(f"trace {world.trace_hash()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
