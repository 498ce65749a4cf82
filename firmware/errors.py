"""What can go wrong on the wire and on the medium.

ProtocolError
    LocalProtocolError     we were asked to send nonsense
    RemoteProtocolError    nonsense was received
DamagedError               what was stored does not pass its own check
ConfigError                the configuration cannot be used; carries every fault found

Trouble with a port is the other tree: `hal.api.errors`.
"""


class ProtocolError(Exception):
    """A rule of a protocol was broken.

    `code` is stable and appears in telemetry; `retryable` says whether the same call can succeed
    later with nobody's help.
    """

    code = "protocol.error"
    retryable = False


class LocalProtocolError(ProtocolError):
    """We were asked to send something that the protocol does not allow."""

    code = "protocol.local"


class RemoteProtocolError(ProtocolError):
    """The other side sent something that the protocol does not allow."""

    code = "protocol.remote"


class DamagedError(Exception):
    """Stored bytes do not pass their own check."""

    code = "stored.damaged"
    retryable = False


class ConfigError(Exception):
    """The configuration cannot be used.

    Args:
        faults: one sentence each: key, value, range, remedy.
    """

    code = "config.refused"
    retryable = False

    def __init__(self, faults: "list[str]") -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
