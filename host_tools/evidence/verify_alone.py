#!/usr/bin/env python3
"""Checks an export of footage, with nothing but Python 3.9 or later: no package, no program.

    python3 verify_alone.py [FOLDER [FINGERPRINT]]

FOLDER is the export, else the one this file lies in. FINGERPRINT is the SHA-256 of the signer's
public key as the release note gives it: without it only the key in the folder vouches for the
folder. Ends with 0 when all is good, 1 when it is not, 2 when it could not be checked.

What is checked: every file against SHA256SUMS, no file missing or too many; the signature (ES256,
COSE_Sign1) over the manifest and that list; the JSON view against the signed CBOR; every file and
group of pictures against the manifest, so that damage is told by its place and time; and that the
manifest tells whose, by whom, what for and on what clock, and agrees with itself.
"""

import base64
import binascii
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

SUMS, SIGNER = "SHA256SUMS", "signer.pem"
COSE, CBOR, JSON = "manifest.cose", "manifest.cbor", "manifest.json"
TOLD = ("owner", "permit", "place", "unit", "pool", "camera", "case", "purpose_text", "reason")
ACTS = ("request", "review", "export")
SPKI_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
CHUNK_BYTES = 1 << 20
GOOD, NOT_GOOD, NOT_CHECKED = 0, 1, 2
ARGUMENT_COUNT_MAX = 2
DEPTH_MAX = 16
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG = range(7)
SIMPLE = {20: False, 21: True, 22: None}
WIDTHS = ((24, 1), (25, 2), (26, 4), (27, 8))
SIGN1_TAG = 18
SIGNATURE_BYTES, SPKI_BYTES = 64, 91
Point = tuple[int, int]


class BadError(Exception):
    """Something is not as it was exported."""


class Cbor:
    """Reads CBOR of whole numbers, bytes, text, lists, maps, tags, and true, false, null."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """Take bytes."""
        part = self.data[self.at : self.at + count]
        if len(part) != count:
            raise BadError("CBOR ends early")
        self.at += count
        return part

    def head(self) -> "tuple[int, int]":
        """Take the major type and the number behind it."""
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if low < WIDTHS[0][0]:
            return major, low
        for code, width in WIDTHS:
            if low == code:
                return major, int.from_bytes(self.take(width), "big")
        raise BadError("CBOR of no definite length")

    def item(self, depth: int = 0) -> Any:
        """Take one value."""
        if depth > DEPTH_MAX:
            raise BadError("CBOR is nested too deep")
        major, number = self.head()
        value: Any = None
        if major in {UNSIGNED, NEGATIVE}:
            value = number if major == UNSIGNED else -1 - number
        elif major in {BYTES, TEXT}:
            data = self.take(number)
            value = data if major == BYTES else data.decode()
        elif major == ARRAY:
            value = [self.item(depth + 1) for _ in range(number)]
        elif major == MAP:
            value = {self.item(depth + 1): self.item(depth + 1) for _ in range(number)}
        elif major == TAG:
            value = (number, self.item(depth + 1))
        elif number not in SIMPLE:
            raise BadError("CBOR has a value that no export has")
        else:
            value = SIMPLE[number]
        return value


def decode(data: bytes) -> Any:
    """Read one value that is all of the data."""
    reader = Cbor(data)
    value = reader.item()
    if reader.at != len(data):
        raise BadError("there is something behind the CBOR")
    return value


def encode_bytes(data: bytes) -> bytes:
    """Write bytes as CBOR."""
    length = len(data)
    if length < WIDTHS[0][0]:
        return bytes([BYTES << 5 | length]) + data
    code, width = next(entry for entry in WIDTHS if length < 1 << (8 * entry[1]))
    return bytes([BYTES << 5 | code]) + length.to_bytes(width, "big") + data


def add(one: "Point | None", other: "Point | None") -> "Point | None":
    """Add two points of the curve; None is the point at infinity."""
    if one is None:
        return other
    if other is None:
        return one
    if one[0] == other[0]:
        if (one[1] + other[1]) % P == 0:
            return None
        slope = (3 * one[0] * one[0] + A) * pow(2 * one[1], -1, P) % P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P) % P
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(number: int, point: "Point | None") -> "Point | None":
    """Multiply a point."""
    total: Point | None = None
    while number:
        if number & 1:
            total = add(total, point)
        point = add(point, point)
        number >>= 1
    return total


def is_signed(key: Point, data: bytes, signature: bytes) -> bool:
    """Check an ES256 signature: r and s, 32 bytes each."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != SIGNATURE_BYTES or not (0 < r < N and 0 < s < N):
        return False
    digest = int.from_bytes(hashlib.sha256(data).digest(), "big")
    inverse = pow(s, -1, N)
    point = add(times(digest * inverse % N, G), times(r * inverse % N, key))
    return point is not None and point[0] % N == r


