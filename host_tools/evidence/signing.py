"""The CMC's key for evidence, and the seal that it puts on an export.

The key is not the authority's: who may export must not be able to sign permits. It is made at the
first use and kept in the keystore's folder, readable by its owner alone.
"""

import hashlib
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from firmware.cose import sign1
from host_tools.evidence.errors import SignerError
from host_tools.evidence.onvif import OnvifSigner
from host_tools.keystore import write_private

KEY_FILE = "evidence.pem"
KEY_ID_BYTES = 8
COORDINATE_BYTES = 32
SUMS_FILE, COSE_FILE, SIGNER_FILE = "SHA256SUMS", "manifest.cose", "signer.pem"


class Signer:
    """A P-256 key pair that signs exports.

    Args:
        private_key: on the curve P-256.
    """

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        self.onvif: OnvifSigner | None = None
        """Signs each file by ONVIF too, where that is wanted."""

    @classmethod
    def open(cls, keys: Path) -> Self:
        """Read the key of a keystore's folder; made where there is none.

        Raises:
            SignerError: the file is there and holds no such key.
        """
        path = keys / KEY_FILE
        if not path.exists():
            fresh = ec.generate_private_key(ec.SECP256R1())
            pem = fresh.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            write_private(path, pem)
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise SignerError(_not_a_key(path)) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise SignerError(_not_a_key(path))
        return cls(key)

    def public_pem(self) -> bytes:
        """The public key as PEM."""
        return self._private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def fingerprint(self) -> str:
        """SHA-256 of the public key's DER, in hex: what is read out over another way."""
        der = self._private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(der).hexdigest()

    def sign(self, payload: bytes, external_aad: bytes) -> bytes:
        """Sign as COSE_Sign1 with ES256; the key id is the start of the fingerprint."""
        key_id = bytes.fromhex(self.fingerprint())[:KEY_ID_BYTES]
        signed = sign1.to_be_signed(payload, external_aad, key_id)
        r, s = decode_dss_signature(self._private_key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")
        return sign1.assemble(payload, key_id, signature)


def seal(folder: Path, manifest: bytes, signer: Signer) -> None:
    """Write the list of hashes and the signature over it and the manifest.

    The list covers every file of the folder; the signature covers the manifest as its payload and
    the list's hash as external data.
    """
    lines: list[str] = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    sums = "".join(lines).encode()
    (folder / SUMS_FILE).write_bytes(sums)
    external_aad = hashlib.sha256(sums).hexdigest().encode()
    (folder / COSE_FILE).write_bytes(signer.sign(manifest, external_aad))


def _not_a_key(path: Path) -> str:
    return (
        f"{path}: is no private key on the curve P-256; restore it from your backup, or move it "
        "away to begin with a new one"
    )
