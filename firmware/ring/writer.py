"""Plans the writes of one partition; does none, and knows nothing of barriers but what it is told.

The caller keeps the rules of writing in docs/formats/ring.md: a barrier over a closed segment
before the next is opened, and `give_up` after a failed one.
"""

from firmware.ring import holds, records, segments
from firmware.ring.content import Footer, encode_footer, footer_bytes_max
from firmware.ring.layout import PAGE_BYTES, WRITE, pages_up
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.ring.layout import Layout, Partition, Step
    from firmware.ring.recovery import PartitionState
    from firmware.ring.segments import SegmentInfo
    from hal.api._typing import Protocol
    from hal.api.cipher import Cipher, Entropy

    class KeySource(Protocol):
        """What the writer needs of `firmware.keys.ratchet.Ratchet`."""

        epoch: int

        def content_key(self, label: bytes) -> bytes:
            """Derive a key under the current epoch's secret."""
            ...


class _Fresh:
    """A key that has sealed nothing yet, for one generation."""

    __slots__ = ("chain", "epoch", "generation", "key", "key_id", "salt")

    def __init__(self) -> None:
        self.chain = ""
        self.epoch = -1
        self.generation = -1
        self.salt = b""
        self.key_id = b""
        self.key = b""


class PartitionWriter:
    """Writes the segments of one partition.

    Args:
        cipher: seals.
        entropy: gives each segment its salt.
        layout: of the pool.
        state: where recovery found the partition to stand.
    """

    __slots__ = (
        "_cipher",
        "_entropy",
        "_header",
        "_index",
        "_key",
        "_layout",
        "_offset_bytes",
        "_spare",
        "_state",
        "generation",
        "partition",
        "segment_count",
        "sequence",
        "settled",
    )

    def __init__(
        self, cipher: "Cipher", entropy: "Entropy", layout: "Layout", state: "PartitionState"
    ) -> None:
        self._cipher = cipher
        self._entropy = entropy
        self._layout = layout
        self._state = state  # told of each generation that is opened
        self.partition: Partition = state.partition
        self.generation = state.generation
        self.sequence = state.sequence
        self.settled = state.sequence
        self.segment_count = 0
        self._header: segments.SegmentHeader | None = None
        self._key = b""
        self._offset_bytes = 0
        self._index: list[tuple[int, int]] = []
        self._spare: _Fresh | None = None

    def is_open(self) -> bool:
        """Tell whether a segment is open."""
        return self._header is not None

    def can_open(self, source: "KeySource | None", chain: str, epoch: int) -> bool:
        """Tell whether a segment can still be opened under the secret of this epoch."""
        return (source is not None and source.epoch == epoch) or self._is_spare(chain, epoch)

    def open(
        self, source: "KeySource | None", info: "SegmentInfo", index_key: bytes
    ) -> "list[Step]":
        """Open the next generation, with a salt never used before.

        A key for one more segment is derived at the same time, so that what was captured in an
        epoch can be sealed under it even if the segment fills up, or fails, just as it ends.

        Args:
            source: derives the content key; None where `can_open` relies on the spare key.
            info: what is sealed inside the header.
            index_key: seals the unit's own note; b"" for none.

        Returns:
            the header's write.
        """
        assert self._header is None
        assert self.can_open(source, info.chain, info.epoch)
        fresh = self._spare
        if fresh is None or not self._is_spare(info.chain, info.epoch):
            assert source is not None
            fresh = self._derive(source, info.chain)
        self.generation = self._state.generation = fresh.generation
        self.segment_count += 1
        slot = self.generation % self.partition.segment_count
        header = segments.SegmentHeader(
            self._cipher.suite, slot, self.generation, self.sequence, fresh.salt, fresh.key_id
        )
        self._key = fresh.key
        self._spare = None
        if source is not None and source.epoch == info.epoch:
            self._spare = self._derive(source, info.chain)
        secrets = (self._key, index_key, info)
        page = segments.finish(self._cipher, self._layout, self.partition, header, secrets)
        self._header = header
        self._offset_bytes = PAGE_BYTES
        self._index = []
        return [(WRITE, self.partition.segment_offset_bytes(slot), page)]

    def has_room(self, plain_bytes: int) -> bool:
        """Tell whether a record of so many bytes fits in, and a footer behind it."""
        footer = footer_bytes_max(len(self._index) + 1)
        need = self._taken(plain_bytes) + self._taken(footer)
        return self._offset_bytes + need <= self.partition.segment_bytes

    def payload_bytes_max(self) -> int:
        """Most bytes of one record that fit into an empty segment of this partition."""
        overhead = 4 * PAGE_BYTES + self._cipher.sealed_bytes(0)
        return self.partition.segment_bytes - overhead

    def append(self, payload: bytes, now_ms: int) -> "Step":
        """Write one footage record into the open segment, which must have room."""
        assert self.has_room(len(payload))
        offset_bytes = self._offset_bytes
        step = self._record(records.FOOTAGE, payload)
        self._index.append((offset_bytes, now_ms))
        return step

    def content_key(self) -> bytes:
        """Give the key of the open segment, for `records.reopen`."""
        assert self._header is not None
        return self._key

    def close(self, cause: str, stamp: "tuple[int, int, int]") -> "list[Step]":
        """Close the open segment with a footer and forget its key.

        Args:
            cause: "full", "epoch", "parameters", or the reason of the gap that begins.
            stamp: (now_ms, utc_ms, utc_quality) of closing.
        """
        plain = encode_footer(Footer(cause, stamp, self._index), PAGE_BYTES)
        plan = [self._record(records.FOOTER, plain)]
        self._forget()
        return plan

    def give_up(self, sequence: int) -> None:
        """Leave the open segment as it is; the next one starts again with `sequence`."""
        assert sequence <= self.sequence
        self._forget()
        self.sequence = sequence

    def spare_key(self) -> "tuple[str, int]":
        """Tell (chain, epoch) of the key that is kept for one more segment; ("", -1) for none."""
        return (self._spare.chain, self._spare.epoch) if self._spare is not None else ("", -1)

    def forget_spare(self) -> None:
        """Forget that key."""
        self._spare = None

    def _is_spare(self, chain: str, epoch: int) -> bool:
        spare = self._spare
        if spare is None or spare.chain != chain or spare.epoch != epoch:
            return False
        return spare.generation == self._next_generation()  # a hold may have come between

    def _next_generation(self) -> int:
        return holds.next_generation(self._layout, self.partition, self.generation)

    def _derive(self, source: "KeySource", chain: str) -> "_Fresh":
        generation = self._next_generation()
        fresh = _Fresh()
        fresh.generation = generation
        fresh.chain = chain
        fresh.epoch = source.epoch
        fresh.salt = self._entropy.random(segments.SALT_BYTES)
        fresh.key_id = source.content_key(segments.KEY_ID_LABEL)[: segments.KEY_ID_BYTES]
        label = segments.label(self.partition.tag, generation, fresh.salt)
        fresh.key = source.content_key(label)
        return fresh

    def _forget(self) -> None:
        self._header = None
        self._key = b""
        self._index = []

    def _taken(self, plain_bytes: int) -> int:
        return pages_up(records.HEADER_BYTES + self._cipher.sealed_bytes(plain_bytes))

    def _record(self, kind: int, plain: bytes) -> "Step":
        header = self._header
        assert header is not None
        record = records.Record(kind, self.sequence, 0, 0, self.settled)
        data = records.encode(self._cipher, self._layout, header, self._key, record, plain)
        start = self.partition.segment_offset_bytes(header.slot) + self._offset_bytes
        self._offset_bytes += len(data)
        self.sequence += 1
        return (WRITE, start, data)
