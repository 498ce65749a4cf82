"""Reads a line to a dome that is written as a URL.

    pelco-d+serial:///dev/ttyUSB0?baud=2400&address=1

    protocol+serial://PATH?...              a device of this unit
    protocol+socket://HOST:PORT?...         a serial server that hands bytes through
    protocol+rfc2217://HOST:PORT?...        a serial server that takes settings too

Behind the question mark stand `baud`, `address` and `profile`. Anything else than such a URL is a
device or target as it stands.
"""

from firmware.config import schema, wired
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.config.load import CameraConfig

    Table = dict[str, object]

TRANSPORTS = ("serial", "socket", "rfc2217")
NUMBERS = ("baud", "address")
WORDS = ("profile",)
BAUD = {"pelco-d": 2400, "pelco-p": 4800, "visca": 9600}
ADDRESS_MAX = {"pelco-d": 255, "pelco-p": 32, "visca": 7}
# Whose stops a dying unit can still say, and baud that each dome takes, so that all of them are
# stopped within a second.
DOMES_MAX = {"pelco-d": (8, 300), "pelco-p": (8, 300), "visca": (3, 1600)}


def unfold(where: str, table: "Table", faults: "list[str]") -> "Table":
    """Take the URL of a dome section apart into the settings it stands for.

    Args:
        where: the section, for faults.
        table: the section as it was given.
        faults: faults are added here.

    Returns:
        a section whose `serial` is a device or target alone.
    """
    serial = table.get("serial")
    scheme, mark, rest = serial.partition("://") if isinstance(serial, str) else ("", "", "")
    protocol, plus, transport = scheme.partition("+")
    said: Table = {}
    if mark and plus:
        said = _read(rest, faults, "%s.serial = %r: " % (where, serial))
        said["protocol"] = protocol
        if protocol not in schema.PROTOCOLS or transport not in TRANSPORTS:
            told = (where, serial, ", ".join(schema.PROTOCOLS), ", ".join(TRANSPORTS))
            faults.append("%s.serial = %r: begin with one of %s, a + and one of %s" % told)
            del said["protocol"]
        if transport != "serial":
            said["serial"] = "%s://%s" % (transport, said["serial"])
    whole = dict(table)
    for key, value in said.items():
        if key != "serial" and key in table and table[key] != value:
            clash = (where, key, table[key], value)
            faults.append("%s.%s = %r: but serial says %r; keep one of them" % clash)
        whole[key] = value
    spoken = str(whole.get("protocol", "pelco-d"))
    if "baud" not in whole and spoken in BAUD:
        whole["baud"] = BAUD[spoken]
    return whole


def check(cameras: "list[CameraConfig]", faults: "list[str]") -> None:
    """Check addresses against their protocols, and domes that share a line against each other."""
    lines: dict[object, list[int]] = {}
    for index, camera in enumerate(cameras):
        ptz = camera.ptz
        if ptz is None or "protocol" not in ptz or "serial" not in ptz:
            continue
        if wired.read(str(ptz.get("switches", ""))) is None:
            told_names = (index, ptz.get("switches"))
            faults.append("camera[%d].ptz.switches = %r: give name:number, 1 to 8" % told_names)
        most = ADDRESS_MAX.get(str(ptz["protocol"]), 0)
        if most and int(ptz["address"]) > most:
            told = (index, ptz["address"], ptz["protocol"], most)
            faults.append("camera[%d].ptz.address = %s: %s has 1 to %d" % told)
        lines.setdefault(ptz["serial"], []).append(index)
    for shared in lines.values():
        _check_shared(cameras, shared, faults)


def _check_shared(cameras: "list[CameraConfig]", shared: "list[int]", faults: "list[str]") -> None:
    sections = [cameras[index].ptz or {} for index in shared]
    first = sections[0]
    most, baud_each = DOMES_MAX.get(str(first["protocol"]), (len(shared), 1))
    most = min(most, int(first.get("baud", 0)) // baud_each)
    if len(shared) > max(most, 1):
        told = (shared[-1], first["serial"], len(shared), most, first["baud"])
        faults.append("camera[%d].ptz.serial = %r: %d domes; at most %d at %s baud" % told)
    addresses: list[object] = []
    for index, ptz in zip(shared, sections):
        for key in ("baud", "protocol"):
            if ptz.get(key) != first.get(key):
                clash = (index, key, ptz.get(key), shared[0], first.get(key))
                faults.append("camera[%d].ptz.%s = %r: camera[%d] has %r on this line" % clash)
        if ptz.get("address") in addresses:
            twin = (index, ptz.get("address"))
            faults.append("camera[%d].ptz.address = %r: taken on this line; they differ" % twin)
        addresses.append(ptz.get("address"))


def _read(rest: str, faults: "list[str]", told: str) -> "Table":
    target, _, query = rest.partition("?")
    said: Table = {"serial": target}
    for part in query.split("&") if query else ():
        key, _, value = part.partition("=")
        if key in NUMBERS and value.isdigit():
            said[key] = int(value)
        elif key in WORDS:
            said[key] = value
        else:
            faults.append("%s%r: give baud=N, address=N or profile=NAME" % (told, part))
    return said
