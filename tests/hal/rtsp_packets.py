"""A camera on paper: packets made by the RFCs, and the answers of a server around them."""

import struct

from hal.linux.rtsp.sdp import parse

# 322x242, as x264 and x265 wrote them
SPS = bytes.fromhex("6742c00dd90150878888c044000003000400000300c83c50a920")
PPS = bytes.fromhex("68cb83cb20")
VPS5 = bytes.fromhex("40010c01ffff01600000030090000003000003003c959809")
SPS5 = bytes.fromhex(
    "42010101600000030090000003000003003ca00a480f9c9265959a4932bc05a02000000300200000030321"
)
PPS5 = bytes.fromhex("4401c172b46240")
URL = "rtsp://127.0.0.1/cam"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=cam\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
    "a=control:stream=0\r\n"
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\n"
    "a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408\r\n"
    "a=control:stream=1\r\n"
)


def media(text=SDP, index=0):
    return parse(text.encode())[0][index]


def rtp(sequence, ticks, payload, marker=False, payload_type=96, ssrc=7):
    head = (0x80, payload_type | marker << 7, sequence & 0xFFFF, ticks & 0xFFFFFFFF, ssrc)
    return struct.pack(">BBHII", *head) + payload


def stap_a(units):
    return b"\x18" + b"".join(struct.pack(">H", len(unit)) + unit for unit in units)


def fu_a(unit, size):
    """Cut an H.264 unit into payloads of at most so many bytes of it."""
    body = unit[1:]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    heads = [unit[0] & 0x1F] * len(pieces)
    heads[0] |= 0x80
    heads[-1] |= 0x40
    first = unit[0] & 0xE0 | 28
    return [bytes((first, head)) + piece for head, piece in zip(heads, pieces, strict=True)]


def fu_hevc(unit, size):
    body = unit[2:]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    heads = [unit[0] >> 1 & 0x3F] * len(pieces)
    heads[0] |= 0x80
    heads[-1] |= 0x40
    first = unit[0] & 0x81 | 49 << 1
    return [
        bytes((first, unit[1], head)) + piece for head, piece in zip(heads, pieces, strict=True)
    ]


def ap_hevc(units):
    return b"\x60\x01" + b"".join(struct.pack(">H", len(unit)) + unit for unit in units)


def picture(kind, size, index, first_slice=True):
    """A slice of so many bytes that differ from picture to picture."""
    body = bytes((index * 7 + at) % 255 + 1 for at in range(size))
    return bytes((0x60 | kind, 0x88 if first_slice else 0x20)) + body


def framed(packet, channel=0):
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet


def answer(number, headers="", body=b"", status="200 OK"):
    head = f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{headers}"
    head += f"Content-Length: {len(body)}\r\n" if body else ""
    return head.encode() + b"\r\n" + body


def stream(group_count=2, pictures=5):
    """Packets of a film; returns them and the units of each picture."""
    packets, want, sequence = [], [], 65_530
    for index in range(group_count * pictures):
        ticks = 0xFFFF_0000 + index * 3600
        is_key = index % pictures == 0
        one, two = [picture(5 if is_key else 1, 90, index, first) for first in (True, False)]
        sei = b"\x06\x05\x03abc\x80"
        payloads = [stap_a([b"\x09\x10", SPS, PPS, sei])] if is_key else [b"\x09\x10", sei]
        units = [b"\x09\x10", SPS, PPS, sei] if is_key else [b"\x09\x10", sei]
        payloads += [*fu_a(one, 40), two]
        for at, payload in enumerate(payloads):
            packets.append(rtp(sequence, ticks, payload, at == len(payloads) - 1))
            sequence += 1
        want.append([*units, one, two])
    return packets, want
