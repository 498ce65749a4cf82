"""The boxes and the signature of the ONVIF Export File Format, put into a file of an export.

```text
ftyp  moov
meta  hdlr
      suep   who exported what, and when
      ipro   sinf   schm "oeff" 1
                    schi   sibo  signature, zeros while it is made
                           cert  certificate of the signing key, DER
                           auib  case and permit, for people
                    cstb   UTC at which each track begins
moof mdat ...  mfra
```

The signature is RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 20 bytes over the whole
file, the signature itself taken as zeros. Not written: `loci`, because a permit names its place in
words and a radius, and a metadata track, because none is recorded.

Source: ONVIF Export File Format Specification 26.06, chapter 5 and annex B.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import NameOID

from host_tools.evidence.errors import SignerError
from host_tools.evidence.sample_entry import box, full_box
from host_tools.keystore import write_private

KEY_FILE = "evidence-onvif.pem"
NEW_KEY_BITS, KEY_BITS_MIN = 3072, 2048
SALT_BYTES = 20
SCHEME = 0x6F656666
SCHEME_VERSION = 0x00010000
MP4_1970_S = 2_082_844_800
WINDOWS_1970_MS = 11_644_473_600_000
TICKS_PER_MS = 10_000
VALID_DAYS = 3650
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Mark:
    """What is told of every file of one export.

    Attributes:
        exporter: whose export it is.
        operator: who made it.
        utc_ms: when.
        unit: that recorded it.
        note: case and permit.
    """

    exporter: str
    operator: str
    utc_ms: int
    unit: str
    note: str


Track = tuple[str, int]
"""Stream, and the UTC at which the track's time is 0."""


class OnvifSigner:
    """An RSA key and its certificate.

    Args:
        key: of 2048 bits or more.
        certificate: for that key.
        mark: what is told of every file.
    """

    def __init__(self, key: rsa.RSAPrivateKey, certificate: x509.Certificate, mark: Mark) -> None:
        self._key = key
        self._der = certificate.public_bytes(serialization.Encoding.DER)
        self._mark = mark

    @classmethod
    def open(cls, keys: Path, mark: Mark) -> Self:
        """Read key and certificate of a keystore's folder; made where there are none.

        Raises:
            SignerError: the file is there and does not hold both, or they do not belong together.
        """
        path = keys / KEY_FILE
        if not path.exists():
            write_private(path, _new_pair())
        data = path.read_bytes()
        try:
            key = serialization.load_pem_private_key(data, password=None)
            certificate = x509.load_pem_x509_certificate(data)
        except (ValueError, TypeError) as error:
            raise SignerError(f"{path}: {_REMEDY}") from error
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
            raise SignerError(f"{path}: {_REMEDY}")
        if certificate.public_key() != key.public_key():
            raise SignerError(f"{path}: the certificate is for another key; {_REMEDY}")
        return cls(key, certificate, mark)

    def fingerprint(self) -> str:
        """SHA-256 of the certificate's DER, in hex."""
        return hashlib.sha256(self._der).hexdigest()

    def meta(self, tracks: Sequence[Track]) -> bytes:
        """Make the box with everything but the signature, for the tracks of a file."""
        mark = self._mark
        sources = b"".join(
            struct.pack(">H", number) + _texts(f"{mark.unit}/{camera}", "", "", kind)
            for number, (camera, _, kind) in enumerate(map(_split, tracks), 1)
        )
        export = full_box(
            b"suep",
            1,
            0,
            _texts(mark.exporter, "", ""),
            struct.pack(">Q", mark.utc_ms // 1000 + MP4_1970_S),
            _texts(mark.operator),
            struct.pack(">I", len(tracks)),
            sources,
        )
        starts = b"".join(
            struct.pack(">IQ", number, (utc_ms + WINDOWS_1970_MS) * TICKS_PER_MS)
            for number, (_, utc_ms) in enumerate(tracks, 1)
        )
        information = box(
            b"schi",
            box(b"sibo", bytes(self._key.key_size // 8)),
            box(b"cert", self._der),
            box(b"auib", _texts(mark.note)),
        )
        scheme = full_box(b"schm", 0, 0, struct.pack(">II", SCHEME, SCHEME_VERSION))
        begins = box(b"cstb", struct.pack(">I", len(tracks)), starts)
        protection = full_box(
            b"ipro", 0, 0, struct.pack(">H", 1), box(b"sinf", scheme, information, begins)
        )
        nobody = full_box(b"hdlr", 0, 0, struct.pack(">I4s", 0, b"null"), bytes(13))
        return full_box(b"meta", 0, 0, nobody, export, protection)

    def sign(self, file: BinaryIO, meta_offset: int, meta: bytes) -> None:
        """Sign a complete file, and write the signature into the place kept for it.

        Args:
            file: opened for reading and writing.
            meta_offset: where in it the box stands.
            meta: as `meta` made it.
        """
        file.seek(0)
        digest = hashlib.sha256()
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), SALT_BYTES)
        signature = self._key.sign(digest.digest(), pss, Prehashed(hashes.SHA256()))
        file.seek(meta_offset + meta.index(b"sibo" + bytes(len(signature))) + 4)
        file.write(signature)


def _split(track: Track) -> tuple[str, int, str]:
    camera, _, kind = track[0].partition("/")
    return camera, track[1], kind


def _texts(*texts: str) -> bytes:
    return b"".join(text.replace("\0", "").encode() + b"\0" for text in texts)


def _new_pair() -> bytes:
    """Make a key and a certificate that it signs itself, as PEM."""
    key = rsa.generate_private_key(65537, NEW_KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lamppost evidence export")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem + certificate.public_bytes(serialization.Encoding.PEM)


_REMEDY = (
    "must hold an RSA key of 2048 bits or more and its certificate, both as PEM; restore it from "
    "your backup, or move it away to begin with a new one"
)
