"""NAL units survive every framing unchanged."""

from hypothesis import given
from hypothesis import strategies as st

from hal.linux import nal


def encode(payload):
    """Make a legal unit of any bytes: emulation prevention, and a last byte that is not 0."""
    out, zeros = bytearray(), 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return b"\x65" + bytes(out) + b"\x80"


UNITS = st.lists(st.binary(max_size=40).map(encode), min_size=1, max_size=6)


@given(UNITS, st.integers(0, 3))
def test_annex_b_and_lengths_give_the_same_units(units, zero_count):
    stream = b"".join(b"\x00" * zero_count + nal.SHORT_START_CODE + unit for unit in units)
    assert nal.split_annex_b(stream + b"\x00" * zero_count) == units
    assert nal.split_annex_b(nal.join_annex_b(units)) == units
    assert nal.split_lengths(nal.join_lengths(units), 4) == units
    for length_bytes in (2, 3):
        sample = b"".join(len(one).to_bytes(length_bytes, "big") + one for one in units)
        assert nal.split_lengths(sample, length_bytes) == units


@given(st.binary(max_size=200))
def test_junk_is_never_an_exception(data):
    nal.split_annex_b(data)
    for length_bytes in (1, 2, 4):
        nal.split_lengths(data, length_bytes)
    for codec in ("h264", "hevc"):
        nal.starts_picture(codec, nal.split_annex_b(data))
        nal.parameter_sets(codec, nal.split_annex_b(data))
        for extradata in (data, b"\x01" + data):
            nal.Framing(codec, extradata).units(data)


def test_the_records_of_mp4_give_their_parameter_sets():
    sps, pps, vps = b"\x67\x64\x00\x1e", b"\x68\xee", b"\x40\x01\x0c"
    avcc = b"\x01\x64\x00\x1e\xff\xe1\x00\x04" + sps + b"\x01\x00\x02" + pps
    framing = nal.Framing("h264", avcc)
    assert (framing.length_bytes, framing.sets) == (4, [sps, pps])
    hevc_sps, hevc_pps = b"\x42\x01\x01", b"\x44\x01\xc1"
    hvcc = b"\x01" + bytes(20) + b"\x03\x03"
    for kind, unit in ((32, vps), (33, hevc_sps), (34, hevc_pps)):
        hvcc += bytes([0x80 | kind]) + b"\x00\x01" + len(unit).to_bytes(2, "big") + unit
    framing = nal.Framing("hevc", hvcc)
    assert (framing.length_bytes, framing.sets) == (4, [vps, hevc_sps, hevc_pps])


def test_the_first_slice_of_a_picture_is_told_from_the_second():
    assert nal.starts_picture("h264", [b"\x67\x64", b"\x65\x88"])
    assert not nal.starts_picture("h264", [b"\x65\x0a"])
    assert not nal.starts_picture("h264", [b"\x06\x05"])
    assert nal.starts_picture("hevc", [b"\x26\x01\xaf"])
    assert not nal.starts_picture("hevc", [b"\x26\x01\x20"])
