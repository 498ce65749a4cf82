"""Who has the dome: a person before a tour, always; safety before both stands in the drive."""

from firmware.ptz.dwell import Dwell
from firmware.ptz.tour import Tour
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ptz.service import PtzService


class Hands:
    """What is done with one dome, by people and by itself.

    Args:
        dome: that is driven.
    """

    __slots__ = ("dwell", "tour")

    def __init__(self, dome: "PtzService") -> None:
        self.tour = Tour(dome)
        self.dwell = Dwell(dome)

    def on_person(self, now_ms: int) -> None:
        """Hear that a person is about to change what the dome looks at."""
        self.tour.on_person(now_ms)
        self.dwell.on_person(now_ms)

    def step(self, now_ms: int) -> None:
        """Let a tour go on, and count how long a person has looked at one thing."""
        self.tour.step(now_ms)
        if self.tour.is_driving():
            self.dwell.forget(now_ms)
        else:
            self.dwell.step(now_ms)
