"""The boxes that tell a player how to decode a track."""

import struct

from hal.api.media import StreamParameters
from host_tools.evidence import hevc
from host_tools.evidence.errors import CodecError

_SPS_H264, _PPS_H264 = 7, 8
_PROFILE_BYTES = 4
_DPI_72 = 0x480000


def box(kind: bytes, *parts: bytes) -> bytes:
    """Make a box of its parts."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Make a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def sample_entry(parameters: StreamParameters) -> bytes:
    """Make the sample entry of a stream; CodecError where it cannot be written."""
    codec = parameters.codec
    if codec == "h264":
        return _visual(b"avc1", parameters, _avc_configuration(parameters.extradata))
    if codec == "hevc":
        sets = hevc.configuration(split_annex_b(parameters.extradata))
        return _visual(b"hev1", parameters, box(b"hvcC", sets))
    if codec == "jpeg":
        return _visual(b"jpeg", parameters, b"")
    return _sound_entry(parameters)


def _sound_entry(parameters: StreamParameters) -> bytes:
    codec = parameters.codec
    if codec == "aac":
        return _audio(b"mp4a", parameters, _elementary_stream(parameters.extradata))
    if codec == "opus":
        # Version, channels, samples to leave out at the start, rate, gain, mapping family.
        fields = (0, parameters.channel_count, 0, parameters.sample_rate_hz, 0, 0)
        return _audio(b"Opus", parameters, box(b"dOps", struct.pack(">BBHIhB", *fields)))
    if codec in {"alaw", "ulaw"}:
        return _audio(codec.encode(), parameters, b"")
    if codec == "s16le":
        return _audio(b"sowt", parameters, b"")
    raise CodecError(
        f"footage of codec {codec!r} cannot be exported by this version; "
        "it can: h264, hevc, jpeg, aac, opus, alaw, ulaw, s16le"
    )


def split_annex_b(data: bytes) -> list[bytes]:
    """Split parameter sets at their start codes."""
    return [part.rstrip(b"\0") for part in data.split(b"\0\0\1") if part.strip(b"\0")]


def _visual(kind: bytes, parameters: StreamParameters, configuration: bytes) -> bytes:
    fixed = struct.pack(
        ">HHIIIH", parameters.width_px, parameters.height_px, _DPI_72, _DPI_72, 0, 1
    )
    tail = bytes(32) + struct.pack(">Hh", 24, -1)
    return box(kind, bytes(6) + b"\0\1" + bytes(16), fixed, tail, configuration)


def _audio(kind: bytes, parameters: StreamParameters, configuration: bytes) -> bytes:
    rate = min(parameters.sample_rate_hz, 0xFFFF)
    fixed = struct.pack(">HHHHI", parameters.channel_count, 16, 0, 0, rate << 16)
    return box(kind, bytes(6) + b"\0\1" + bytes(8), fixed, configuration)


def _avc_configuration(extradata: bytes) -> bytes:
    units = split_annex_b(extradata)
    sps = [unit for unit in units if unit[0] & 0x1F == _SPS_H264]
    pps = [unit for unit in units if unit[0] & 0x1F == _PPS_H264]
    if not sps or not pps or len(sps[0]) < _PROFILE_BYTES:
        raise CodecError("the recorded parameters have no SPS or no PPS: players cannot start")
    head = bytes([1, *sps[0][1:_PROFILE_BYTES], 0xFF, 0xE0 | len(sps)])
    return box(
        b"avcC",
        head,
        *[struct.pack(">H", len(unit)) + unit for unit in sps],
        bytes([len(pps)]),
        *[struct.pack(">H", len(unit)) + unit for unit in pps],
    )


def _elementary_stream(config: bytes) -> bytes:
    decoder = b"\x40\x15\0\0\0" + struct.pack(">II", 0, 0) + _descriptor(5, config)
    stream = b"\0\1\0" + _descriptor(4, decoder) + _descriptor(6, b"\2")
    return full_box(b"esds", 0, 0, _descriptor(3, stream))


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes([tag, 0x80, 0x80, 0x80, len(body)]) + body
