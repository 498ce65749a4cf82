"""One encoding for each value: the same bytes on both interpreters, and no other is taken in."""

from firmware.cbor.decode import ITEM_COUNT_MAX, loads
from firmware.cbor.encode import Tag, dumps
from firmware.errors import LocalProtocolError, RemoteProtocolError

# RFC 8949, appendix A: every example that this profile has a place for.
RFC_8949 = (
    (0, "00"),
    (1, "01"),
    (10, "0a"),
    (23, "17"),
    (24, "1818"),
    (25, "1819"),
    (100, "1864"),
    (1000, "1903e8"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-18446744073709551616, "3bffffffffffffffff"),
    (-1, "20"),
    (-10, "29"),
    (-100, "3863"),
    (-1000, "3903e7"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (Tag(0, "2013-03-21T20:04:00Z"), "c074323031332d30332d32315432303a30343a30305a"),
    (Tag(1, 1363896240), "c11a514b67b0"),
    (Tag(23, b"\x01\x02\x03\x04"), "d74401020304"),
    (Tag(24, b"dIETF"), "d818456449455446"),
    (b"", "40"),
    (b"\x01\x02\x03\x04", "4401020304"),
    ("", "60"),
    ("a", "6161"),
    ("IETF", "6449455446"),
    ('"\\', "62225c"),
    ("\u00fc", "62c3bc"),
    ("\u6c34", "63e6b0b4"),
    ("\U00010151", "64f0908591"),
    ([], "80"),
    ([1, 2, 3], "83010203"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ({}, "a0"),
    ({1: 2, 3: 4}, "a201020304"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    (["a", {"b": "c"}], "826161a161626163"),
)
# RFC 8949, 4.2.1: keys by their encoded bytes, not by their length first.
ORDERED = {"aa": 1, 100: 2, -1: 3, "z": 4, b"": 5, 10: 6}
ORDERED_HEX = "a60a061864022003400561" + "7a04" + "62616101"
REFUSED = (
    ("", "nothing"),
    ("1801", "one in two bytes"),
    ("190017", "23 in three bytes"),
    ("1900ff", "255 in three bytes"),
    ("1a0000ffff", "65535 in five bytes"),
    ("1b00000000ffffffff", "2**32-1 in nine bytes"),
    ("5801ff", "length in two bytes"),
    ("3800", "minus one in two bytes"),
    ("d80101", "tag in two bytes"),
    ("1c", "reserved head"),
    ("1d", "reserved head"),
    ("1e", "reserved head"),
    ("1f", "indefinite integer"),
    ("5f4101ff", "indefinite bytes"),
    ("7f6161ff", "indefinite text"),
    ("9f01ff", "indefinite array"),
    ("bf0102ff", "indefinite map"),
    ("ff", "break"),
    ("f90000", "half float"),
    ("fa47c35000", "single float"),
    ("fb3ff199999999999a", "double float"),
    ("f7", "undefined"),
    ("f0", "simple value 16"),
    ("f814", "false in two bytes"),
    ("a201020103", "key twice"),
    ("a203040102", "keys out of order"),
    ("a2616101186402", "text before integer"),
    ("a1f501", "boolean key"),
    ("a1f601", "null key"),
    ("a1800101", "array key"),
    ("0000", "byte after the end"),
    ("61", "text cut"),
    ("62c328", "bad second byte"),
    ("62c080", "over-long NUL"),
    ("63e08080", "over-long in three"),
    ("63eda080", "surrogate"),
    ("64f0808080", "over-long in four"),
    ("64f4908080", "past the last code point"),
    ("61ff", "no first byte"),
    ("61c3", "sequence cut by the length"),
    ("6180", "lone second byte"),
    ("5bffffffffffffffff", "forged length of bytes"),
    ("7bffffffffffffffff00", "forged length of text"),
    ("9bffffffffffffffff", "forged length of array"),
    ("bbffffffffffffffff", "forged length of map"),
    ("9a0fffffff00", "forged length of array"),
    ("818181818181818100", "nine levels"),
    ("a100a100a100a100a100a100a100a10000", "nine levels of maps"),
)


def is_refused(data):
    """Tell whether the decoder refuses bytes."""
    try:
        loads(data)
    except RemoteProtocolError:
        return True
    return False


def test_examples_of_the_standard_both_ways():
    for value, text in RFC_8949:
        data = bytes.fromhex(text)
        assert dumps(value) == data, text
        back = loads(data)
        assert back == value, text
        assert (back is True) == (value is True), text


def test_map_keys_are_in_the_order_of_their_bytes():
    assert dumps(ORDERED).hex() == ORDERED_HEX
    assert loads(bytes.fromhex(ORDERED_HEX)) == ORDERED


def test_every_other_encoding_is_refused():
    for text, why in REFUSED:
        assert is_refused(bytes.fromhex(text)), (text, why)


def test_eight_levels_are_enough_and_nine_are_not():
    assert loads(bytes.fromhex("8181818181818100")) == [[[[[[[0]]]]]]]
    assert dumps([[[[[[[0]]]]]]]).hex() == "8181818181818100"
    for value in ([[[[[[[[0]]]]]]]], [[[[[[[Tag(1, 0)]]]]]]]):
        try:
            dumps(value)
        except LocalProtocolError:
            continue
        raise AssertionError(value)


def test_a_text_cut_anywhere_is_refused():
    data = dumps({1: [Tag(18, b"\x00\x01"), "\u00e9 \u6c34", -70000], "k": {2: None}})
    for cut in range(len(data)):
        assert is_refused(data[:cut]), cut
    assert not is_refused(data)


def test_what_is_taken_in_is_given_back_byte_for_byte():
    seed = 20_261_124
    base = dumps({1: [1, -2, b"ab", "cd", True], 2: {3: 300, 4: None}, 9: Tag(17, [b"", "x"])})
    taken_count = 0
    for turn in range(1500):
        data = bytearray(base)
        for _ in range(1 + turn % 3):
            seed = (seed * 1_103_515_245 + 12_345) & 0x7FFFFFFF
            data[(seed >> 8) % len(data)] = (seed >> 16) & 0xFF
        if not is_refused(bytes(data)):
            taken_count += 1
            assert dumps(loads(data)) == bytes(data), (turn, data.hex())
    assert taken_count > 0


def test_what_has_no_place_is_refused_before_it_is_sent():
    for value in (
        1.5,
        2**64,
        -(2**64) - 1,
        {1.5: 1},
        {None: 1},
        {True: 1},
        {(1, 2): 1},
        object(),
        chr(0xD800),
        {chr(0xDFFF): 1},
        {1: {2: [3.0]}},
        Tag(-1, 0),
        Tag(2**64, 0),
    ):
        try:
            dumps(value)
        except LocalProtocolError:
            continue
        raise AssertionError(repr(value))


def test_buffers_and_tuples_are_encoded_as_what_they_hold():
    assert dumps(bytearray(b"ab")) == dumps(memoryview(b"ab")) == dumps(b"ab")
    assert dumps((1, 2)) == dumps([1, 2])
    assert loads(bytearray(b"\x01")) == loads(memoryview(b"\x01")) == 1


def test_tags_are_compared_by_number_and_value():
    assert Tag(1, [2]) == Tag(1, [2])
    assert Tag(1, 2) != Tag(2, 2)
    assert Tag(1, 2) != 2
    assert len({Tag(1, 2), Tag(1, 2)}) == 1
    assert repr(Tag(1, "x")) == "Tag(1, 'x')"


def test_more_items_than_the_limit_are_refused():
    assert ITEM_COUNT_MAX == 0x10000
    assert not is_refused(b"\x99\xff\xff" + bytes(0xFFFF))
    assert is_refused(b"\x9a\x00\x01\x00\x00" + bytes(0x10000))
