"""What sysfs tells of the board: temperature, supply, wear of the medium."""

from pathlib import Path

from hal.api.sensors import Readings

LIFE_STEP_PERMILLE = 100  # eMMC tells its wear in steps of a tenth


class SysfsSensors:
    """Finds its sensors at start-up and reads them in well under 5 ms.

    Args:
        root: "/sys"; another folder of the same shape elsewhere.
    """

    def __init__(self, root: str = "/sys") -> None:
        base = Path(root)
        self._temps = _existing(base, "class/thermal/thermal_zone*/temp")
        self._temps += _existing(base, "class/hwmon/hwmon*/temp1_input")
        self._hwmon_supply = _existing(base, "class/hwmon/hwmon*/in0_input")
        self._supply = _existing(base, "class/power_supply/*/voltage_now")
        self._life = _existing(base, "block/*/device/life_time")

    def read(self) -> Readings:
        """Look at every sensor once; None where one is absent or does not answer."""
        readings = Readings()
        readings.board_temp_mdegc = _greatest(self._temps)
        supply_uv = _greatest(self._supply)
        if supply_uv is not None:
            readings.supply_mv = supply_uv // 1000
        else:
            readings.supply_mv = _greatest(self._hwmon_supply)
        readings.storage_life_permille = _life(self._life)
        return readings


def _existing(base: Path, pattern: str) -> list[Path]:
    return sorted(base.glob(pattern)) if base.is_dir() else []


def _greatest(paths: list[Path]) -> int | None:
    """The greatest number in the files; the hottest of several zones is the one that matters."""
    values: list[int] = []
    for path in paths:
        try:
            values.append(int(path.read_text(encoding="ascii").strip()))
        except (OSError, ValueError):
            continue
    return max(values) if values else None


def _life(paths: list[Path]) -> int | None:
    """Wear from two estimates like "0x03 0x01", each up to so many tenths, 0x0b for beyond."""
    worst: int | None = None
    for path in paths:
        try:
            steps = [int(word, 16) for word in path.read_text(encoding="ascii").split()]
        except (OSError, ValueError):
            continue
        for step in steps:
            if step > 0:  # 0 is "not defined"
                worst = max(worst or 0, min(1000, step * LIFE_STEP_PERMILLE))
    return worst
