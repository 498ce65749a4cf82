"""Traps of the two interpreters, each with the way round it that the core uses."""

import struct


def test_a_boolean_is_told_from_an_integer_by_identity():
    for value, is_flag in ((True, True), (False, True), (1, False), (0, False)):
        assert (value is True or value is False) == is_flag, value


def test_pack_is_only_used_after_the_range_was_checked():
    # MicroPython writes 300 in one byte as 44 without a word; CPython raises struct.error, which
    # MicroPython does not have.
    refusal = getattr(struct, "error", ValueError)
    try:
        packed = struct.pack(">B", 300)
    except refusal:
        packed = b"\x2c"
    assert packed == b"\x2c"


def test_to_bytes_takes_its_arguments_by_position():
    assert (0x0102).to_bytes(4, "big") == b"\x00\x00\x01\x02"
    assert int.from_bytes(b"\x01\x02", "big") == 0x0102


def test_keys_are_sorted_where_order_matters():
    # MicroPython does not keep the order of insertion.
    table = {"tilt": 1, "pan": 2, "zoom": 3}
    assert sorted(table) == ["pan", "tilt", "zoom"]


def test_slices_step_by_one_only():
    values = [10, 11, 12, 13, 14]
    assert [values[index] for index in range(0, len(values), 2)] == [10, 12, 14]


def test_a_slice_of_a_bytearray_is_cut_by_assignment():
    # `del data[0:2]` is missing on MicroPython.
    data = bytearray(b"\xff\x01abc")
    data = data[2:]
    assert bytes(data) == b"abc"


def test_the_length_of_an_integer_in_bits_is_counted_by_hand():
    # int.bit_length is missing on MicroPython.
    value, bits = 0x1FF, 0
    while value >> bits:
        bits += 1
    assert bits == 9


def test_big_integers_are_exact():
    prime = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
    assert pow(3, prime - 1, prime) == 1
    assert (1 << 62) * 4 + 1 == 0x1_0000_0000_0000_0001


def test_an_annotated_attribute_is_not_evaluated():
    class Sensor:
        def __init__(self) -> None:
            self.supply_mv: int | None = None

    assert Sensor().supply_mv is None


def test_what_the_system_refuses_is_an_os_error_with_a_number():
    # FileNotFoundError and its kin are missing on MicroPython; the numbers are the platform's.
    try:
        open("there/is/no/such/file", "rb").close()
    except OSError as error:
        assert error.args[0] > 0
    else:
        raise AssertionError("opened a file that is not there")


def test_text_is_padded_with_format():
    # str.zfill and str.ljust are missing on MicroPython.
    assert "%04d" % 7 == "0007"
    assert f"{7:04d}" == "0007"
    assert "".join("%02x" % byte for byte in b"\xff\x01") == "ff01"


def test_the_unit_of_integer_division_rounds_down_on_both():
    for numerator, want in ((-7, -4), (7, 3)):
        assert numerator // 2 == want, numerator
