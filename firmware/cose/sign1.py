"""COSE_Sign1 with ES256 (RFC 9053, 2.1): permits and grants, signed by the council's authority.

A unit only verifies. The authority signs `to_be_signed(...)` where its key lives and puts the
message together with `assemble`. The key id stands in the protected header: outside it, anybody
could change it and the file would still be good.
"""

from firmware.cose import structure
from firmware.cose.structure import Message, UnverifiedError
from firmware.errors import LocalProtocolError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.cipher import Cipher

TAG = 18
ALGORITHM_ES256 = -7
SIGNATURE_BYTES = 64
PUBLIC_KEY_BYTES = 64
CONTEXT = "Signature1"


def to_be_signed(payload: bytes, external_aad: bytes, key_id: bytes) -> bytes:
    """Give the bytes that the authority signs with ECDSA over P-256 and SHA-256."""
    protected = structure.protected_header(ALGORITHM_ES256, key_id)
    return structure.covered(CONTEXT, protected, external_aad, payload)


def assemble(payload: bytes, key_id: bytes, signature: bytes) -> bytes:
    """Put a signed message together.

    Args:
        payload: what was signed.
        key_id: name of the key, such as b"authority"; as given to `to_be_signed`.
        signature: r and s, 32 bytes each, over `to_be_signed`.

    Raises:
        LocalProtocolError: the signature does not have 64 bytes.
    """
    if len(signature) != SIGNATURE_BYTES:
        found_bytes = len(signature)
        raise LocalProtocolError("signature has %d bytes; give r and s, 64 bytes" % found_bytes)
    protected = structure.protected_header(ALGORITHM_ES256, key_id)
    return structure.join(TAG, Message(protected, b"", payload, signature))


def verify(cipher: "Cipher", public_key: bytes, data: bytes, external_aad: bytes) -> bytes:
    """Check a signed message and take its payload out.

    Args:
        cipher: checks the signature.
        public_key: x and y of the signer, 64 bytes; anything else verifies nothing.
        data: the message.
        external_aad: what the signature must cover besides.

    Raises:
        UnverifiedError: the signature is not that of the key. A message that is no COSE_Sign1 of
            ours is a RemoteProtocolError, as its base class is.
    """
    message = structure.split(data, TAG, ALGORITHM_ES256)
    if len(public_key) != PUBLIC_KEY_BYTES or len(message.proof) != SIGNATURE_BYTES:
        raise UnverifiedError("no public key, or a signature that has not 64 bytes")
    signed = message.covered(CONTEXT, external_aad)
    if not cipher.verify_es256(public_key, signed, message.proof):
        raise UnverifiedError("the signature is not that of the authority's key")
    return message.payload
