"""Drops what waits in memory for a medium that hangs, once its epoch and the grace are over.

Should the medium have taken it after all, it can be read there; it counts as missing.
"""

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.recorder.epochs import Epochs
    from firmware.recorder.stream import Stream


def expire(stream: "Stream", epochs: "Epochs", now_ms: int) -> int:
    """Drop what is over of one stream; returns how many records that were to be."""
    items = [entry[1] for entry in stream.unsettled] + stream.queue
    over = {item.key for item in items if epochs.is_over(item.key, now_ms)}
    stream.unsettled = [entry for entry in stream.unsettled if entry[1].key not in over]
    stream.queue = [item for item in stream.queue if item.key not in over]
    rest = [entry[1] for entry in stream.unsettled] + stream.queue
    stream.unsettled_bytes = sum(entry[1].memory_bytes() for entry in stream.unsettled)
    stream.queued_bytes = sum(len(item.payload) for item in stream.queue)
    if rest:
        rest[0].is_cut = True
    else:
        stream.is_cut = stream.has_gap = True
    return len(items) - len(rest)