def read_key(folder: Path) -> "tuple[Point, str]":
    """Read signer.pem: the point, and the key's fingerprint in hex."""
    lines = (folder / SIGNER).read_bytes().split(b"\n")
    if lines[0] != b"-----BEGIN PUBLIC KEY-----" or b"-----END PUBLIC KEY-----" not in lines:
        raise BadError("signer.pem is no public key")
    try:
        der = base64.b64decode(
            b"".join(lines[1 : lines.index(b"-----END PUBLIC KEY-----")]), validate=True
        )
    except binascii.Error as error:
        raise BadError("signer.pem is no public key") from error
    x, y = int.from_bytes(der[27:59], "big"), int.from_bytes(der[59:], "big")
    on_curve = (y * y - (x * x * x + A * x + B)) % P == 0
    if der[:27] != SPKI_P256 or len(der) != SPKI_BYTES or not on_curve or max(x, y) >= P:
        raise BadError("signer.pem is no public key on the curve P-256")
    return (x, y), hashlib.sha256(der).hexdigest()


def hash_part(file: BinaryIO, length: int) -> str:
    """Hash the next bytes of an open file."""
    digest = hashlib.sha256()
    while length > 0:
        piece = file.read(min(length, CHUNK_BYTES))
        if not piece:
            break
        digest.update(piece)
        length -= len(piece)
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """Give the SHA-256 of all of it, in hex."""
    with path.open("rb") as file:
        return hash_part(file, path.stat().st_size)


def check_files(folder: Path) -> "list[str]":
    """Check every file against the list; returns the faults."""
    listed: dict[str, str] = {}
    for line in (folder / SUMS).read_text("utf-8").splitlines():
        digest, gap, name = line[:64], line[64:66], line[66:]
        if gap != "  " or not name or "/" in name or name in listed:
            raise BadError(SUMS + " has a line that is no hash and name: " + repr(line))
        listed[name] = digest
    there = {path.name for path in folder.iterdir()}
    wanted = {*listed, SUMS, COSE}
    faults = [name + " is missing" for name in sorted(wanted - there)]
    faults += [name + " is not part of the export" for name in sorted(there - wanted)]
    for name in sorted(set(listed) & there):
        path = folder / name
        if not path.is_file() or path.is_symlink():
            faults.append(name + " is no file")
        elif hash_file(path) != listed[name]:
            faults.append(name + " is not as it was exported")
    return faults


def sign1_parts(value: Any) -> "tuple[bytes, bytes, bytes]":
    """Take a COSE_Sign1 apart: protected header, payload, signature."""
    try:
        tag, (protected, rest, payload, signature) = value
    except (TypeError, ValueError) as error:
        raise BadError(COSE + " is no COSE_Sign1") from error
    if (tag, rest) != (SIGN1_TAG, {}) or any(
        type(part) is not bytes for part in (protected, payload, signature)
    ):
        raise BadError(COSE + " is out of shape")
    return protected, payload, signature


def check_signature(folder: Path, key: Point, fingerprint: str) -> Any:
    """Check the signature; returns the signed manifest."""
    whole = (folder / COSE).read_bytes()
    protected, payload, signature = sign1_parts(decode(whole))
    if decode(protected) != {1: -7, 4: bytes.fromhex(fingerprint)[:8]}:
        raise BadError(COSE + " names another key or another kind of signature")
    rest = encode_bytes(payload)
    if whole != b"\xd2\x84" + encode_bytes(protected) + b"\xa0" + rest + encode_bytes(signature):
        raise BadError(COSE + " is out of shape")
    aad = hashlib.sha256((folder / SUMS).read_bytes()).hexdigest().encode()
    signed = b"\x84\x6aSignature1" + encode_bytes(protected) + encode_bytes(aad) + rest
    if not is_signed(key, signed, signature):
        raise BadError("the signature is not that of " + SIGNER)
    if (folder / CBOR).read_bytes() != payload:
        raise BadError(CBOR + " is not what was signed")
    manifest = decode(payload)
    if json.loads((folder / JSON).read_text("utf-8")) != manifest:
        raise BadError(JSON + " does not say what was signed")
    return manifest


