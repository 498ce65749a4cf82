"""COSE_Mac0 with HMAC 256/256 (RFC 9053, 3.1): what the CMC and its units send each other.

`external_aad` is the topic, so a message is worth nothing on any other.
"""

from firmware.cose import structure
from firmware.cose.structure import Message, UnverifiedError
from firmware.errors import LocalProtocolError
from hal.api._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.api.cipher import Keys

TAG = 17
ALGORITHM_HMAC_256 = 5
MAC_BYTES = 32
CONTEXT = "MAC0"


def seal(keys: "Keys", key_id: bytes, payload: bytes, external_aad: bytes) -> bytes:
    """Put a payload into a message with the MAC of a key.

    Args:
        keys: holds the key.
        key_id: its name, such as b"command".
        payload: what is sent, in the clear.
        external_aad: what the MAC covers besides, not sent.

    Raises:
        LocalProtocolError: there is no such key.
    """
    protected = structure.protected_header(ALGORITHM_HMAC_256)
    mac = keys.mac(key_id, structure.covered(CONTEXT, protected, external_aad, payload))
    if len(mac) != MAC_BYTES:
        raise LocalProtocolError("no key %r to seal with; make or load it first" % key_id)
    return structure.join(TAG, Message(protected, key_id, payload, mac))


def unseal(keys: "Keys", data: bytes, external_aad: bytes) -> "tuple[bytes, bytes]":
    """Check a message and take its payload out.

    Args:
        keys: holds the key that the message names.
        data: the message.
        external_aad: what the MAC must cover besides.

    Returns:
        (key id, payload).

    Raises:
        UnverifiedError: the key is not known or the MAC is not right. A message that is no
            COSE_Mac0 of ours is a RemoteProtocolError, as its base class is.
    """
    message = structure.split(data, TAG, ALGORITHM_HMAC_256)
    mac = keys.mac(message.key_id, message.covered(CONTEXT, external_aad))
    if len(mac) != MAC_BYTES:
        raise UnverifiedError("no key %r to check with" % message.key_id)
    if not structure.is_equal(mac, message.proof):
        raise UnverifiedError("the MAC with key %r is not right" % message.key_id)
    return message.key_id, message.payload
