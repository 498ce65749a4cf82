"""ECDSA verification over P-256 in plain integers: no secret passes here, so time may vary.

Points are in Jacobian coordinates (x, y, z); z 0 is the point at infinity. A signature costs one
interleaved walk over the 256 bits of both scalars.

Source: FIPS 186-5, section 6.4.2; SEC 2, section 2.4.2 (secp256r1).
"""

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
GY = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5
WORD_BYTES = 32
INFINITY = (1, 1, 0)


def verify(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    """Check an ECDSA signature.

    Args:
        public_key: x and y, 32 bytes each, big endian.
        digest: SHA-256 of what was signed, 32 bytes.
        signature: r and s, 32 bytes each, big endian.

    Returns:
        False for a wrong signature, a wrong length, or a key that is not on the curve.
    """
    if len(public_key) != 2 * WORD_BYTES or len(signature) != 2 * WORD_BYTES:
        return False
    key_x, key_y = _pair(public_key)
    if key_x >= P or key_y >= P or (key_y * key_y - (key_x * key_x - 3) * key_x - B) % P:
        return False
    r, s = _pair(signature)
    if not 0 < r < N or not 0 < s < N:
        return False
    inverse = pow(s, N - 2, N)
    scalar_g = int.from_bytes(digest, "big") * inverse % N
    scalar_key = r * inverse % N
    x, _, z = _walk(scalar_g, scalar_key, (key_x, key_y, 1))
    if not z:
        return False
    return x * pow(z * z % P, P - 2, P) % P % N == r


def _pair(data: bytes) -> "tuple[int, int]":
    """Read two big-endian words."""
    return int.from_bytes(data[:WORD_BYTES], "big"), int.from_bytes(data[WORD_BYTES:], "big")


def _walk(scalar_g: int, scalar_key: int, key: "tuple[int, int, int]") -> "tuple[int, int, int]":
    """Compute scalar_g * G + scalar_key * key, both scalars in one pass from the top bit."""
    generator = (GX, GY, 1)
    sums = (INFINITY, generator, key, _add(generator, key))
    point = INFINITY
    for shift in range(255, -1, -1):
        point = _double(point)
        index = (scalar_g >> shift & 1) | (scalar_key >> shift & 1) << 1
        if index:
            point = _add(point, sums[index])
    return point


def _double(point: "tuple[int, int, int]") -> "tuple[int, int, int]":
    """Double a point; the curve's a is -3."""
    x, y, z = point
    if not z or not y:
        return INFINITY
    z_squared = z * z % P
    y_squared = y * y % P
    s = 4 * x * y_squared % P
    m = 3 * (x - z_squared) * (x + z_squared) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * y_squared * y_squared) % P, 2 * y * z % P


def _add(first: "tuple[int, int, int]", second: "tuple[int, int, int]") -> "tuple[int, int, int]":
    """Add two points, whichever they are."""
    x1, y1, z1 = first
    x2, y2, z2 = second
    if not z1:
        return second
    if not z2:
        return first
    z1_squared = z1 * z1 % P
    z2_squared = z2 * z2 % P
    u1, u2 = x1 * z2_squared % P, x2 * z1_squared % P
    s1, s2 = y1 * z2 * z2_squared % P, y2 * z1 * z1_squared % P
    if u1 == u2:
        return _double(first) if s1 == s2 else INFINITY
    h = (u2 - u1) % P
    r = (s2 - s1) % P
    h_squared = h * h % P
    h_cubed = h * h_squared % P
    v = u1 * h_squared % P
    x3 = (r * r - h_cubed - 2 * v) % P
    return x3, (r * (v - x3) - s1 * h_cubed) % P, h * z1 * z2 % P
