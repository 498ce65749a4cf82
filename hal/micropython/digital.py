"""A digital line kept in files, as sysfs keeps its GPIO."""

from hal.api.errors import PortFailed


class FileLine:
    """A `hal.api.digital.Digital` over one or two files that hold "0" or "1".

    Args:
        path: the file that drives the line; set low when this object is made.
        read_back_path: the file that tells the real level; the driving file where it is "".

    Raises:
        PortFailed: the driving file cannot be written.
    """

    def __init__(self, path: str, read_back_path: str = "") -> None:
        self.name = path
        self._read_back_path = read_back_path or path
        self.set(False)

    def set(self, level: bool) -> None:
        """Drive the line.

        Raises:
            PortFailed: the file cannot be written.
        """
        try:
            with open(self.name, "w") as file:
                file.write("1" if level else "0")
        except OSError as error:
            raise PortFailed("%s: cannot drive the line (%s); check the path" % (self.name, error))

    def get(self) -> bool:
        """Read the level that is really on the line; low where the file cannot be read."""
        try:
            with open(self._read_back_path) as file:
                return file.read().strip() == "1"
        except OSError:
            return False