def check_groups(folder: Path, manifest: Any) -> "list[str]":
    """Check every file and group of pictures against the manifest; returns the faults."""
    faults: list[str] = []
    for entry in manifest["files"]:
        path = folder / entry["name"]
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            faults.append(entry["name"] + " is missing or of another length")
        elif hash_file(path) != entry["sha256"]:
            faults.append(entry["name"] + " is not as in the manifest")
    for group in manifest["groups"]:
        path = folder / group["file"]
        if not path.is_file():
            continue
        with path.open("rb") as file:
            file.seek(group["offset"])
            if hash_part(file, group["bytes"]) != group["sha256"]:
                moment = time.strftime(MOMENT, time.gmtime(group["first_utc_ms"] // 1000))
                where = f"bytes {group['offset']} to {group['offset'] + group['bytes']}"
                faults.append(f"{group['file']}: damaged at {moment}, {where}")
    return faults


def check_sense(manifest: Any) -> "list[str]":
    """Check that the manifest says what it must, and agrees with itself; returns the faults."""
    people = [" ".join(manifest[act]["person"].split()).casefold() for act in ACTS]
    sounds = [entry for entry in manifest["files"] if entry["stream"].endswith("/sound")]
    rows = [(not str(manifest[name]).strip(), name + " is not told") for name in TOLD]
    rows += [
        (not all(people), "who asked, reviewed or exported is not told"),
        (people[0] == people[1], "it was reviewed by the person who asked for it"),
        (not manifest["clock"]["offsets"], "the state of the clock is not told"),
        (bool(sounds) > manifest["sound"]["asked"], "there is sound that nobody asked for"),
    ]
    for entry in manifest["files"]:
        groups = [group for group in manifest["groups"] if group["file"] == entry["name"]]
        ends = [group["offset"] + group["bytes"] for group in groups]
        is_wrong = ends[:-1] != [group["offset"] for group in groups[1:]]
        is_wrong |= sum(group["unit_count"] for group in groups) != entry["unit_count"]
        is_joined = entry["stream"].endswith("/joined")
        rows.append((is_wrong and not is_joined, entry["name"] + ": its groups are not all of it"))
    return ["the manifest: " + text for is_wrong, text in rows if is_wrong]


def check(folder: Path, fingerprint: str = "") -> "tuple[list[str], str, Any]":
    """Check an export; returns the faults, the fingerprint of its key, and its manifest."""
    faults: list[str] = []
    found = ""
    manifest: Any = {}
    try:
        faults += check_files(folder)
        key, found = read_key(folder)
        if fingerprint and fingerprint.lower().replace(":", "").replace(" ", "") != found:
            faults.append("signer.pem is not the key with that fingerprint but " + found)
        manifest = check_signature(folder, key, found)
    except (BadError, OSError, ValueError, TypeError, KeyError) as error:
        faults.append(str(error))
    if not manifest:
        manifest = unsigned_manifest(folder)
        faults = faults or ["there is no manifest"]
    try:
        faults += check_groups(folder, manifest) + check_sense(manifest) if manifest else []
    except (BadError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        faults.append("the manifest is out of shape: " + str(error))
    return faults, found, manifest


def unsigned_manifest(folder: Path) -> Any:
    """Read what can still be read, to tell the place of other damage."""
    try:
        return decode((folder / CBOR).read_bytes())
    except (BadError, OSError, ValueError, TypeError):
        return None


def main(arguments: "list[str]") -> int:
    """Check the folder named, and tell."""
    if len(arguments) > ARGUMENT_COUNT_MAX or any(one.startswith("-") for one in arguments):
        sys.stderr.write(__doc__ or "")
        return NOT_CHECKED
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    if not folder.is_dir():
        sys.stderr.write(f"{folder}: there is no such folder; name the export\n")
        return NOT_CHECKED
    fingerprint = arguments[1] if len(arguments) > 1 else ""
    faults, found, manifest = check(folder, fingerprint)
    for fault in faults:
        sys.stderr.write(f"NOT GOOD: {fault}\n")
    if faults:
        return NOT_GOOD
    counts = f"{len(manifest['files'])} files and {len(manifest['groups'])} groups"
    sys.stdout.write(f"GOOD: {counts} are as they were exported, signed by the key with\n")
    sys.stdout.write("fingerprint " + found + "\n")
    if not fingerprint:
        sys.stdout.write("Compare it with the release note: it did not come in this folder.\n")
    return GOOD


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
