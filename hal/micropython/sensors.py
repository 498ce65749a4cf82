"""The sensors of the host a unix-port unit runs on."""

from hal.api.sensors import Readings

THERMAL_PATH = "/sys/class/thermal/thermal_zone0/temp"


class HostSensors:
    """A `hal.api.sensors.Sensors` that knows the host's temperature where Linux tells it.

    Args:
        thermal_path: file with thousandths of a degree Celsius.
    """

    def __init__(self, thermal_path: str = THERMAL_PATH) -> None:
        self._thermal_path = thermal_path

    def read(self) -> Readings:
        """Look at every sensor once."""
        readings = Readings()
        try:
            with open(self._thermal_path) as file:
                readings.board_temp_mdegc = int(file.read().strip())
        except (OSError, ValueError):
            readings.board_temp_mdegc = None
        return readings
