#!/usr/bin/env python3
"""Checks the signatures of an ONVIF export file with nothing but Python 3.9 or later.

    python3 verify_onvif.py FILE [FINGERPRINT]

FINGERPRINT is the SHA-256 of the signer's certificate (DER) as the release note gives it: without
it only the certificate in the file vouches for the file. Ends with 0 when every signature is good,
1 when one is not, 2 when it could not be checked.

What is checked: RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 20 bytes over the whole
file with the signature taken as zeros; for a file that was signed again later, each signature over
the file as it was then. Not checked: who issued the certificate, and whether it has expired.

Source: ONVIF Export File Format Specification 26.06; RFC 8017 section 9.1; X.690.
"""

import hashlib
import sys
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 8
SALT_BYTES = 20
HASH_BYTES = 32
CHUNK_BYTES = 1 << 20
META_BYTES_MAX = 1 << 22
KEY_BITS_MIN = 2048
OEFF = bytes.fromhex("6f65666600010000")
RSA_ALGORITHM = bytes.fromhex("06092a864886f70d010101")
SEQUENCE, INTEGER, BIT_STRING, VERSION = 0x30, 0x02, 0x03, 0xA0
GOOD, NOT_GOOD, NOT_CHECKED = 0, 1, 2
ARGUMENT_COUNT_MAX = 2


class BadError(Exception):
    """Something is not as it was signed, or not as it must be."""


def boxes(data: bytes, at: int, end: int) -> "list[tuple[bytes, int, int, int]]":
    """List the boxes of a part: (kind, start, start of the content, end)."""
    found: list[tuple[bytes, int, int, int]] = []
    while at < end:
        size = int.from_bytes(data[at : at + 4], "big")
        if size < HEAD_BYTES or at + size > end:
            raise BadError("a box has a length that cannot be")
        found.append((data[at + 4 : at + 8], at, at + HEAD_BYTES, at + size))
        at += size
    return found


def one(found: "list[tuple[bytes, int, int, int]]", kind: bytes) -> "tuple[int, int, int]":
    """Give the only box of a kind: (start, start of the content, end)."""
    spans = [span[1:] for span in found if span[0] == kind]
    if len(spans) != 1:
        raise BadError(f"there are {len(spans)} boxes {kind.decode()!r}; there must be one")
    return spans[0]


def find_meta(file: BinaryIO) -> "tuple[int, bytes]":
    """Find the meta box of the file: its offset, and all of it."""
    file.seek(0, 2)
    end, at = file.tell(), 0
    found: tuple[int, bytes] | None = None
    while at < end:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size < HEAD_BYTES or at + size > end:
            raise BadError("the file is cut short, or is no MP4")
        if head[4:8] == b"meta":
            if found or size > META_BYTES_MAX:
                raise BadError("there is more than one meta box, or it is too long")
            file.seek(at)
            found = at, file.read(size)
        at += size
    if found is None:
        raise BadError("there is no meta box: it is no ONVIF export")
    return found


class Signing:
    """One signature of a file, and the meta box as it was when it was made."""

    def __init__(self, meta: bytes, number: int) -> None:
        protection = one(boxes(meta, 12, len(meta)), b"ipro")
        if meta[protection[1] + 4 : protection[1] + 6] != b"\x00\x01":
            raise BadError("protection_count is not 1")
        parts = boxes(meta, protection[1] + 6, protection[2])
        later_bytes = sum(end - start for _, start, _, end in parts[number + 1 :])
        kind, _, inner, end = parts[number]
        inside = boxes(meta, inner, end)
        scheme = one(inside, b"schm")
        if kind != b"sinf" or meta[scheme[1] + 4 : scheme[1] + 12] != OEFF:
            raise BadError("its scheme is not that of ONVIF export files")
        _, inner, end = one(inside, b"schi")
        details = boxes(meta, inner, end)
        if any(detail[0] == b"sigC" for detail in details):
            raise BadError("it is signed by another algorithm than the usual one")
        signature, certificate = one(details, b"sibo"), one(details, b"cert")
        self.signature = meta[signature[1] : signature[2]]
        self.certificate = meta[certificate[1] : certificate[2]]
        then = bytearray(meta)
        then[signature[1] : signature[2]] = bytes(len(self.signature))
        _shorten(then, 0, later_bytes)
        _shorten(then, protection[0], later_bytes)
        kept_to = parts[number][3]
        self.meta = bytes(then[:kept_to] + then[kept_to + later_bytes :])


def _shorten(data: bytearray, at: int, count: int) -> None:
    size = int.from_bytes(data[at : at + 4], "big") - count
    data[at : at + 4] = size.to_bytes(4, "big")


def count_signings(meta: bytes) -> int:
    """Count the signatures in a meta box."""
    protection = one(boxes(meta, 12, len(meta)), b"ipro")
    return len(boxes(meta, protection[1] + 6, protection[2]))


def item(data: bytes, at: int) -> "tuple[int, int, int]":
    """Read the head of a DER value: (tag, start of the content, end)."""
    if at + 2 > len(data):
        raise BadError("the certificate ends early")
    length, start = data[at + 1], at + 2
    if length > 0x80:  # noqa: PLR2004  the long form
        count = length & 0x7F
        length, start = int.from_bytes(data[start : start + count], "big"), start + count
    if length == 0x80 or start + length > len(data):  # noqa: PLR2004  the indefinite form
        raise BadError("the certificate ends early")
    return data[at], start, start + length


