"""Hashes and codes agree with their standards on both interpreters."""

from hal.micropython.cipher import BoardCipher, is_same

# RFC 4231: (key, data, HMAC-SHA256)
CODES = (
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
)


def test_codes_agree_with_the_standard():
    cipher = BoardCipher()
    for key, data, code in CODES:
        assert cipher.hmac_sha256(key, data) == bytes.fromhex(code), key


def test_the_hash_of_nothing_is_the_known_one():
    want = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert BoardCipher().sha256(b"") == bytes.fromhex(want)


def test_sealed_length_is_a_whole_number_of_blocks_and_a_tag():
    cipher = BoardCipher()
    for plain_bytes, sealed_bytes in ((0, 32), (1, 32), (15, 32), (16, 48), (100, 128)):
        assert cipher.sealed_bytes(plain_bytes) == sealed_bytes, plain_bytes


def test_another_suite_or_a_stump_is_not_opened():
    cipher = BoardCipher()
    key, nonce = bytes(32), bytes(12)
    assert cipher.unseal(1, key, nonce, b"", bytes(32)) is None
    for length_bytes in (0, 1, 16, 17, 33):
        assert cipher.unseal(2, key, nonce, b"", bytes(length_bytes)) is None, length_bytes
    assert cipher.unseal(2, key, nonce, b"", bytes(32)) is None


def test_codes_are_compared_whole():
    assert is_same(b"abc", b"abc")
    for other in (b"abz", b"Abc", b"ab", b"abcd"):
        assert not is_same(b"abc", other), other
