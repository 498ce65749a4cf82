"""Puts pictures and sound into one file, where a request asks for both together.

The fragments of the two files are copied as they are; in the sound's the track's number and its
place on the common time are changed, and in all of them the fragment's number.
"""

import hashlib
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hal.api.media import StreamParameters
from host_tools.evidence.errors import JoinError
from host_tools.evidence.mp4 import file_type, index, movie
from host_tools.evidence.onvif import OnvifSigner
from host_tools.evidence.track import FileRecord, Group, TrackWriter

JOINED = "joined"
# Where in a fragment of ours the values are: moof 8, mfhd 16, traf 8, tfhd 16, tfdt 20.
_SEQUENCE_AT, _TRACK_AT, _TIME_AT = 20, 44, 60
_PICTURE, _SOUND = 1, 2


def join(
    folder: Path,
    camera: str,
    picture: TrackWriter,
    sound: TrackWriter,
    onvif: OnvifSigner | None = None,
) -> list[dict[str, Any]]:
    """Write one file of both for each file of pictures.

    Args:
        folder: of the export; both tracks are complete in it.
        camera: starts the files' names.
        picture: the pictures.
        sound: the sound.
        onvif: signs each file by ONVIF too; None for files without its boxes.

    Returns:
        their entries for the manifest.

    Raises:
        JoinError: the sound is in more than one file, because its parameters changed.
    """
    if len(sound.files) != 1:
        raise JoinError(
            f"the sound of {camera} changed its parameters and is in {len(sound.files)} files; "
            "ask without one file of both"
        )
    entries: list[dict[str, Any]] = []
    spoken = _Half(sound.files[0], sound.parameters[0], sound.groups)
    for at, film in enumerate(picture.files):
        end_utc_ms = picture.files[at + 1].first_utc_ms if at + 1 < len(picture.files) else None
        pictures = [group for group in picture.groups if group.file == film.name]
        sounds = [
            group
            for group in sound.groups
            if (at == 0 or group.first_utc_ms >= film.first_utc_ms)
            and (end_utc_ms is None or group.first_utc_ms < end_utc_ms)
        ]
        seen = _Half(film, picture.parameters[at], pictures)
        name = f"{camera}-{JOINED}-{at + 1}.mp4"
        halves = (seen, replace(spoken, groups=sounds))
        entries.append(_write(folder / name, *halves, onvif))
        entries[-1]["stream"] = f"{camera}/{JOINED}"
    return entries


@dataclass(frozen=True)
class _Half:
    """One of the two tracks: its file, how to decode it, and the groups that are wanted."""

    file: FileRecord
    parameters: StreamParameters
    groups: list[Group]


def _write(path: Path, seen: _Half, spoken: _Half, onvif: OnvifSigner | None) -> dict[str, Any]:
    both = [(group.first_utc_ms, _PICTURE, group) for group in seen.groups]
    both += [(group.first_utc_ms, _SOUND, group) for group in spoken.groups]
    both.sort(key=lambda entry: entry[:2])
    origin_utc_ms = both[0][0]
    shifts = {
        track: (half.file.first_utc_ms - origin_utc_ms) * half.parameters.timescale // 1000
        for track, half in ((_PICTURE, seen), (_SOUND, spoken))
    }
    times: list[tuple[int, int]] = []
    starts = [(half.file.stream, origin_utc_ms) for half in (seen, spoken)]
    meta = onvif.meta(starts) if onvif is not None else b""
    with (
        path.open("x+b") as out,
        path.with_name(seen.file.name).open("rb") as film_file,
        path.with_name(spoken.file.name).open("rb") as sound_file,
    ):
        out.write(file_type() + movie([seen.parameters, spoken.parameters]))
        meta_offset = out.tell()
        out.write(meta)
        for number, (_, track, group) in enumerate(both, 1):
            source = film_file if track == _PICTURE else sound_file
            source.seek(group.offset)
            data = bytearray(source.read(group.bytes))
            time = max(0, int.from_bytes(data[_TIME_AT : _TIME_AT + 8], "big") + shifts[track])
            struct.pack_into(">I", data, _SEQUENCE_AT, number)
            struct.pack_into(">I", data, _TRACK_AT, track)
            struct.pack_into(">Q", data, _TIME_AT, time)
            if track == _PICTURE:
                times.append((time, out.tell()))
            out.write(data)
        out.write(index(times))
        if onvif is not None:
            onvif.sign(out, meta_offset, meta)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "name": path.name,
        "codec": f"{seen.file.codec}+{spoken.file.codec}",
        "first_utc_ms": origin_utc_ms,
        "last_utc_ms": max(seen.file.last_utc_ms, both[-1][0]),
        "parameters_sha256": seen.file.parameters_sha256,
        "unit_count": sum(group.unit_count for _, _, group in both),
        "bytes": path.stat().st_size,
        "sha256": digest,
    }
