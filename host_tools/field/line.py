"""A serial line in a person's hand: one question at a time, with the gateway's own sessions."""

import time
from typing import TYPE_CHECKING, Protocol

import serial

from firmware.config import line_url, schema
from firmware.errors import ConfigError
from firmware.ptz import protocols
from firmware.ptz.head import Exchange
from firmware.ptz.model import PtzSettings
from hal.linux.serial import TROUBLE, opening_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from firmware.pelco_d.session import AnyReply

POLL_S = 0.002
LAST_BYTES_S = 0.3


class LineRefusedError(Exception):
    """The line cannot be used; the text says why and what to do."""


class FieldPort(Protocol):
    """What is asked of a port: pyserial's, or a stand-in."""

    def write(self, data: bytes, /) -> int | None:
        """Send bytes."""

    def read(self, size: int = 1, /) -> bytes:
        """Hand over at most so many bytes, waiting a moment for the first."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go."""


class Target:
    """What a person wrote about a line and a dome, with defaults filled in.

    Args:
        serial_text: device, URL, or protocol+URL as in the settings.
        said: baud, address, protocol and profile as far as they were given.

    Raises:
        ConfigError: unknown protocol, or two words that differ.
    """

    def __init__(self, serial_text: str, said: dict[str, object]) -> None:
        faults: list[str] = []
        table = {key: value for key, value in said.items() if value is not None}
        whole = line_url.unfold("--serial", {"serial": serial_text, **table}, faults)
        self.port = str(whole["serial"])
        self.protocol = str(whole.get("protocol", protocols.PELCO_D))
        self.baud = int(str(whole["baud"])) if "baud" in whole else 0
        self.address = int(str(whole.get("address", 1)))
        self.profile = str(whole.get("profile", "generic"))
        if self.protocol not in protocols.REGISTRY:
            known = ", ".join(protocols.REGISTRY)
            faults.append(f"--protocol {self.protocol}: give one of {known}")
        elif not 1 <= self.address <= line_url.ADDRESS_MAX[self.protocol]:
            most = line_url.ADDRESS_MAX[self.protocol]
            faults.append(f"--address {self.address}: {self.protocol} has 1 to {most}")
        faults += baud_faults([self.baud] if "baud" in whole else [])
        if faults:
            raise ConfigError(faults)

    def settings(self) -> PtzSettings:
        """Make the head's settings, as the gateway would before its profile."""
        settings = PtzSettings(self.address, self.baud, has_replies=True)
        settings.protocol = self.protocol
        return settings


def baud_faults(bauds: "Iterable[int]") -> list[str]:
    """Refuse each speed that no unit can be set to."""
    known = ", ".join(str(baud) for baud in schema.BAUDS)
    return [f"baud {baud}: give one of {known}" for baud in bauds if baud not in schema.BAUDS]


def open_port(name: str, baud: int) -> serial.SerialBase:
    """Open a device or URL, alone.

    Raises:
        LineRefusedError: it cannot be opened.
    """
    try:
        port = serial.serial_for_url(name, baud, timeout=POLL_S, do_not_open=True)
        if "://" not in name:
            port.exclusive = True
        port.open()
    except TROUBLE as error:
        raise LineRefusedError(str(opening_error(name, error))) from error
    return port


def ask(port: FieldPort, session: Exchange, frame: bytes, kind: str) -> "AnyReply | None":
    """Go through one exchange; returns the reply, or None when none came in time."""
    session.begin(frame, kind, _now_ms())
    while True:
        out = session.take()
        if out:
            port.write(out)
        data = port.read(64)
        if data:
            session.receive(data, _now_ms())
        if session.step(_now_ms()):
            return session.reply


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
