"""Keeps a small map on a medium so that a power cut at any byte leaves the old or the new one.

The medium is two areas of equal size. A change is written to the area that does not hold the
newest good map, then a barrier; only then is that area the newest. Format: docs/formats/state.md.

    0   "LPST"            4
    4   version 1         1, then 3 zero bytes
    8   revision          8, big endian, above 0
    16  payload length    4
    20  CRC-32            4, over bytes 0 to 19 and the payload
    24  payload           deterministic CBOR: {text: value}
        zeros             to the end of a page of 4096, and over whatever was longer here before
"""

import binascii

from firmware.cbor.decode import loads
from firmware.cbor.encode import dumps
from firmware.errors import LocalProtocolError, RemoteProtocolError
from hal.api._typing import TYPE_CHECKING
from hal.api.errors import PortError

if TYPE_CHECKING:
    from firmware.cbor.encode import Value
    from hal.api._typing import Callable

    Plan = list[tuple[str, int, bytes]]

PAGE_BYTES = 4096
MAGIC = b"LPST\x01\x00\x00\x00"
HEADER_BYTES = 24


class _Area:
    """What one of the two areas holds."""

    __slots__ = ("is_damaged", "offset_bytes", "revision", "used_bytes", "values")

    def __init__(self, offset_bytes: int) -> None:
        self.offset_bytes = offset_bytes
        self.revision = 0  # 0: nothing good
        self.used_bytes = 0  # where anything but zeros may stand
        self.is_damaged = False
        self.values: dict[str, Value] = {}


class StatePages:
    """A map of text to CBOR values that survives power cuts.

    Args:
        read: gives bytes of the medium: (offset_bytes, length_bytes).
        size_bytes: length of the medium; two areas of whole 4 KiB pages must fit.
    """

    __slots__ = (
        "_area_bytes",
        "_areas",
        "_is_waiting",
        "_newest",
        "_numbers",
        "_planned_revision",
        "_values",
        "_wanted_count",
        "_write_code",
        "damaged_count",
        "failed_count",
        "is_lost",
        "stored_count",
    )

    def __init__(self, read: "Callable[[int, int], bytes]", size_bytes: int) -> None:
        self._area_bytes = size_bytes // (2 * PAGE_BYTES) * PAGE_BYTES
        assert self._area_bytes >= PAGE_BYTES
        self._areas = [_read_area(read, index, self._area_bytes) for index in range(2)]
        self._newest = int(self._areas[1].revision > self._areas[0].revision)
        self._values = dict(self._areas[self._newest].values)
        self._planned_revision = self._areas[self._newest].revision
        self._wanted_count = 0  # good writes still to be made: 2 when no old secret may stay
        self._is_waiting = False
        self._numbers: list[int] = []
        self._write_code = ""
        self.failed_count = 0
        self.stored_count = 0
        """Writes that hold."""
        self.damaged_count = sum(area.is_damaged for area in self._areas)
        self.is_lost = self.damaged_count == len(self._areas)
        """Both areas are damaged: what was stored is gone and the map starts empty."""
        for area in self._areas:
            area.values = {}

    def get(self, key: str, default: "Value" = None) -> "Value":
        """Look a value up; it belongs to the map and must not be changed in place."""
        return self._values.get(key, default)

    def put(self, key: str, value: "Value") -> int:
        """Set a value; it is durable once `is_durable` says so of the revision returned.

        Args:
            key: its name.
            value: what CBOR can carry; None takes the key away.

        Returns:
            number of the revision that will hold it.

        Raises:
            LocalProtocolError: the map would not fit its area; nothing was changed.
        """
        changed = dict(self._values)
        changed[key] = value
        if value is None:
            del changed[key]
        payload_bytes = len(dumps(changed))
        if HEADER_BYTES + payload_bytes > self._area_bytes:
            room_bytes = self._area_bytes - HEADER_BYTES
            told = (key, payload_bytes, room_bytes)
            raise LocalProtocolError("state %s: the map takes %d bytes of %d" % told)
        self._values = changed
        self._wanted_count = max(self._wanted_count, 1)
        return self._planned_revision + 1

    def is_durable(self, revision: int) -> bool:
        """Tell whether what `put` promised for a revision would survive a power cut."""
        return self._areas[self._newest].revision >= revision

    def is_settled(self) -> bool:
        """Tell whether nothing waits to be written, in one area or in both."""
        return self._wanted_count == 0 and not self._is_waiting

    def plan(self, both: bool = False) -> "Plan":
        """Tell what to write now; ask again after each completion until nothing comes.

        Args:
            both: rewrite both areas, so that no old secret stays; give it once for each step of a
                key chain. The second area is planned only when the first is durable, so that a
                failing medium does not take both.

        Returns:
            ("write", offset_bytes, data) and ("barrier", 0, b""); empty while one is under way.
        """
        if both:
            self._wanted_count = 2
        if self._is_waiting or self._wanted_count == 0:
            return []
        self._wanted_count -= 1
        self._planned_revision += 1
        area = self._areas[1 - self._newest]
        data = _encode(self._planned_revision, self._values)
        length_bytes = _whole_pages(max(len(data), area.used_bytes))
        area.used_bytes = length_bytes  # until the barrier, old bytes may still stand there
        area.revision = 0
        self._is_waiting = True
        self._numbers = []
        self._write_code = ""
        plan = _page_writes(area.offset_bytes, data, length_bytes)
        plan.append(("barrier", 0, b""))
        return plan

    def on_submitted(self, numbers: "list[int]") -> None:
        """Learn by which numbers the medium will tell the entries of the last plan back."""
        self._numbers = numbers

    def on_completion(self, number: int, code: str) -> None:
        """Learn that an entry is over.

        Args:
            number: of the entry; those of other owners change nothing.
            code: "" when done, else the code of the port's error.
        """
        if not self._is_waiting or number not in self._numbers:
            return
        self._write_code = self._write_code or code
        if number != self._numbers[-1]:
            return
        self._is_waiting = False
        if self._write_code:
            self.failed_count += 1
            self._wanted_count = min(self._wanted_count + 1, 2)
            return
        self.stored_count += 1
        self._newest = 1 - self._newest
        area = self._areas[self._newest]
        area.revision = self._planned_revision


