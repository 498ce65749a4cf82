"""What COSE_Mac0 and COSE_Sign1 have in common (RFC 9052, 4.2 and 6.2).

    Tag(18 or 17, [protected: bytes of a map, unprotected: map, payload: bytes, proof: bytes])

Only what this product sends is taken in: the algorithm stands in the protected header, the key id
in the unprotected or the protected one, and no other header is known, so that a critical header of
somebody's later version is refused and never ignored.
"""

from firmware.cbor.decode import loads
from firmware.cbor.encode import Tag, dumps
from firmware.errors import RemoteProtocolError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.cbor.encode import Key, Value

HEADER_ALGORITHM, HEADER_KEY_ID = 1, 4
PART_COUNT = 4


class UnverifiedError(RemoteProtocolError):
    """The message is well-formed and its proof is not that of the key it names."""

    code = "cose.unverified"


class Message:
    """The four parts of a message, before its proof is checked."""

    __slots__ = ("key_id", "payload", "proof", "protected")

    def __init__(self, protected: bytes, key_id: bytes, payload: bytes, proof: bytes) -> None:
        self.protected = protected
        self.key_id = key_id
        self.payload = payload
        self.proof = proof

    def covered(self, context: str, external_aad: bytes) -> bytes:
        """Give the bytes that the proof is over."""
        return covered(context, self.protected, external_aad, self.payload)


def covered(context: str, protected: bytes, external_aad: bytes, payload: bytes) -> bytes:
    """Give the bytes that a proof is over: the Sig_structure or MAC_structure of RFC 9052."""
    return dumps([context, protected, external_aad, payload])


def protected_header(algorithm: int, key_id: bytes = b"") -> bytes:
    """Encode the protected header that this product sends; a key id of b"" is left out."""
    if key_id:
        return dumps({HEADER_ALGORITHM: algorithm, HEADER_KEY_ID: key_id})
    return dumps({HEADER_ALGORITHM: algorithm})


def join(tag: int, message: Message) -> bytes:
    """Encode a message, its key id in the unprotected header; one of b"" is left out."""
    unprotected: dict[Key, Value] = {HEADER_KEY_ID: message.key_id} if message.key_id else {}
    return dumps(Tag(tag, [message.protected, unprotected, message.payload, message.proof]))


def split(data: bytes, tag: int, algorithm: int) -> Message:
    """Take a message apart.

    Args:
        data: the whole message.
        tag: 17 for COSE_Mac0, 18 for COSE_Sign1.
        algorithm: the only one accepted; it must stand in the protected header.

    Raises:
        RemoteProtocolError: it is not such a message, or has a header that is not known here.
    """
    value = loads(data)
    if not isinstance(value, Tag) or value.number != tag:
        raise RemoteProtocolError("not a COSE message with tag %d" % tag)
    parts = value.value
    if not isinstance(parts, list) or len(parts) != PART_COUNT:
        raise RemoteProtocolError("a COSE message has 4 parts")
    protected, unprotected, payload, proof = parts
    if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
        raise RemoteProtocolError("the headers of a COSE message are bytes and a map")
    if not isinstance(payload, bytes) or not isinstance(proof, bytes):
        raise RemoteProtocolError("payload and proof of a COSE message are bytes")
    header = loads(protected) if protected else {}
    if not isinstance(header, dict) or header.pop(HEADER_ALGORITHM, None) != algorithm:
        raise RemoteProtocolError("COSE algorithm is not %d in the protected header" % algorithm)
    return Message(protected, _key_id(header, unprotected), payload, proof)


def _key_id(
    protected: "dict[int | str | bytes, Value]", unprotected: "dict[int | str | bytes, Value]"
) -> bytes:
    """Find the key id in what is left of the headers; b"" where there is none."""
    if len(protected) + len(unprotected) > 1:
        raise RemoteProtocolError("COSE message has headers that are not known here")
    header = protected or unprotected
    if not header:
        return b""
    key_id = header.get(HEADER_KEY_ID)
    if not isinstance(key_id, bytes):
        raise RemoteProtocolError("COSE message has a header that is not known here")
    return key_id


def is_equal(left: bytes, right: bytes) -> bool:
    """Compare two proofs in a time that does not tell where they differ."""
    if len(left) != len(right):
        return False
    difference = 0
    for index in range(len(left)):
        difference |= left[index] ^ right[index]
    return difference == 0
