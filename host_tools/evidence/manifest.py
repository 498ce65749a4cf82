"""What the manifest of an export says. Source: docs/formats/evidence.md, "Manifest"."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from firmware.policy.rules import PURPOSES
from host_tools.cmc.footage import Footage
from host_tools.evidence.errors import PapersError
from host_tools.evidence.pool import PoolFile
from host_tools.evidence.track import Selected, TrackWriter

VERSION = 3
_OFFSET_STEP_MS = 10
Fields = Mapping[str, object]


@dataclass(frozen=True)
class Papers:
    """By what right this footage was recorded and is exported.

    Attributes:
        owner: owner and controller, of the permit.
        permit: its id.
        place: its place.
        responsible: its responsible officer.
        request: who asked and when: id, sha256, utc_ms, person, role.
        review: who accepted it: sha256, utc_ms, person, role, reason.
        export: who exports and for how long: utc_ms, person, role, retention, review_on.
        camera_clock: how far the camera's own clock was ahead: utc_ms and offset_ms of each.
    """

    owner: str
    permit: str
    place: str
    responsible: str
    request: Fields
    review: Fields
    export: Fields
    camera_clock: Sequence[Fields] = ()

    def check(self) -> None:
        """Refuse an export that does not say whose footage it is."""
        for name in ("owner", "permit", "place"):
            if not str(getattr(self, name)).strip():
                raise PapersError(
                    f"the export has no {name} (C04); give the unit's permit with --permit"
                )


@dataclass
class Gathered:
    """What is gathered while the footage is copied."""

    files: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    groups: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    gaps: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    clocks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    certificate_sha256: str = ""  # that signed the files by ONVIF
    rebased_count: int = 0
    damaged_count: int = 0

    def note(self, stream: str, chosen: Selected) -> None:
        """Note one record of the ring that gave something."""
        piece = chosen.piece
        now_ms, utc_ms, quality = piece.block.stamp
        self.rebased_count += piece.is_rebased()
        self._note_clock(piece.info.boot, (now_ms, utc_ms, quality))
        self.records.append(
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

    def add_track(self, stream: str, track: TrackWriter) -> None:
        """Take what a finished track wrote."""
        for record in track.files:
            entry = asdict(record)
            entry["bytes"] = entry.pop("size_bytes")
            self.files.append(entry)
        self.groups.extend(asdict(group) for group in track.groups)
        self.gaps.extend(
            {"stream": stream, "from_utc_ms": start, "to_utc_ms": end, "cause": cause}
            for start, end, cause in track.gaps
        )

    def _note_clock(self, boot: int, stamp: tuple[int, int, int]) -> None:
        now_ms, utc_ms, quality = stamp
        offset_ms = utc_ms - now_ms if quality else 0
        last = self.clocks[-1] if self.clocks else None
        if (
            last is None
            or (last["boot"], last["quality"]) != (boot, quality)
            or abs(last["offset_ms"] - offset_ms) >= _OFFSET_STEP_MS
        ):
            self.clocks.append(
                {"boot": boot, "now_ms": now_ms, "quality": quality, "offset_ms": offset_ms}
            )


def manifest(pool: PoolFile, footage: Footage, papers: Papers, got: Gathered) -> dict[str, Any]:
    """Put the manifest together; whole numbers, text, lists and maps only."""
    qualities = [clock["quality"] for clock in got.clocks]
    return {
        "format": "lamppost evidence",
        "version": VERSION,
        "owner": papers.owner,
        "copyright": (
            f"Property and copyright of {papers.owner}. Given out for the purpose named here and "
            "for no other; who holds a copy is controller of it."
        ),
        "permit": papers.permit,
        "place": papers.place,
        "responsible": papers.responsible,
        "unit": pool.layout.unit,
        "pool": pool.layout.uuid.hex(),
        "camera": footage.camera,
        "case": footage.case,
        "purpose": footage.purpose,
        "purpose_text": PURPOSES[footage.purpose - 1],
        "reason": footage.reason,
        "request": dict(papers.request),
        "review": dict(papers.review),
        "export": dict(papers.export),
        "sound": {
            "asked": footage.with_sound,
            "reason": footage.sound_reason,
            "grant": footage.grant,
            "joined": footage.is_joined,
        },
        "asked": {"from_utc_ms": footage.from_utc_ms, "to_utc_ms": footage.to_utc_ms},
        "clock": {
            "lowest_quality": min(qualities),
            "highest_quality": max(qualities),
            "rebased_record_count": got.rebased_count,
            "offsets": got.clocks,
            "camera": [dict(entry) for entry in papers.camera_clock],
        },
        "onvif": {
            "signed": bool(got.certificate_sha256),
            "certificate_sha256": got.certificate_sha256,
        },
        "files": got.files,
        "groups": got.groups,
        "gaps": got.gaps,
        "records": got.records,
        "damaged_record_count": got.damaged_count,
    }
