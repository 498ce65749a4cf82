"""Writes one stream of an export: selected units, file by file, with their hashes and gaps."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from hal.api.media import AccessUnit, StreamParameters
from host_tools.evidence.mp4 import FragmentedWriter, Sample
from host_tools.evidence.onvif import OnvifSigner
from host_tools.evidence.timeline import Piece

_JUMP_MS = 10_000
_EDGE_MS = 2_000
NO_FOOTAGE = "no_footage"


@dataclass
class FileRecord:
    """One file of an export, as it stands in the manifest."""

    name: str
    stream: str
    codec: str
    first_utc_ms: int
    parameters_sha256: str
    last_utc_ms: int = 0
    unit_count: int = 0
    size_bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class Group:
    """One fragment of a file: a group of pictures, or about a second of sound."""

    file: str
    offset: int
    bytes: int
    sha256: str
    first_utc_ms: int
    unit_count: int


@dataclass
class Selected:
    """What one record gave to the export."""

    piece: Piece
    units: list[AccessUnit] = field(default_factory=list[AccessUnit])

    def sha256(self) -> str:
        """Hash of the units' bytes in order."""
        digest = hashlib.sha256()
        for unit in self.units:
            digest.update(unit.data)
        return digest.hexdigest()


class Selector:
    """Picks the units of a range: from the last keyframe at or before its start to its end."""

    def __init__(self, from_utc_ms: int, to_utc_ms: int) -> None:
        self._from_utc_ms = from_utc_ms
        self._to_utc_ms = to_utc_ms
        self._waiting: list[Selected] = []
        self.has_begun = False

    def take(self, piece: Piece) -> list[Selected]:
        """Take the next record; returns what is now sure to be in the range."""
        if piece.gap_cause:
            self._waiting = []
        now = Selected(piece)
        ready: list[Selected] = []
        for unit in piece.block.units:
            utc_ms = piece.utc_ms(unit)
            if utc_ms >= self._to_utc_ms:
                break
            if not self.has_begun and unit.is_keyframe and utc_ms <= self._from_utc_ms:
                self._waiting = []
                now = Selected(piece)
            if not self.has_begun and not (now.units or self._waiting or unit.is_keyframe):
                continue
            now.units.append(unit)
            if utc_ms >= self._from_utc_ms and not self.has_begun:
                self.has_begun = True
                ready, self._waiting = self._waiting, []
        if not now.units:
            return ready
        if not self.has_begun:
            self._waiting.append(now)
            return ready
        return [*ready, now]


