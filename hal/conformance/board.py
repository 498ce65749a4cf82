"""Checks of `hal.api.sensors` and `hal.api.watchdog`."""

from hal.api._typing import TYPE_CHECKING
from hal.api.sensors import Readings

if TYPE_CHECKING:
    from hal.api.sensors import Sensors
    from hal.api.watchdog import Watchdog
    from hal.conformance.world import World

RANGES = (
    ("supply_mv", 0, 60_000),
    ("board_temp_mdegc", -60_000, 150_000),
    ("tilt_cdeg", 0, 18_000),
    ("latitude_udeg", -90_000_000, 90_000_000),
    ("longitude_udeg", -180_000_000, 180_000_000),
    ("storage_life_permille", 0, 1000),
)
REASONS = ("power", "watchdog", "request", "crash", "unknown")


def check_sensors_give_integers_in_range(sensors: "Sensors", world: "World") -> None:
    """Every reading is None or an integer that a board can have; a look is quick."""
    start_ms = world.now_ms()
    for _ in range(10):
        readings = sensors.read()
        assert isinstance(readings, Readings)
        for name, low, high in RANGES:
            value = getattr(readings, name)
            if value is not None:
                assert isinstance(value, int) and low <= value <= high, (name, value)
    assert world.now_ms() - start_ms < 1000, world.now_ms() - start_ms


def check_watchdog_is_fed_without_a_word(watchdog: "Watchdog", world: "World") -> None:
    """It tells why this boot happened, can be armed, and is quiet while fed."""
    assert watchdog.reset_reason() in REASONS, watchdog.reset_reason()
    watchdog.arm(2000)
    for _ in range(5):
        world.pause(50)
        watchdog.feed()
    assert watchdog.reset_reason() in REASONS