def _whole_pages(length_bytes: int) -> int:
    """Round a length up to whole pages."""
    return (length_bytes + PAGE_BYTES - 1) // PAGE_BYTES * PAGE_BYTES


def _page_writes(offset_bytes: int, data: bytes, length_bytes: int) -> "Plan":
    """Write data and zeros page by page: a full heap seldom has room for a whole area in one."""
    zeros = bytes(PAGE_BYTES)
    plan: Plan = []
    for at in range(0, length_bytes, PAGE_BYTES):
        page = data[at : at + PAGE_BYTES]
        whole = page + zeros[len(page) :] if page else zeros
        plan.append(("write", offset_bytes + at, whole))
    return plan


def _encode(revision: int, values: "dict[str, Value]") -> bytes:
    """Write a map down with its header."""
    payload = dumps(values)
    head = MAGIC + revision.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
    crc = binascii.crc32(payload, binascii.crc32(head)) & 0xFFFFFFFF
    return head + crc.to_bytes(4, "big") + payload


def _read_area(read: "Callable[[int, int], bytes]", index: int, area_bytes: int) -> _Area:
    """Read one area; one that does not pass its own check holds nothing and is damaged."""
    area = _Area(index * area_bytes)
    try:
        head = read(area.offset_bytes, PAGE_BYTES)
        if head == bytes(PAGE_BYTES) or head == b"\xff" * PAGE_BYTES:
            return area
        area.used_bytes = area_bytes
        payload_bytes = int.from_bytes(head[16:20], "big")
        if head[:8] == MAGIC and payload_bytes <= area_bytes - HEADER_BYTES:
            length_bytes = _whole_pages(HEADER_BYTES + payload_bytes)
            whole = head if length_bytes == PAGE_BYTES else read(area.offset_bytes, length_bytes)
            _decode(area, whole[: HEADER_BYTES + payload_bytes])
    except (PortError, RemoteProtocolError):
        area.revision = 0
    area.is_damaged = area.revision == 0
    return area


def _decode(area: _Area, data: bytes) -> None:
    """Take what an area holds if its check sum is right."""
    head, payload = data[:20], data[HEADER_BYTES:]
    crc = binascii.crc32(payload, binascii.crc32(head)) & 0xFFFFFFFF
    values = loads(payload) if crc.to_bytes(4, "big") == data[20:HEADER_BYTES] else None
    if isinstance(values, dict):
        area.values = {key: value for key, value in values.items() if isinstance(key, str)}
        area.revision = int.from_bytes(data[8:16], "big")
