"""Access units of H.264 and H.265 out of RTP: whole pictures, byte for byte as the camera coded.

A picture is all packets of one time. The marker says that it is complete, but cameras also set it
on every slice, so a picture is handed on only when another time begins, or when a batch of packets
ends with a marker; a camera found lying about it is not believed again.

Survives: several slices, parameter sets that are repeated, or sent under a time of their own, or
only in the SDP; fragments without a beginning or an end; aggregates that overrun. A picture of
which a part is missing is left out and counted, and after a keyframe its whole group.

Source: RFC 6184 sections 5.3 to 5.8, RFC 7798 section 4.4.
"""

from collections.abc import Callable
from struct import Struct

from hal.api.media import AccessUnit, StreamParameters
from hal.linux.nal import (
    join_annex_b,
    parameter_sets,
    starts_picture,
    unit_type,
)
from hal.linux.rtsp.decode_times import DecodeTimes
from hal.linux.rtsp.rtp import RtpTrack
from hal.linux.rtsp.sdp import Media
from hal.linux.rtsp.sps import picture_size
from hal.linux.rtsp.wire import DOLLAR, FRAME_HEAD_BYTES

UNIT_BYTES_MAX = 8 << 20
PIECE_COUNT_MAX = 20_000
FIRST_BYTES = 8  # of a fragment, enough to tell what its unit is
SEQUENCE_SET = {"h264": 7, "hevc": 33}

Deliver = Callable[[AccessUnit], None]


