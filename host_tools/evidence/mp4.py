"""Writes fragmented MP4 from samples, byte for byte as they came; nothing is decoded.

Source: ISO/IEC 14496-12 (boxes), 14496-14 (mp4a), 14496-15 (avc1); docs/formats/evidence.md.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import BinaryIO

from hal.api.media import StreamParameters
from host_tools.evidence.sample_entry import box, full_box, sample_entry

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TRACK = 1
_UNDETERMINED = 0x55C4
_SYNC = 0x02000000  # sample_depends_on = 2: decoding may start here
_NOT_SYNC = 0x01010000  # sample_depends_on = 1, is not a sync sample
_TRUN_FLAGS = 0x1 | 0x100 | 0x200 | 0x400 | 0x800
_DEFAULT_BASE_IS_MOOF = 0x20000


@dataclass(frozen=True)
class Sample:
    """One access unit in its place on the track's time.

    Attributes:
        data: its bytes.
        dts: decoding time in ticks from the start of the file; rises.
        cts: presentation time minus decoding time, ticks; may be negative.
        duration: ticks until the next sample.
        is_keyframe: decoding may start here.
    """

    data: bytes
    dts: int
    cts: int
    duration: int
    is_keyframe: bool


@dataclass(frozen=True)
class Fragment:
    """One fragment as it lies in the file: from where, how long, its hash in hex."""

    offset: int
    size_bytes: int
    sha256: str


class FragmentedWriter:
    """One track in one file.

    Args:
        file: opened for binary writing, at its start; the caller closes it.
        parameters: of the stream.
        side: a box to put behind the movie's; b"" for none.

    Raises:
        CodecError: the codec cannot be written.
    """

    def __init__(self, file: BinaryIO, parameters: StreamParameters, side: bytes = b"") -> None:
        self._file = file
        self._sequence = 0
        self._index: list[tuple[int, int]] = []
        self._offset = 0
        self._put(file_type() + movie([parameters]))
        self.side_offset = self._offset
        self._put(side)

    def write(self, samples: list[Sample]) -> Fragment:
        """Write one fragment: one sample or more without a gap, the first a keyframe."""
        self._sequence += 1
        self._index.append((samples[0].dts, self._offset))
        # The data's offset is known only when the length of the box before it is.
        fragment = self._fragment(samples, 0)
        fragment = self._fragment(samples, len(fragment) + 8)
        payload = b"".join(sample.data for sample in samples)
        start = self._offset
        data = fragment + struct.pack(">I4s", len(payload) + 8, b"mdat") + payload
        self._put(data)
        return Fragment(start, len(data), hashlib.sha256(data).hexdigest())

    def finish(self) -> None:
        """Write the index of fragments, so that players can seek."""
        self._put(index(self._index))

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._offset += len(data)

    def _fragment(self, samples: list[Sample], data_offset: int) -> bytes:
        rows = b"".join(
            struct.pack(
                ">IIIi",
                sample.duration,
                len(sample.data),
                _SYNC if sample.is_keyframe else _NOT_SYNC,
                sample.cts,
            )
            for sample in samples
        )
        run = full_box(
            b"trun", 1, _TRUN_FLAGS, struct.pack(">Ii", len(samples), data_offset), rows
        )
        traf = box(
            b"traf",
            full_box(b"tfhd", 0, _DEFAULT_BASE_IS_MOOF, struct.pack(">I", _TRACK)),
            full_box(b"tfdt", 1, 0, struct.pack(">Q", samples[0].dts)),
            run,
        )
        return box(b"moof", full_box(b"mfhd", 0, 0, struct.pack(">I", self._sequence)), traf)


def file_type() -> bytes:
    """What a file begins with."""
    return box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6isomavc1mp41")


def movie(tracks: list[StreamParameters]) -> bytes:
    """Tell how to decode each track; they are numbered from 1."""
    header = full_box(
        b"mvhd",
        0,
        0,
        struct.pack(">IIIIIH", 0, 0, 1000, 0, 0x10000, 0x100),
        bytes(10),
        _MATRIX,
        bytes(24),
        struct.pack(">I", len(tracks) + 1),
    )
    numbered = list(enumerate(tracks, _TRACK))
    extends = [
        full_box(b"trex", 0, 0, struct.pack(">IIIII", number, 1, 0, 0, 0))
        for number, _ in numbered
    ]
    told = [_track(number, parameters) for number, parameters in numbered]
    return box(b"moov", header, *told, box(b"mvex", *extends))


def index(times: list[tuple[int, int]]) -> bytes:
    """Tell where the first track's fragments are: (time in its ticks, offset), for seeking."""
    entries = b"".join(struct.pack(">QQBBB", dts, at, 1, 1, 1) for dts, at in times)
    table = full_box(b"tfra", 1, 0, struct.pack(">III", _TRACK, 0, len(times)), entries)
    length = 8 + len(table) + 16
    return box(b"mfra", table, full_box(b"mfro", 0, 0, struct.pack(">I", length)))


def _track(number: int, parameters: StreamParameters) -> bytes:
    is_picture = parameters.sample_rate_hz == 0
    header = full_box(
        b"tkhd",
        0,
        3,
        struct.pack(">IIIII", 0, 0, number, 0, 0),
        bytes(8),
        struct.pack(">hhhH", 0, 0, 0 if is_picture else 0x100, 0),
        _MATRIX,
        struct.pack(">II", parameters.width_px << 16, parameters.height_px << 16),
    )
    media_header = full_box(
        b"mdhd",
        0,
        0,
        struct.pack(">IIIIHH", 0, 0, parameters.timescale, 0, _UNDETERMINED, 0),
    )
    kind, name = (b"vide", b"Picture\0") if is_picture else (b"soun", b"Sound\0")
    handler = full_box(b"hdlr", 0, 0, struct.pack(">I4s", 0, kind), bytes(12), name)
    own = full_box(b"vmhd", 0, 1, bytes(8)) if is_picture else full_box(b"smhd", 0, 0, bytes(4))
    here = full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))
    tables = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), sample_entry(parameters)),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
    information = box(b"minf", own, box(b"dinf", here), tables)
    return box(b"trak", header, box(b"mdia", media_header, handler, information))
