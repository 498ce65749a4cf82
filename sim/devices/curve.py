"""P-256 signatures in plain integers, so that a simulated unit can check real permits.

Slow (about 10 ms a signature) and not constant in time: for the simulator only. Nonces come from
the key and the message, so the same permit has the same bytes in every run.

Source: FIPS 186-5, section 6.4; SP 800-186, curve P-256.
"""

import hashlib

from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    Point = tuple[int, int] | None

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
COORDINATE_BYTES = 32


def public_key(secret: int) -> bytes:
    """Find the public key of a secret, x and y, 64 bytes."""
    point = _times(secret, G)
    assert point is not None
    return _wide(point[0]) + _wide(point[1])


def sign(secret: int, digest: bytes) -> bytes:
    """Sign a SHA-256 digest; returns r and s, 64 bytes."""
    wanted = int.from_bytes(digest, "big")
    seed = _wide(secret) + digest
    while True:
        seed = hashlib.sha256(seed).digest()
        nonce = int.from_bytes(seed, "big") % N
        point = _times(nonce, G) if nonce else None
        if point is None:
            continue
        r = point[0] % N
        s = _inverse(nonce, N) * (wanted + r * secret) % N
        if r and s:
            return _wide(r) + _wide(s)


def verify(key: bytes, digest: bytes, signature: bytes) -> bool:
    """Check a signature over a SHA-256 digest; a malformed key or signature is simply wrong."""
    if len(key) != 2 * COORDINATE_BYTES or len(signature) != 2 * COORDINATE_BYTES:
        return False
    point = _number(key, 0), _number(key, 1)
    r, s = _number(signature, 0), _number(signature, 1)
    if not (0 < r < N and 0 < s < N) or not _is_on_curve(point):
        return False
    inverse = _inverse(s, N)
    wanted = int.from_bytes(digest, "big")
    found = _plus(_times(wanted * inverse % N, G), _times(r * inverse % N, point))
    return found is not None and found[0] % N == r


def _wide(value: int) -> bytes:
    return value.to_bytes(COORDINATE_BYTES, "big")


def _number(data: bytes, index: int) -> int:
    return int.from_bytes(data[index * COORDINATE_BYTES : (index + 1) * COORDINATE_BYTES], "big")


def _inverse(value: int, modulus: int) -> int:
    return pow(value, modulus - 2, modulus)


def _is_on_curve(point: "tuple[int, int]") -> bool:
    x, y = point
    return x < P and y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def _plus(left: "Point", right: "Point") -> "Point":
    if left is None:
        return right
    if right is None:
        return left
    if left[0] == right[0]:
        if (left[1] + right[1]) % P == 0:
            return None
        slope = (3 * left[0] * left[0] + A) * _inverse(2 * left[1], P) % P
    else:
        slope = (right[1] - left[1]) * _inverse((right[0] - left[0]) % P, P) % P
    x = (slope * slope - left[0] - right[0]) % P
    return x, (slope * (left[0] - x) - left[1]) % P


def _times(factor: int, point: "Point") -> "Point":
    total: Point = None
    while factor:
        if factor & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        factor >>= 1
    return total
