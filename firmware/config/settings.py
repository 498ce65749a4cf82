"""The settings of a unit once they have been checked: all that is kept of its configuration."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Section = dict[str, int | str | bool]


class CameraConfig:
    """The settings of one camera; `ptz` and `sound` are None where it has none.

    `given` names the settings of `ptz` that were not left to their defaults.
    """

    __slots__ = ("given", "picture", "ptz", "sound")

    def __init__(
        self,
        picture: "Section",
        ptz: "Section | None",
        sound: "Section | None",
        given: "tuple[str, ...]" = (),
    ) -> None:
        self.given = given
        self.picture = picture
        self.ptz = ptz
        self.sound = sound


class Config:
    """A whole configuration with every default filled in.

    Attributes:
        unit: settings of schema.UNIT.
        link: settings of schema.LINK.
        ring: settings of schema.RING.
        cameras: one for each camera, in the order of the file; 1 to 32.
    """

    __slots__ = ("cameras", "link", "ring", "unit")

    def __init__(self, sections: "dict[str, Section]", cameras: "list[CameraConfig]") -> None:
        self.unit = sections["unit"]
        self.link = sections["link"]
        self.ring = sections["ring"]
        self.cameras = cameras
