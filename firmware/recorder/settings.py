"""What the recorder is told to keep to, and what it tells of a stream."""


class RecorderSettings:
    """How much the recorder may keep in memory.

    Args:
        record_bytes_max: a record is made when so many bytes are held; 4 KiB to 16 MiB.
        memory_bytes_max: for all streams together; beyond it whole groups of pictures are left
            out and counted.
        index_key: 32 bytes from the unit's key store, for the notes of docs/formats/ring.md; b""
            where there is none (then the oldest second held is unknown after a restart).
    """

    __slots__ = ("index_key", "memory_bytes_max", "record_bytes_max")

    def __init__(
        self,
        record_bytes_max: int = 262_144,
        memory_bytes_max: int = 67_108_864,
        index_key: bytes = b"",
    ) -> None:
        self.record_bytes_max = record_bytes_max
        self.memory_bytes_max = memory_bytes_max
        self.index_key = index_key


class StreamState:
    """What can be told of one stream.

    Attributes:
        is_recording: the stream is open and a record was settled within the last 10 s.
        recorded_bytes: settled in this boot.
        fill_permille: how much of its partition has been used.
        oldest_utc_ms: the oldest second held; 0 when not known.
        dropped_count: units left out for want of memory, key or keyframe.
        segment_count: segments opened in this boot.
    """

    __slots__ = (
        "dropped_count",
        "fill_permille",
        "is_recording",
        "oldest_utc_ms",
        "recorded_bytes",
        "segment_count",
    )

    def __init__(self) -> None:
        self.is_recording = False
        self.recorded_bytes = 0
        self.fill_permille = 0
        self.oldest_utc_ms = 0
        self.dropped_count = 0
        self.segment_count = 0
