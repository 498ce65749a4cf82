"""The board's sensors, read from a script."""

from hal.api.sensors import Readings


class SimSensors:
    """Readings that a scenario sets.

    Args:
        supply_mv: supply voltage at first, millivolts.
        board_temp_mdegc: temperature at first, thousandths of a degree Celsius.
    """

    def __init__(self, supply_mv: int = 12_000, board_temp_mdegc: int = 31_000) -> None:
        self.now = Readings()
        """What the next `read` tells; a field set to None is a sensor that does not answer."""
        self.now.supply_mv = supply_mv
        self.now.board_temp_mdegc = board_temp_mdegc
        self.now.tilt_cdeg = 0
        self.now.storage_life_permille = 0
        self.read_count = 0

    def read(self) -> Readings:
        """Look at every sensor once."""
        self.read_count += 1
        told = Readings()
        told.supply_mv = self.now.supply_mv
        told.board_temp_mdegc = self.now.board_temp_mdegc
        told.tilt_cdeg = self.now.tilt_cdeg
        told.latitude_udeg = self.now.latitude_udeg
        told.longitude_udeg = self.now.longitude_udeg
        told.storage_life_permille = self.now.storage_life_permille
        return told
