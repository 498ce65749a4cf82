"""Checks of `hal.api.cipher`: published vectors, and that nothing touched is ever opened."""

from hal.api._typing import TYPE_CHECKING
from hal.api.cipher import SUITE_AES_256_CBC_HMAC, SUITE_AES_256_GCM, TAG_BYTES

if TYPE_CHECKING:
    from hal.api.cipher import Cipher, Entropy, Keys

# McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16
GCM_KEY = bytes.fromhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
GCM_NONCE = bytes.fromhex("cafebabefacedbaddecaf888")
GCM_AAD = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
GCM_PLAIN = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
GCM_SEALED = bytes.fromhex(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    "76fc6ece0f4e1768cddf8853bb2d551b"
)

# suite 2 with the key, nonce and aad above; computed with OpenSSL
CBC_SEALED = bytes.fromhex(
    "566b43b0bde822e39496554534f2d745cad33919cead08e089acae5126782e39"
    "a25bd6a70e918c43a217baf545b70f16997ff61de55a9b8fbbb99739effa12ef"
    "6be55118cba757a16745d27041236567"
)

# RFC 6979, A.2.5, P-256 with SHA-256, message "sample"
ES256_KEY = bytes.fromhex(
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
ES256_SIGNATURE = bytes.fromhex(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
)

SEALED = ((SUITE_AES_256_GCM, GCM_SEALED), (SUITE_AES_256_CBC_HMAC, CBC_SEALED))


def _flip(data: bytes, index: int) -> bytes:
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


def check_cipher_opens_both_suites_where_it_may(cipher: "Cipher") -> None:
    """Published records open; a platform without a suite says None, and has the other."""
    opened_count = 0
    for suite, sealed in SEALED:
        plain = cipher.unseal(suite, GCM_KEY, GCM_NONCE, GCM_AAD, sealed)
        assert plain in (GCM_PLAIN, None), suite
        assert plain is not None or suite != cipher.suite, suite
        opened_count += plain is not None
    assert opened_count >= 1


def check_cipher_opens_what_it_sealed(cipher: "Cipher") -> None:
    """Every length round a block comes back, and is as long as was said."""
    for size in (0, 1, 15, 16, 17, 4096):
        plain = bytes([size & 0xFF]) * size
        sealed = cipher.seal(GCM_KEY, GCM_NONCE, b"aad", plain)
        assert len(sealed) == cipher.sealed_bytes(size), size
        assert cipher.unseal(cipher.suite, GCM_KEY, GCM_NONCE, b"aad", sealed) == plain, size


def check_cipher_seals_where_it_lies(cipher: "Cipher") -> None:
    """Sealed in place is what `seal` gives, and no byte beside it is touched."""
    for size in (0, 1, 15, 16, 17, 4096):
        plain = bytes([size & 0xFF]) * size
        sealed = cipher.seal(GCM_KEY, GCM_NONCE, b"aad", plain)
        room = bytearray(b"\xee" * (3 + len(sealed) + 5))
        place = memoryview(room)[3 : 3 + len(sealed)]
        cipher.seal_into(GCM_KEY, GCM_NONCE, b"aad", plain, place)
        assert room == b"\xee" * 3 + sealed + b"\xee" * 5, size


def check_cipher_opens_nothing_touched(cipher: "Cipher") -> None:
    """One flipped bit anywhere, another key, nonce, aad, suite, or a cut: None, no exception."""
    suite = cipher.suite
    sealed = cipher.seal(GCM_KEY, GCM_NONCE, b"aad", b"footage of a lamp post")
    for index in range(len(sealed)):
        touched = _flip(sealed, index)
        assert cipher.unseal(suite, GCM_KEY, GCM_NONCE, b"aad", touched) is None, index
    for cut in range(len(sealed)):
        assert cipher.unseal(suite, GCM_KEY, GCM_NONCE, b"aad", sealed[:cut]) is None, cut
    assert cipher.unseal(suite, _flip(GCM_KEY, 0), GCM_NONCE, b"aad", sealed) is None
    assert cipher.unseal(suite, GCM_KEY, _flip(GCM_NONCE, 0), b"aad", sealed) is None
    assert cipher.unseal(suite, GCM_KEY, GCM_NONCE, b"aae", sealed) is None
    for other in (0, 3 - suite, 99):
        assert cipher.unseal(other, GCM_KEY, GCM_NONCE, b"aad", sealed) is None, other
    assert len(sealed) >= TAG_BYTES


def check_cipher_hashes_as_published(cipher: "Cipher") -> None:
    """FIPS 180-2 B.1 and RFC 4231, test cases 2 and 6 (a key longer than a block)."""
    cases = (
        (
            cipher.sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            cipher.hmac_sha256(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            cipher.hmac_sha256(
                b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First"
            ),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    )
    for got, want in cases:
        assert got == bytes.fromhex(want), want


def check_cipher_verifies_es256(cipher: "Cipher") -> None:
    """The signature of RFC 6979 is good; touched, foreign, short or empty it is not."""
    assert cipher.verify_es256(ES256_KEY, b"sample", ES256_SIGNATURE)
    assert not cipher.verify_es256(ES256_KEY, b"samplf", ES256_SIGNATURE)
    for index in (0, 31, 32, 63):
        assert not cipher.verify_es256(ES256_KEY, b"sample", _flip(ES256_SIGNATURE, index)), index
        assert not cipher.verify_es256(_flip(ES256_KEY, index), b"sample", ES256_SIGNATURE), index
    for bad in (b"", b"\x00" * 64, b"\xff" * 64, ES256_SIGNATURE[:63], ES256_SIGNATURE + b"\x00"):
        assert not cipher.verify_es256(ES256_KEY, b"sample", bad), bad
    assert not cipher.verify_es256(b"", b"sample", ES256_SIGNATURE)


def check_keys_are_named(
    keys: "Keys", cipher: "Cipher", key_id: bytes, secret: bytes, public_id: bytes, xy: bytes
) -> None:
    """A key is used by its id; an unknown id gives b"" and nothing else."""
    assert keys.mac(key_id, b"data") == cipher.hmac_sha256(secret, b"data")
    assert keys.mac(b"nobody", b"data") == b""
    assert keys.public_key(public_id) == xy
    assert keys.public_key(b"nobody") == b""
    assert keys.public_key(key_id) == b"", "a secret as a public key"


def check_entropy_is_fresh(entropy: "Entropy") -> None:
    """Every length from 1 to 64 is given, and no 16 bytes come twice."""
    for size in range(1, 65):
        assert len(entropy.random(size)) == size, size
    drawn = {entropy.random(16) for _ in range(200)}
    assert len(drawn) == 200
