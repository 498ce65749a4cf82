"""The codec agrees with cbor2, which is not ours, on everything that both can carry."""

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.cbor.decode import loads
from firmware.cbor.encode import Tag, dumps
from firmware.cbor.utf8 import is_utf8
from firmware.errors import RemoteProtocolError

INTEGERS = st.integers(-(2**64), 2**64 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LEAVES = st.one_of(INTEGERS, TEXTS, st.binary(max_size=300), st.booleans(), st.none())


def _one_level(inner):
    # Keys of one kind: cbor2 orders keys of different kinds by length first, as RFC 7049 did.
    kinds = (st.integers(0, 2**64 - 1), st.integers(-(2**64), -1), TEXTS, st.binary())
    maps = [st.dictionaries(keys, inner, max_size=5) for keys in kinds]
    return st.one_of(st.lists(inner, max_size=5), *maps)


VALUES = st.recursive(LEAVES, _one_level, max_leaves=20)


def _depth(value):
    if isinstance(value, dict):
        return 1 + max([_depth(item) for item in value.values()] + [1])
    if isinstance(value, list):
        return 1 + max([_depth(item) for item in value] + [0])
    return 1


@given(VALUES.filter(lambda value: _depth(value) <= 8))
@settings(max_examples=400, deadline=None)
def test_cbor2_writes_the_same_bytes(value):
    data = dumps(value)
    assert data == cbor2.dumps(value, canonical=True)
    assert loads(data) == value
    assert cbor2.loads(data) == value


@given(st.integers(2**20, 2**64 - 1), st.lists(st.binary(max_size=40), max_size=4))
def test_tags_agree(number, value):
    data = dumps(Tag(number, value))
    assert data == cbor2.dumps(cbor2.CBORTag(number, value), canonical=True)
    assert loads(data) == Tag(number, value)


@given(st.binary(max_size=60))
@settings(max_examples=2000, deadline=None)
def test_any_bytes_are_refused_or_mean_to_cbor2_what_they_mean_to_us(data):
    try:
        value = loads(data)
    except RemoteProtocolError:
        return
    assert dumps(value) == data
    if not _has_tag(value):
        assert cbor2.loads(data) == value


@given(st.binary(max_size=12))
@settings(max_examples=3000, deadline=None)
def test_utf8_is_judged_as_python_judges_it(data):
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        assert not is_utf8(data)
    else:
        assert is_utf8(data)


def test_every_sequence_of_two_and_three_bytes_is_judged_as_python_judges_it():
    for first in range(0xC0, 0x100):
        for second in range(0x100):
            for rest in (b"", b"\x7f", b"\x80", b"\xbf", b"\xc0", b"\x80\x80", b"\xbf\xbf"):
                data = bytes([first, second]) + rest
                try:
                    data.decode("utf-8")
                    is_good = True
                except UnicodeDecodeError:
                    is_good = False
                assert is_utf8(data) == is_good, data.hex()


def _has_tag(value):
    if isinstance(value, Tag):
        return True
    if isinstance(value, dict):
        return any(_has_tag(item) for item in value.values())
    return isinstance(value, list) and any(_has_tag(item) for item in value)
