"""Seals a copy for its recipient: a tar of the export as CMS, with AES-256-GCM.

Source: RFC 5083 (AuthEnvelopedData), RFC 5084 (GCM). The recipient opens it with openssl alone:
`openssl cms -decrypt -binary -inform DER -inkey KEY -in COPY | tar -x`.
"""

import subprocess
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from host_tools.evidence.errors import EnvelopeError, ExistsError

SEALED = ".tar.cms"


@contextmanager
def sealed_copy(folder: Path, certificate: Path, out: Path) -> Generator[str]:
    """Seal an export; the file is there after the block that this opens.

    An EnvelopeError says that the certificate cannot be used, or that openssl failed.

    Args:
        folder: the export.
        certificate: of the recipient, as PEM.
        out: the file to make; must not exist.

    Yields:
        SHA-256 of the certificate, in hex.

    Raises:
        ExistsError: the file exists.
    """
    options, fingerprint = _recipient(certificate)
    if out.exists():
        raise ExistsError(f"{out} exists already; move it away or name another")
    partial = out.with_name(out.name + ".part")
    command = ["openssl", "cms", "-encrypt", "-binary", "-stream", "-outform", "DER"]
    command += ["-aes-256-gcm", "-out", str(partial), "-recip", str(certificate), *options]
    try:
        _seal(folder, command, certificate)
        yield fingerprint
        partial.rename(out)
    finally:
        partial.unlink(missing_ok=True)


def _seal(folder: Path, command: list[str], certificate: Path) -> None:
    with tempfile.TemporaryFile() as told:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=told)  # noqa: S603  ours
        try:
            with child, tarfile.open(fileobj=child.stdin, mode="w|") as tar:
                tar.add(folder, folder.name, filter=_plain)
        except BrokenPipeError:
            child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
        if child.returncode:
            told.seek(0)
            why = told.read().decode(errors="replace").strip()
            raise EnvelopeError(f"{certificate}: openssl cannot seal for it: {why}")


def _recipient(path: Path) -> tuple[list[str], str]:
    """Check a certificate; gives openssl's options for its key, and its fingerprint."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise EnvelopeError(f"{path}: is no certificate as PEM; ask for one") from error
    end = certificate.not_valid_after_utc
    if end < datetime.now(UTC):
        raise EnvelopeError(f"{path}: ended on {end:%Y-%m-%d}; ask the recipient for a new one")
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        options = ["-keyopt", "rsa_padding_mode:oaep"]
    elif isinstance(key, ec.EllipticCurvePublicKey):
        options = []
    else:
        raise EnvelopeError(f"{path}: its key is neither RSA nor EC; ask for another certificate")
    return options, certificate.fingerprint(hashes.SHA256()).hex()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out whose files these were on our machine."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