class TrackWriter:
    """Writes the selected units of one stream.

    Args:
        folder: where the files go.
        stem: start of their names.
        stream: its name.
        onvif: signs each file by ONVIF too; None for files without its boxes.
    """

    def __init__(
        self, folder: Path, stem: str, stream: str, onvif: OnvifSigner | None = None
    ) -> None:
        self._onvif = onvif
        self._meta = b""
        self._folder = folder
        self._stem = stem
        self._stream = stream
        self._file: BinaryIO | None = None
        self._writer: FragmentedWriter | None = None
        self._parameters = StreamParameters("", 1)
        self._held: list[tuple[AccessUnit, int]] = []  # unit, its dts in the file
        self._held_utc_ms = 0  # of the first of them
        self._origin_utc_ms = 0
        self._shift = 0
        self._usual_ticks = 0
        self._last: tuple[AccessUnit, int] | None = None  # unit, its UTC
        self.files: list[FileRecord] = []
        self.parameters: list[StreamParameters] = []  # of each file
        self.groups: list[Group] = []
        self.gaps: list[tuple[int, int, str]] = []

    def write(self, chosen: Selected) -> None:
        """Write what one record gave."""
        parameters = chosen.piece.info.parameters
        cause = chosen.piece.gap_cause
        first = chosen.units[0]
        if cause and self._last is not None:
            self.gaps.append((self._last[1], chosen.piece.utc_ms(first), cause))
        if self._writer is None or not _is_same(self._parameters, parameters):
            self._begin(parameters, chosen.piece.utc_ms(first), first.dts)
        for unit in chosen.units:
            self._add(unit, chosen.piece.utc_ms(unit), bool(cause) and unit is first)

    def close(self) -> None:
        """Finish the file in work and hash it."""
        if self._file is None or self._writer is None:
            return
        self._flush(None)
        self._writer.finish()
        if self._onvif is not None:
            self._onvif.sign(self._file, self._writer.side_offset, self._meta)
        self._file.close()
        self._file = None
        record = self.files[-1]
        path = self._folder / record.name
        record.size_bytes = path.stat().st_size
        with path.open("rb") as file:
            record.sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def mark_edges(self, from_utc_ms: int, to_utc_ms: int) -> None:
        """Tell of footage missing at the ends of the range, beyond 2 s."""
        if not self.files or self._last is None:
            return
        first_utc_ms = self.files[0].first_utc_ms
        if first_utc_ms - from_utc_ms > _EDGE_MS:
            self.gaps.insert(0, (from_utc_ms, first_utc_ms, NO_FOOTAGE))
        if to_utc_ms - self._last[1] > _EDGE_MS:
            self.gaps.append((self._last[1], to_utc_ms, NO_FOOTAGE))

    def _begin(self, parameters: StreamParameters, utc_ms: int, dts: int) -> None:
        self.close()
        name = f"{self._stem}-{len(self.files) + 1}.mp4"
        digest = hashlib.sha256(parameters.extradata).hexdigest()
        self.files.append(FileRecord(name, self._stream, parameters.codec, utc_ms, digest))
        self.parameters.append(parameters)
        self._parameters = parameters
        self._file = (self._folder / name).open("x+b")
        self._meta = self._onvif.meta([(self._stream, utc_ms)]) if self._onvif else b""
        self._writer = FragmentedWriter(self._file, parameters, self._meta)
        self._origin_utc_ms = utc_ms
        self._shift = -dts
        self._usual_ticks = 0
        self._held = []
        self._last = None

    def _add(self, unit: AccessUnit, utc_ms: int, is_new_run: bool) -> None:
        timescale = self._parameters.timescale
        last = self._last
        if last is not None and (is_new_run or self._jumps(last[0], unit)):
            self._flush(None)
            wanted = (utc_ms - self._origin_utc_ms) * timescale // 1000
            at_least = last[0].dts + self._shift + self._usual_ticks
            self._shift = max(wanted, at_least) - unit.dts
        dts = unit.dts + self._shift
        if self._held and unit.is_keyframe and dts - self._held[0][1] >= timescale:
            self._flush(dts)
        if not self._held:
            self._held_utc_ms = utc_ms
        self._held.append((unit, dts))
        self._last = (unit, utc_ms)
        record = self.files[-1]
        record.last_utc_ms = utc_ms
        record.unit_count += 1

    def _jumps(self, last: AccessUnit, unit: AccessUnit) -> bool:
        """Tell whether decoding times began anew: they and the unit's clock disagree."""
        step_ms = (unit.dts - last.dts) * 1000 // self._parameters.timescale
        passed_ms = unit.now_ms - last.now_ms
        return step_ms < 0 or abs(step_ms - passed_ms) > _JUMP_MS

    def _flush(self, next_dts: int | None) -> None:
        """Write a fragment; the last sample lasts until `next_dts`, or as long as usual."""
        if not self._held or self._writer is None:
            return
        samples: list[Sample] = []
        for at, (unit, dts) in enumerate(self._held):
            following = self._held[at + 1][1] if at + 1 < len(self._held) else next_dts
            lasts_ticks = self._usual_ticks if following is None else following - dts
            self._usual_ticks = lasts_ticks
            samples.append(
                Sample(bytes(unit.data), dts, unit.pts - unit.dts, lasts_ticks, unit.is_keyframe)
            )
        part = self._writer.write(samples)
        name = self.files[-1].name
        self.groups.append(
            Group(name, part.offset, part.size_bytes, part.sha256, self._held_utc_ms, len(samples))
        )
        self._held = []


def _is_same(one: StreamParameters, other: StreamParameters) -> bool:
    return (one.codec, one.timescale, one.extradata, one.width_px, one.height_px) == (
        other.codec,
        other.timescale,
        other.extradata,
        other.width_px,
        other.height_px,
    ) and (one.sample_rate_hz, one.channel_count) == (other.sample_rate_hz, other.channel_count)
