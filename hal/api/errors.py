"""What can go wrong with a port.

PortError
    PortAbsent       nothing is there: no such device, file or host
    PortRefused      it is there and will not serve: permissions, credentials, wrong codec
    PortLost         it was there and went away: unplugged, reset, connection closed
    PortFull         no room on the medium or in the port's own bounded queue
    PortFailed       the medium or device reported an error of its own
"""


class PortError(Exception):
    """A port could not do what it promises.

    `code` is stable and appears in telemetry; `retryable` says whether trying again later, with
    nobody's help, can succeed. The text names the device, the value and the remedy.
    """

    code = "port.error"
    retryable = True


class PortAbsent(PortError):
    """Nothing is there under the configured name."""

    code = "port.absent"


class PortRefused(PortError):
    """The device is there and refuses: permissions, credentials, an unsupported format."""

    code = "port.refused"


class PortLost(PortError):
    """The device was there and went away."""

    code = "port.lost"


class PortFull(PortError):
    """There is no room left on the medium or in the port's queue."""

    code = "port.full"


class PortFailed(PortError):
    """The device reported an error; what was asked must be taken as not done."""

    code = "port.failed"
