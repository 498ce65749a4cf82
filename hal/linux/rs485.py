"""The direction of an RS-485 driver, steered by the kernel where its driver can."""

import fcntl
import struct

TIOCSRS485 = 0x542F
SER_RS485_ENABLED = 1
SER_RS485_RTS_ON_SEND = 2


def enable_rs485(fd: int) -> bool:
    """Ask the driver to raise RTS exactly while it sends.

    Asked by our own ioctl: after a refusal pyserial's `rs485_mode` makes every later setting of
    the port fail as well.

    Args:
        fd: an open serial device.

    Returns:
        False where the driver cannot (USB adapters, ptys): the transceiver must do it alone.

    Source: linux/serial.h, struct serial_rs485.
    """
    wanted = struct.pack("8I", SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND, 0, 0, 0, 0, 0, 0, 0)
    try:
        fcntl.ioctl(fd, TIOCSRS485, wanted)
    except OSError:
        return False
    return True
