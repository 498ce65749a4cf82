"""What is really stored, and what of the unsafe writes is there after a power cut."""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.devices.chance import Chance

SECTOR_BYTES = 512
PAGE_BYTES = 4096
CUT_NOTHING, CUT_EVERYTHING, CUT_TORN = range(3)


class Medium:
    """What is really stored; it outlives the power and the port.

    Args:
        size_bytes: usable length, a multiple of 4096; unwritten places read as zeros.
    """

    def __init__(self, size_bytes: int) -> None:
        assert size_bytes % PAGE_BYTES == 0, size_bytes
        self.size_bytes = size_bytes
        self._pages: dict[int, bytearray] = {}
        self._page_list: list[int] = []

    def read(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read what is stored there."""
        parts: list[bytes] = []
        position = offset_bytes
        end = offset_bytes + length_bytes
        while position < end:
            index, start = position // PAGE_BYTES, position % PAGE_BYTES
            count = min(PAGE_BYTES - start, end - position)
            page = self._pages.get(index)
            parts.append(bytes(count) if page is None else bytes(page[start : start + count]))
            position += count
        return b"".join(parts)

    def write(self, offset_bytes: int, data: bytes) -> None:
        """Store bytes."""
        done = 0
        while done < len(data):
            index, start = (offset_bytes + done) // PAGE_BYTES, (offset_bytes + done) % PAGE_BYTES
            count = min(PAGE_BYTES - start, len(data) - done)
            page = self._pages.get(index)
            if page is None:
                page = bytearray(PAGE_BYTES)
                self._pages[index] = page
                self._page_list.append(index)
            page[start : start + count] = data[done : done + count]
            done += count

    def flip_bit(self, chance: "Chance") -> int:
        """Turn one bit of a written page over; returns its offset, -1 when nothing is written."""
        if not self._page_list:
            return -1
        index = self._page_list[chance.below(len(self._page_list))]
        place = chance.below(PAGE_BYTES)
        self._pages[index][place] ^= 1 << chance.below(8)
        return index * PAGE_BYTES + place


def survivors(unsafe: "list[tuple[int, bytes]]", chance: "Chance") -> "list[tuple[int, bytes]]":
    """Choose what of the unsafe writes is there after a power cut.

    Args:
        unsafe: (offset, data) in the order written, none of them behind a barrier.
        chance: where the choice is drawn from.

    Returns:
        (offset, data) to be stored, in order.
    """
    kind = chance.below(4)
    if not unsafe or kind == CUT_NOTHING:
        return []
    if kind == CUT_EVERYTHING:
        return unsafe
    if kind == CUT_TORN:
        last = chance.below(len(unsafe))
        place, data = unsafe[last]
        torn_bytes = chance.below(len(data) // SECTOR_BYTES + 1) * SECTOR_BYTES
        before = unsafe[:last]
        before.append((place, data[:torn_bytes]))
        return before
    kept: list[tuple[int, bytes]] = []
    for place, data in unsafe:
        kept.extend(
            (place + start, data[start : start + SECTOR_BYTES])
            for start in range(0, len(data), SECTOR_BYTES)
            if chance.below(2)
        )
    return kept
