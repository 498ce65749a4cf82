"""A judge of what can be read: holds the medium, the unit, the keyholder's file, and true time.

It derives, parses and opens by itself, from docs/formats/ring.md and keys.md; nothing of the
firmware is asked. It keeps every page that ever stood on the medium, which no thief could.
"""

import hashlib
import hmac
import re
import types
from collections.abc import Iterable
from dataclasses import dataclass
from gc import get_referents

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

EPOCH_MS = 576_000
LIFE_MS = 2_678_400_000
PAGE_BYTES = 4096
SECRET_BYTES = 32
BRANCH_COUNT = 2  # so often the tests start a unit within one epoch
SHORT_BYTES = 512
NEVER = 1 << 62
CAPTURED = re.compile(rb"captured (\d+);")


def mac(key: bytes, data: bytes) -> bytes:
    """MAC as keys.md has it."""
    return hmac.digest(key, data, hashlib.sha256)


class Table:
    """Every secret of a chain there will ever be, by what it looks like."""

    def __init__(self, name: str, first_epoch: int) -> None:
        self.name = name
        self.first_epoch = first_epoch
        self.first_secret = self._next = hashlib.sha256(b"chain " + name.encode()).digest()
        self._end = first_epoch
        self.places: dict[bytes, tuple[int, int]] = {}
        self.ids: dict[bytes, tuple[int, int, bytes]] = {}

    def extend(self, end_epoch: int) -> None:
        """Go on up to an epoch."""
        while self._end < end_epoch:
            branch = self._next
            for boot in range(BRANCH_COUNT):
                self.places[branch] = (self._end, boot)
                self.ids[mac(branch, b"contentid")[:16]] = (self._end, boot, branch)
                branch = mac(branch, b"boot")
            self._next = mac(self._next, b"next")
            self._end += 1


class Reach:
    """What somebody's secrets open: all from an epoch on, and branches of single epochs."""

    def __init__(self) -> None:
        self.from_epoch = NEVER
        self.branches: dict[int, int] = {}
        self.moments: list[int] = []  # of footage that lies open

    def take(self, table: Table, found: Iterable[bytes], is_thorough: bool) -> "Reach":
        """Add what bytes hold, wherever in them it stands; long ones only if thorough."""
        places = table.places
        for data in found:
            self.moments += [int(text) for text in CAPTURED.findall(data)]
            if len(data) > SHORT_BYTES and not is_thorough:
                continue
            for at in range(len(data) - SECRET_BYTES + 1):
                place = places.get(data[at : at + SECRET_BYTES])
                if place is not None:
                    self._add(*place)
        return self

    def opens(self, record: "Record") -> bool:
        """Tell whether a record can be opened."""
        if record.epoch >= self.from_epoch:
            return True
        return self.branches.get(record.epoch, BRANCH_COUNT) <= record.boot

    def _add(self, epoch: int, boot: int) -> None:
        if boot:
            self.branches[epoch] = min(boot, self.branches.get(epoch, BRANCH_COUNT))
        else:
            self.from_epoch = min(self.from_epoch, epoch)


@dataclass
class Record:
    """One record that was found on the medium and opened."""

    epoch: int
    boot: int
    captured_ms: list[int]


class Evidence:
    """Every record of one chain's partition that ever stood on a medium.

    Args:
        medium: its pages, by number.
        tag: of the partition.
        table: of the chain.
    """

    def __init__(self, pages: dict[int, bytes], tag: bytes, table: Table) -> None:
        self._pages = pages
        self._tag = tag
        self._table = table
        self._seen: dict[int, bytes] = {}
        self._keys: dict[bytes, tuple[int, int, bytes]] = {}
        self.records: list[Record] = []
        self.foreign_count = 0

    def copy(self) -> "list[Record]":
        """Look at what has changed; returns the records that are new."""
        changed = [at for at, page in self._pages.items() if self._seen.get(at) is not page]
        for at in changed:
            page = self._seen[at] = self._pages[at]
            if page[:8] == b"LAMPSEGM":
                self._take_header(page)
        count = len(self.records)
        for at in sorted(changed):
            if self._pages[at][:5] == b"LREC\x01":
                self._take_record(at)
        return self.records[count:]

    def _take_header(self, page: bytes) -> None:
        if page[28:44] != self._tag:
            return
        found = self._table.ids.get(page[80:96])
        if found is None:
            self.foreign_count += 1
            return
        label = page[28:44] + page[48:56] + page[64:80]
        key = mac(found[2], b"content" + label)
        self._keys[page[64:72]] = (found[0], found[1], key)

    def _take_record(self, at: int) -> None:
        page = self._pages[at]
        length = int.from_bytes(page[44:48], "big")
        data = b"".join(
            self._pages[at + step] for step in range((64 + length + PAGE_BYTES - 1) // PAGE_BYTES)
        )
        found = self._keys.get(bytes(page[16:24]))
        if found is not None:
            nonce = bytes(4) + page[36:44]
            plain = AESGCM(found[2]).decrypt(nonce, data[64 : 64 + length], page[:48])
            moments = [int(text) for text in CAPTURED.findall(plain)]
            self.records.append(Record(found[0], found[1], moments))


SOLID = (type, types.ModuleType, types.FunctionType, types.CodeType, types.BuiltinFunctionType)


def memory_of(roots: list[object], outside: tuple[type, ...]) -> "list[bytes]":
    """Collect all bytes that objects hold, however deep; `outside` are no part of the unit."""
    found: list[bytes] = []
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, SOLID + outside):
            continue
        seen.add(id(one))
        if isinstance(one, bytes | bytearray):
            found.append(bytes(one))
        else:
            waiting.extend(get_referents(one))
    return found
