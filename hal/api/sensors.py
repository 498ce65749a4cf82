"""What the board can tell of itself."""

from hal.api._typing import Protocol


class Readings:
    """One look at the board's sensors; None where a sensor is not fitted or does not answer.

    Attributes:
        supply_mv: supply voltage, millivolts.
        board_temp_mdegc: board temperature, thousandths of a degree Celsius.
        tilt_cdeg: lean of the box against its mounting, hundredths of a degree.
        latitude_udeg: millionths of a degree, north positive.
        longitude_udeg: millionths of a degree, east positive.
        storage_life_permille: wear of the medium, 0 new to 1000 worn out.
    """

    __slots__ = (
        "board_temp_mdegc",
        "latitude_udeg",
        "longitude_udeg",
        "storage_life_permille",
        "supply_mv",
        "tilt_cdeg",
    )

    def __init__(self) -> None:
        self.supply_mv: int | None = None
        self.board_temp_mdegc: int | None = None
        self.tilt_cdeg: int | None = None
        self.latitude_udeg: int | None = None
        self.longitude_udeg: int | None = None
        self.storage_life_permille: int | None = None


class Sensors(Protocol):
    """The board's own sensors."""

    def read(self) -> Readings:
        """Look at every sensor once; takes at most 5 ms."""
        ...