def inner(data: bytes, at: int, tag: int) -> "tuple[int, int]":
    """Go into a DER value that must have this tag: (start of the content, end)."""
    found, start, end = item(data, at)
    if found != tag:
        raise BadError("the certificate is none of X.509")
    return start, end


def read_key(certificate: bytes) -> "tuple[int, int]":
    """Take the RSA key out of a certificate: (modulus, exponent)."""
    at, _ = inner(certificate, 0, SEQUENCE)
    at, _ = inner(certificate, at, SEQUENCE)
    if item(certificate, at)[0] == VERSION:
        at = item(certificate, at)[2]
    for _ in range(5):  # serial, algorithm, issuer, validity, subject
        at = item(certificate, at)[2]
    at, _ = inner(certificate, at, SEQUENCE)
    start, end = inner(certificate, at, SEQUENCE)
    if not certificate[start:end].startswith(RSA_ALGORITHM):
        raise BadError("the certificate is not for an RSA key")
    at, _ = inner(certificate, end, BIT_STRING)
    at, _ = inner(certificate, at + 1, SEQUENCE)
    start, end = inner(certificate, at, INTEGER)
    modulus = int.from_bytes(certificate[start:end], "big")
    start, end = inner(certificate, end, INTEGER)
    if modulus.bit_length() < KEY_BITS_MIN:
        raise BadError("the key has less than 2048 bits")
    return modulus, int.from_bytes(certificate[start:end], "big")


def is_signed(key: "tuple[int, int]", digest: bytes, signature: bytes) -> bool:
    """Check a signature of RSASSA-PSS."""
    modulus, exponent = key
    number = int.from_bytes(signature, "big")
    if len(signature) != (modulus.bit_length() + 7) // 8 or number >= modulus:
        return False
    bits = modulus.bit_length() - 1
    size = (bits + 7) // 8
    coded = pow(number, exponent, modulus).to_bytes(len(signature), "big")[-size:]
    masked, seal, last = coded[: -HASH_BYTES - 1], coded[-HASH_BYTES - 1 : -1], coded[-1]
    mask = b"".join(
        hashlib.sha256(seal + counter.to_bytes(4, "big")).digest()
        for counter in range(len(masked) // HASH_BYTES + 1)
    )
    mixed = int.from_bytes(masked, "big") ^ int.from_bytes(mask[: len(masked)], "big")
    plain = bytearray(mixed.to_bytes(len(masked), "big"))
    unused = 8 * size - bits
    if last != 0xBC or masked[0] >> (8 - unused):  # noqa: PLR2004  trailerFieldBC
        return False
    plain[0] &= 0xFF >> unused
    salt = bytes(plain[-SALT_BYTES:])
    if bytes(plain[:-SALT_BYTES]) != bytes(len(plain) - SALT_BYTES - 1) + b"\x01":
        return False
    return hashlib.sha256(bytes(8) + digest + salt).digest() == seal


def digest_of(file: BinaryIO, offset: int, length: int, meta: bytes) -> bytes:
    """Hash a file with another meta box in place of its own."""
    digest = hashlib.sha256()
    file.seek(0)
    left = offset
    while left:
        piece = file.read(min(left, CHUNK_BYTES))
        digest.update(piece)
        left -= len(piece)
    digest.update(meta)
    file.seek(offset + length)
    while piece := file.read(CHUNK_BYTES):
        digest.update(piece)
    return digest.digest()


def check(path: Path, fingerprint: str = "") -> "tuple[list[str], list[str]]":
    """Check every signature of a file.

    Returns:
        the faults, none for a good file; the fingerprints of the certificates, oldest first.
    """
    faults: list[str] = []
    found: list[str] = []
    try:
        with path.open("rb") as file:
            offset, meta = find_meta(file)
            for number in range(count_signings(meta)):
                signing = Signing(meta, number)
                found.append(hashlib.sha256(signing.certificate).hexdigest())
                digest = digest_of(file, offset, len(meta), signing.meta)
                if not is_signed(read_key(signing.certificate), digest, signing.signature):
                    faults.append(f"{path.name}: signature {number + 1} is not over this file")
    except (BadError, OSError, ValueError) as error:
        faults.append(f"{path.name}: {error}")
    if not faults and not found:
        faults.append(f"{path.name}: there is no signature")
    wanted = fingerprint.lower().replace(":", "").replace(" ", "")
    if wanted and found[:1] != [wanted]:
        faults.append(f"{path.name}: the certificate is not the one with that fingerprint")
    return faults, found


def main(arguments: "list[str]") -> int:
    """Check the file named, and tell."""
    if not arguments or len(arguments) > ARGUMENT_COUNT_MAX or arguments[0].startswith("-"):
        sys.stderr.write(__doc__ or "")
        return NOT_CHECKED
    faults, found = check(Path(arguments[0]), *arguments[1:])
    for fault in faults:
        sys.stderr.write(f"NOT GOOD: {fault}\n")
    if faults:
        return NOT_GOOD
    sys.stdout.write("GOOD: the file is as it was signed, by the certificates with\n")
    sys.stdout.writelines(f"fingerprint {one_found}\n" for one_found in found)
    return GOOD


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
