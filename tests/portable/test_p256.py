"""Signatures made by another library verify, and nothing else does."""

import hashlib

from hal.micropython import p256

# (public key, data, signature); the first from RFC 6979, A.2.5, the others made by OpenSSL
VECTORS = (
    (
        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        b"sample",
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    (
        "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978"
        "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1",
        b"",
        "37b31b243069341ec366d82404b6fa54df90e5853d607da65beebe0a6f3a7281"
        "aaa319ac4db8d8d51c23e77d44b2301bdbdd994c80e51d925a3772a855a6a733",
    ),
    (
        "7e7b0d8f673309131bf0f59cef8d2ca806e89e3efdf00bc7858f925129888b03"
        "7e0e55adeaecfa9963cee7a758c0e454ad8f38a8775be3ae052a82522ae47f4d",
        b"permit",
        "2723d82141679bdf51779d8b8da5d84efd28a050c14e5d8c36b26093e0a41410"
        "6a72c13d52be162dd43e3a7174c29f55e4aa0ba50aada34b8ede948de7dea68b",
    ),
    (
        "3ed7a28ec648edce5d5b7e252f6b2aafbb44835114a24b3caa8f710f64993bc2"
        "5711a34cdc9229080b639f09977feb7ca91ecce1649bfea8ad85c72b206ade7e",
        bytes(range(40)),
        "c126162358663805d177ffedc92f434e67fa622f7a1d1d17f8bc926203e51977"
        "986f10281dd31780abc0328ac277386243ae0af7ae6ddf91fbc50cbee3d2bf6a",
    ),
)


def _vectors():
    for key, data, signature in VECTORS:
        yield bytes.fromhex(key), hashlib.sha256(data).digest(), bytes.fromhex(signature)


def test_good_signatures_verify():
    for key, digest, signature in _vectors():
        assert p256.verify(key, digest, signature), key


def test_a_touched_signature_fails():
    key, digest, signature = next(_vectors())
    for index in (0, 31, 32, 63):
        touched = bytearray(signature)
        touched[index] ^= 1
        assert not p256.verify(key, digest, bytes(touched)), index
    assert not p256.verify(key, bytes(32), signature)


def test_a_key_off_the_curve_fails():
    key, digest, signature = next(_vectors())
    for index in (0, 63):
        touched = bytearray(key)
        touched[index] ^= 1
        assert not p256.verify(bytes(touched), digest, signature), index
    assert not p256.verify(bytes(64), digest, signature)


def test_lengths_and_ranges_are_checked():
    key, digest, signature = next(_vectors())
    order = p256.N.to_bytes(32, "big")
    cases = (
        (key[:63], signature),
        (key, signature[:63]),
        (key, signature + b"\x00"),
        (key, bytes(32) + signature[32:]),
        (key, signature[:32] + bytes(32)),
        (key, order + signature[32:]),
        (key, signature[:32] + order),
    )
    for number, (one_key, one_signature) in enumerate(cases):
        assert not p256.verify(one_key, digest, one_signature), number


def test_the_same_point_twice_is_doubled():
    generator = (p256.GX, p256.GY, 1)
    x, y, z = p256._add(generator, generator)
    inverse = pow(z, p256.P - 2, p256.P)
    assert p256._double(generator) == (x, y, z)
    assert x * inverse * inverse % p256.P == (
        0x7CF27B188D034F7E8A52380304B51AC3C08969E277F21B35A60B48FC47669978
    )
    assert p256._add(generator, (p256.GX, p256.P - p256.GY, 1)) == p256.INFINITY