class PictureTrack(RtpTrack):
    """What both codecs have in common.

    Args:
        codec: "h264" or "hevc".
        media: the track on offer.
        sets: parameter sets that the SDP told.
        deliver: called with each whole picture.
    """

    SLICES: frozenset[int]
    KEYFRAMES: frozenset[int]
    MIDDLE: Struct
    """Frame mark, size, first bits with number, time and source with what begins a fragment."""

    def __init__(self, codec: str, media: Media, sets: list[bytes], deliver: Deliver) -> None:
        super().__init__(media)
        self.parameters: StreamParameters | None = None
        self.skipped_count = 0
        """Whole pictures left out because the keyframe that they rest on was damaged."""
        self.marker_lie_count = 0
        self.change_count = 0
        """How often the parameter sets became others."""
        self.bare_keyframe_count = 0
        """Keyframes that cannot be decoded, because no parameter set was seen yet."""
        self._codec = codec
        self._timescale = media.clock_hz
        self._sets = parameter_sets(codec, sets)
        self._deliver = deliver
        self._times = DecodeTimes()
        self._units: list[bytes] = []  # of a unit that came in fragments only the first bytes
        self._pieces: list[bytes] = []  # all of them, each behind its length
        self._parts: list[bytes] | None = None
        self._middle = b""  # what every further fragment of the open unit begins with
        self._byte_count = 0
        self._piece_count = 0
        self._begun_ms = -1
        self._is_ended = False  # a marker came
        self._is_damaged = False
        self._is_cut = False  # packets are missing before the next picture
        self._is_doubtful = True  # its beginning may be missing
        self._is_waiting = False  # for a keyframe, because the last one was damaged

    def kinds_of(self, units: list[bytes]) -> set[int]:
        """List the types of the units."""
        raise NotImplementedError

    def flush(self) -> None:
        """Hand on the picture that a marker ended."""
        is_whole = self._is_ended and self._parts is None
        if is_whole and self._units and not self.marker_lie_count:
            self._finish()

    def on_marker(self) -> None:
        """The picture is complete, unless more of the same time follows."""
        self._is_ended = True

    def on_gap(self) -> None:
        """What is open lacks a part, and the next picture may lack its beginning."""
        if not self._is_ended and (self._units or self._parts is not None):
            self._is_damaged = True
        self._is_cut = True

    def on_new_ticks(self) -> None:
        """Another picture begins."""
        if self._units or self._parts is not None or self._is_damaged:
            self._finish()
        self._is_ended = False
        self._is_doubtful, self._is_cut = self._is_cut, False
        self._begun_ms = self.now_ms

    def run(self, data: bytes, at: int, end: int, channel: int) -> int:
        """Take the fragments in the middle of a unit, nine packets of ten, with little ado.

        Each is like the one before, all but its number; the first that is not ends the run.
        """
        parts = self._parts
        if parts is None:
            return at
        unpack, head_bytes = self.MIDDLE.unpack_from, self.MIDDLE.size
        append, begin, before_count = parts.append, at, len(parts)
        frame, like = DOLLAR << 8 | channel, self.moment + self._middle
        word = (0x8000 | self.payload_type) << 16 | self.next_sequence
        while end - at > head_bytes:
            mark, size, numbered, alike = unpack(data, at)
            stop = at + FRAME_HEAD_BYTES + size
            if numbered != word or alike != like or mark != frame or stop > end:
                break
            append(data[at + head_bytes : stop])
            word = (word & ~0xFFFF) | ((word + 1) & 0xFFFF)
            at = stop
        count = len(parts) - before_count
        self.next_sequence = word & 0xFFFF
        self.packet_count += count
        self._piece_count += count
        self._byte_count += at - begin
        self._has_room(b"")
        return at

    def add(self, unit: bytes) -> None:
        """Add a whole NAL unit to the picture."""
        if self._parts is not None:  # a fragment that never ended
            self.spoil()
            self._parts = None
        if self._is_ended:
            self._note_lie()
        if self._has_room(unit):
            self._units.append(unit)
            self._pieces += (len(unit).to_bytes(4, "big"), unit)

    def begin(self, head: bytes, middle: bytes, piece: bytes) -> None:
        """Begin a NAL unit that comes in fragments, each later one behind `middle`."""
        if self._parts is not None:
            self.spoil()
        if self._is_ended:
            self._note_lie()
        self._parts = [head, piece]
        self._middle = middle
        self._has_room(piece)

    def go_on(self, piece: bytes) -> None:
        """Take another fragment."""
        if self._parts is None:
            self.spoil()  # its beginning is missing
        elif self._has_room(piece):
            self._parts.append(piece)

    def end(self) -> None:
        """The fragment just taken was the last of its NAL unit."""
        parts, self._parts = self._parts, None
        if parts is None:
            return
        first = parts[0] + parts[1][:FIRST_BYTES]
        if parameter_sets(self._codec, [first]):
            first = b"".join(parts)
        self._units.append(first)
        self._pieces.append(sum(map(len, parts)).to_bytes(4, "big"))
        self._pieces += parts

    def aggregate(self, data: bytes, at: int, end: int) -> None:
        """Take NAL units behind their lengths of two bytes."""
        while at + 2 <= end:
            size = data[at] << 8 | data[at + 1]
            at += 2
            if not size or at + size > end:
                break
            self.add(data[at : at + size])
            at += size
        if at != end:
            self.spoil()

    def spoil(self) -> None:
        """The picture at hand lacks a part, or holds one that makes no sense."""
        self.malformed_count += 1
        self._is_damaged = True

    def _note_lie(self) -> None:
        """More came behind a marker, under the same time."""
        self._is_ended = False
        if not self._units:
            self.marker_lie_count += 1

    def _has_room(self, piece: bytes) -> bool:
        self._byte_count += len(piece)
        self._piece_count += 1
        if self._byte_count <= UNIT_BYTES_MAX and self._piece_count <= PIECE_COUNT_MAX:
            return True
        self.spoil()
        self._units, self._pieces, self._parts = [], [], None
        return False

    def _finish(self) -> None:
        """Judge the picture at hand, and hand it on if it is whole."""
        units, pieces = self._units, self._pieces
        is_damaged = self._is_damaged or self._parts is not None
        kinds = self.kinds_of(units)
        if not is_damaged and kinds.isdisjoint(self.SLICES):
            if len(units) < PIECE_COUNT_MAX // 2:
                return  # parameter sets under a time of their own: part of what follows
            is_damaged = True
        if self._is_doubtful and not is_damaged:
            is_damaged = not starts_picture(self._codec, units)
        is_keyframe = self.is_keyframe(kinds, units)
        self._units, self._pieces, self._parts = [], [], None
        self._byte_count = self._piece_count = 0
        self._is_damaged = self._is_doubtful = False
        if is_damaged:
            self.damaged_count += 1
            self._is_waiting = self._is_waiting or is_keyframe
            return
        self._is_waiting = self._is_waiting and not is_keyframe
        if self._is_waiting:
            self.skipped_count += 1
            return
        self._hand_on(units, b"".join(pieces), is_keyframe)

    def _hand_on(self, units: list[bytes], data: bytes, is_keyframe: bool) -> None:
        if is_keyframe:
            self._look(units)
            if self.parameters is None:
                self.bare_keyframe_count += 1
                is_keyframe = False
        drained_ms = self._begun_ms if self._begun_ms >= 0 else self.now_ms
        begun_ms = self.arrived_ms(self.ticks, drained_ms)
        dts = self._times.next(self.ticks)
        self.unit_count += 1
        self._deliver(AccessUnit(data, begun_ms, self.ticks, dts, is_keyframe))

    def is_keyframe(self, kinds: set[int], units: list[bytes]) -> bool:
        """Tell whether decoding can begin here."""
        del units
        return not kinds.isdisjoint(self.KEYFRAMES)

    def _look(self, units: list[bytes]) -> None:
        """Follow the parameter sets; kinds that a keyframe does not bring stay as they were."""
        found = parameter_sets(self._codec, units)
        brought = {unit_type(self._codec, unit) for unit in found}
        kept = [unit for unit in self._sets if unit_type(self._codec, unit) not in brought]
        whole = list(dict.fromkeys([*found, *kept]))
        whole.sort(key=lambda unit: unit_type(self._codec, unit))
        if self.parameters is not None and whole == self._sets:
            return
        wanted = SEQUENCE_SET[self._codec]
        sequence = next((one for one in whole if unit_type(self._codec, one) == wanted), None)
        if sequence is None:
            return
        self._sets = whole
        self.change_count += self.parameters is not None
        size = picture_size(self._codec, sequence)
        extradata = join_annex_b(whole)
        self.parameters = StreamParameters(self._codec, self._timescale, extradata, *size)
