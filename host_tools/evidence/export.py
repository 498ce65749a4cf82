"""Exports a camera and a range: native footage, hashes, gaps, and who asked for what reason.

Source: docs/formats/evidence.md.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.cbor.encode import dumps
from firmware.keys.ratchet import EPOCH_MS, LIFE_MS, epoch_of
from host_tools.evidence.errors import (
    EmptyError,
    ExistsError,
    NoKeyError,
    NoStreamError,
    RangeError,
    SoundError,
)
from host_tools.evidence.moment import iso
from host_tools.evidence.pool import KeyBox, PoolFile
from host_tools.evidence.timeline import Timeline
from host_tools.evidence.track import Selected, Selector, TrackWriter

PICTURE_CHAIN = "picture"
SOUND_CHAIN = "sound:"
MANIFEST_VERSION = 1

Release = Callable[[str, int, int], dict[int, bytes]]
"""(chain, first epoch, last epoch) to {epoch: S(epoch)}; refuses with an error of its own."""


@dataclass(frozen=True)
class ExportRequest:
    """What is asked for, by whom and why.

    Attributes:
        camera: its name, such as "dome-1".
        from_utc_ms: start of the range.
        to_utc_ms: its end, not included.
        person: who asks.
        purpose: 1 to 14, from the closed list.
        reason: in words.
        case: number of the case.
        unit: the unit that must own the pool; "" takes any.
        place: where the camera is, for the manifest.
        with_sound: sound is asked for too.
        sound_reason: why; needed with sound.
        grant: id of the grant that the sound was recorded under; needed with sound.
        earlier_epochs: also ask for the keys of so many epochs before the range: for the keyframe
            before it, and for a unit whose epochs lagged behind.
    """

    camera: str
    from_utc_ms: int
    to_utc_ms: int
    person: str
    purpose: int
    reason: str
    case: str
    unit: str = ""
    place: str = ""
    with_sound: bool = False
    sound_reason: str = ""
    grant: str = ""
    earlier_epochs: int = 1


@dataclass
class ExportResult:
    """What was exported.

    Attributes:
        folder: where it is.
        files: paths of the footage, pictures first.
        manifest: as in docs/formats/evidence.md.
        unit_count: access units written.
        gap_count: gaps told in the manifest.
        damaged_record_count: records that could not be read.
    """

    folder: Path
    files: list[Path]
    manifest: dict[str, Any]
    unit_count: int = 0
    gap_count: int = 0
    damaged_record_count: int = 0


@dataclass
class _Work:
    """What is gathered on the way."""

    files: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    gaps: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    qualities: set[int] = field(default_factory=set[int])
    rebased_count: int = 0
    damaged_count: int = 0


def export(
    pool_path: Path, release: Release, request: ExportRequest, out_dir: Path
) -> ExportResult:
    """Export footage into a new folder.

    Args:
        pool_path: the pool; the unit may be writing to it.
        release: hands over epoch secrets; what it refuses is not caught here.
        request: what, for whom and why.
        out_dir: must not exist; is there only when the export is complete.

    Raises:
        ExistsError: the folder exists.
    """
    _check(request)
    if out_dir.exists():
        raise ExistsError(f"{out_dir} exists already; name a folder that does not")
    partial = out_dir.with_name(out_dir.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with PoolFile(pool_path, request.unit) as pool:
            work = _Work()
            _stream(pool, release, request, (partial, PICTURE_CHAIN, "picture", ""), work)
            if request.with_sound:
                chain = SOUND_CHAIN + request.grant
                _stream(pool, release, request, (partial, chain, "sound", "-sound"), work)
            manifest = _manifest(pool, request, work)
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (partial / "manifest.json").write_text(text, "utf-8")
        (partial / "manifest.cbor").write_bytes(dumps(manifest))
        partial.rename(out_dir)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return ExportResult(
        out_dir,
        [out_dir / file["name"] for file in work.files],
        manifest,
        sum(file["unit_count"] for file in work.files),
        len(work.gaps),
        work.damaged_count,
    )


def _check(request: ExportRequest) -> None:
    span_ms = request.to_utc_ms - request.from_utc_ms
    if span_ms <= 0:
        raise RangeError(
            f"the range ends at {iso(request.to_utc_ms)}, which is not after its start "
            f"{iso(request.from_utc_ms)}"
        )
    if span_ms > LIFE_MS:
        raise RangeError("the range is longer than 31 days; nothing is kept longer")
    if request.with_sound and not (request.sound_reason and request.grant):
        raise SoundError(
            "sound is handed over only with a reason of its own and the id of the grant it was "
            "recorded under (C43); give both, or leave sound out"
        )


def _stream(
    pool: PoolFile,
    release: Release,
    request: ExportRequest,
    names: tuple[Path, str, str, str],
    work: _Work,
) -> None:
    folder, chain, kind, suffix = names
    stream = f"{request.camera}/{kind}"
    partition = pool.layout.find(pool.cipher, stream)
    if partition is None:
        raise NoStreamError(
            f"the pool of unit {pool.layout.unit} has no partition for {stream!r}; check the "
            "camera's name in the unit's configuration"
        )
    keys = KeyBox()
    first = max(0, epoch_of(request.from_utc_ms) - request.earlier_epochs)
    keys.add(release(chain, first, epoch_of(request.to_utc_ms - 1)))
    reader = pool.reader(keys)
    timeline = Timeline(reader, reader.segments(partition))
    if timeline.is_empty():
        raise NoKeyError(_why_no_key(stream, request))
    selector = Selector(request.from_utc_ms, request.to_utc_ms)
    track = TrackWriter(folder, request.camera + suffix, stream)
    try:
        for piece in timeline.pieces(request.from_utc_ms, request.to_utc_ms):
            for chosen in selector.take(piece):
                track.write(chosen)
                _note(work, stream, chosen)
    finally:
        track.close()
    if not track.files:
        raise EmptyError(
            f"nothing of {stream} was recorded from {iso(request.from_utc_ms)} to "
            f"{iso(request.to_utc_ms)}, or it has been overwritten; ask for another range"
        )
    track.mark_edges(request.from_utc_ms, request.to_utc_ms)
    work.damaged_count += reader.damaged_count
    work.files.extend(_file_entry(file.__dict__) for file in track.files)
    work.gaps.extend(
        {"stream": stream, "from_utc_ms": start, "to_utc_ms": end, "cause": cause}
        for start, end, cause in track.gaps
    )


def _why_no_key(stream: str, request: ExportRequest) -> str:
    dead_ms = (epoch_of(request.to_utc_ms - 1)) * EPOCH_MS + LIFE_MS
    return (
        f"no key was released that opens anything of {stream} in this range; from {iso(dead_ms)} "
        "on all of it is dead (31 days); before that the keyholder must hold its chain, and the "
        "unit must have recorded under it"
    )


def _file_entry(values: dict[str, Any]) -> dict[str, Any]:
    entry = dict(values)
    entry["bytes"] = entry.pop("size_bytes")
    return entry


def _note(work: _Work, stream: str, chosen: Selected) -> None:
    piece = chosen.piece
    now_ms, utc_ms, quality = piece.block.stamp
    work.qualities.add(quality)
    work.rebased_count += piece.is_rebased()
    work.records.append(
        {
            "stream": stream,
            "generation": piece.generation,
            "sequence": piece.sequence,
            "boot": piece.info.boot,
            "now_ms": now_ms,
            "utc_ms": utc_ms,
            "quality": quality,
            "unit_count": len(chosen.units),
            "sha256": chosen.sha256(),
        }
    )


def _manifest(pool: PoolFile, request: ExportRequest, work: _Work) -> dict[str, Any]:
    return {
        "format": "lamppost evidence",
        "version": MANIFEST_VERSION,
        "unit": pool.layout.unit,
        "pool": pool.layout.uuid.hex(),
        "place": request.place,
        "camera": request.camera,
        "person": request.person,
        "purpose": request.purpose,
        "reason": request.reason,
        "case": request.case,
        "sound": {
            "asked": request.with_sound,
            "reason": request.sound_reason,
            "grant": request.grant,
        },
        "asked": {"from_utc_ms": request.from_utc_ms, "to_utc_ms": request.to_utc_ms},
        "clock": {
            "lowest_quality": min(work.qualities),
            "highest_quality": max(work.qualities),
            "rebased_record_count": work.rebased_count,
        },
        "files": work.files,
        "gaps": work.gaps,
        "records": work.records,
        "damaged_record_count": work.damaged_count,
    }
