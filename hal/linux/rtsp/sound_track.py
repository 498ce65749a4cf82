"""Blocks of sound out of RTP, as the camera coded them.

Survives: blocks in fragments, several in a packet, tables that overrun; what is incomplete is left
out and counted.

Source: RFC 3640 (AAC), RFC 3551 (G.711), RFC 7587 (Opus).
"""

from collections.abc import Callable

from hal.api.media import AccessUnit, StreamParameters
from hal.linux.rtsp.rtp import RtpTrack
from hal.linux.rtsp.sdp import Media

AAC_BLOCK_TICKS = 1024
SIZE_BITS_MAX = 16

Deliver = Callable[[AccessUnit], None]


class SoundTrack(RtpTrack):
    """Sound of which every packet is one block: G.711 and Opus.

    Args:
        media: the track on offer.
        parameters: how to read it.
        deliver: called with each block.
    """

    def __init__(self, media: Media, parameters: StreamParameters, deliver: Deliver) -> None:
        super().__init__(media)
        self.parameters = parameters
        self._deliver = deliver
        self._dts: int | None = None

    def on_payload(self, data: bytes, at: int, end: int) -> None:
        """Take one block."""
        if at < end:
            self.hand_on(data[at:end], self.ticks)

    def on_marker(self) -> None:
        """Talk begins after silence; nothing to do."""

    def on_gap(self) -> None:
        """Nothing is open between two packets."""

    def on_new_ticks(self) -> None:
        """Nothing is open between two packets."""

    def hand_on(self, block: bytes, ticks: int) -> None:
        """Hand on a whole block."""
        self.unit_count += 1
        self._dts = ticks if self._dts is None else max(self._dts, ticks)
        came_ms = self.arrived_ms(ticks, self.now_ms)
        self._deliver(AccessUnit(block, came_ms, ticks, self._dts, is_keyframe=True))


class AacTrack(SoundTrack):
    """AAC behind a table of sizes, several blocks to a packet or one in fragments."""

    def __init__(self, media: Media, parameters: StreamParameters, deliver: Deliver) -> None:
        super().__init__(media, parameters, deliver)
        self._size_bits = media.number("sizelength", 13)
        self._first_bits = self._size_bits + media.number("indexlength", 3)
        self._next_bits = self._size_bits + media.number("indexdeltalength", 3)
        self._block_ticks = media.number("constantduration", 0) or AAC_BLOCK_TICKS
        self._parts: list[bytes] = []
        self._missing_bytes = 0

    def on_payload(self, data: bytes, at: int, end: int) -> None:
        """Take the blocks of one packet, or a fragment of one."""
        if at == end:
            return
        sizes, at = self._table(data, at, end)
        if not sizes:
            self._give_up()
            return
        if len(sizes) == 1 and sizes[0] > end - at:
            self._fragment(sizes[0], data[at:end])
            return
        if self._parts and len(sizes) == 1 and sizes[0] == self._missing_bytes:
            self._fragment(sizes[0], data[at:end])  # a last one that tells its own size
            return
        if self._parts:
            self._give_up()
        for index, size in enumerate(sizes):
            if not size or at + size > end:
                self._give_up()
                return
            self.hand_on(data[at : at + size], self.ticks + index * self._block_ticks)
            at += size

    def on_gap(self) -> None:
        """A fragment lacks a part."""
        if self._parts:
            self.damaged_count += 1
        self._parts, self._missing_bytes = [], 0

    def on_new_ticks(self) -> None:
        """A fragment whose end never came is given up."""
        self.on_gap()

    def _fragment(self, size: int, piece: bytes) -> None:
        """Take a part of a block that does not fit into one packet."""
        if not self._parts:
            self._missing_bytes = size
        self._parts.append(piece)
        self._missing_bytes -= len(piece)
        if self._missing_bytes == 0:
            self.hand_on(b"".join(self._parts), self.ticks)
            self._parts = []
        elif self._missing_bytes < 0:
            self._give_up()

    def _give_up(self) -> None:
        self.malformed_count += 1
        self.damaged_count += 1
        self._parts, self._missing_bytes = [], 0

    def _table(self, data: bytes, at: int, end: int) -> tuple[list[int], int]:
        """Read the sizes; returns them and where the blocks begin. No sizes: it makes no sense."""
        bits = data[at] << 8 | data[at + 1] if end - at > 2 else 0  # noqa: PLR2004
        start = at + 2 + (bits + 7) // 8
        if not bits or start > end:
            return [], end
        value = int.from_bytes(data[at + 2 : start], "big") >> (-bits % 8)
        sizes: list[int] = []
        width = self._first_bits
        while bits >= width:
            bits -= width
            entry = value >> bits & ((1 << width) - 1)
            sizes.append(entry >> (width - self._size_bits))
            width = self._next_bits
        return sizes, start
