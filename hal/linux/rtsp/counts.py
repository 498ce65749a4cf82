"""What was wrong with the packets of a picture track, by the names that telemetry uses."""

from hal.linux.rtsp.picture_track import PictureTrack
from hal.linux.rtsp.session import Session


def picture_counts(track: PictureTrack, session: Session | None) -> dict[str, int]:
    """List the counts of one opening; see docs/guides/cameras.md for each."""
    found = {
        "changes": track.change_count,
        "damaged": track.damaged_count,
        "headless": track.bare_keyframe_count,
        "jumps": track.jump_count,
        "late_packets": track.late_count,
        "lost_packets": track.lost_count,
        "marker_lies": track.marker_lie_count,
        "restarts": track.restart_count,
        "skipped": track.skipped_count,
        "stray_packets": track.stray_count,
    }
    if session is not None:
        found["malformed"] = session.malformed_count()
        found["reordered"] = session.reordered_count()
        found["strangers"] = session.stranger_count
        found["unanswered"] = session.unanswered_count
    return found
