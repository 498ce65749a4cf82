"""Messages are proven by their key, and each is taken once, across restarts and failing media."""

import hashlib

from firmware.cbor.decode import loads
from firmware.cbor.encode import Tag, dumps
from firmware.cose import mac0, sign1
from firmware.cose.replay import FAR_AHEAD, REPLAYED, SEQUENCE_JUMP_MAX, UNSTORED, ReplayGuard
from firmware.cose.structure import UnverifiedError, is_equal
from firmware.errors import LocalProtocolError, RemoteProtocolError

# From the examples of the COSE working group: hmac-examples/HMac-enc-01, ecdsa-examples and
# sign1-tests/sign-pass-02.
MAC_KEY = bytes.fromhex("849b57219dae48de646d07dbb533566e976686457c1491be3a76dcea6c427188")
MAC_EXAMPLE = bytes.fromhex(
    "d18443a10105a054546869732069732074686520636f6e74656e742e5820"
    "a1a848d3471f9d61ee49018d244c824772f223ad4f935293f1789fc3a08d8c58"
)
CONTENT = b"This is the content."
SIGNED_BYTES = bytes.fromhex(
    "846a5369676e61747572653143a101264c11aa22bb33cc44dd55006699"
    "54546869732069732074686520636f6e74656e742e"
)
SIGN_EXAMPLE = bytes.fromhex(
    "d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840"
    "eae868ecc176883766c5dc5ba5b8dca25dab3c2e56a551ce5705b793914348e1"
    "55388b10c4f1b59a6733eab416870a945111a4b2fbdbef33a77234b1deff2f9b"
)
SIGN_AAD = bytes.fromhex("11aa22bb33cc44dd55006699")
AAD = b"lamp/command"


def hmac_sha256(key, data):
    """MAC as RFC 2104 has it."""
    padded = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in padded]) + data).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in padded]) + inner).digest()


class Keys:
    """Keys by id."""

    def __init__(self, held):
        self.held = held

    def mac(self, key_id, data):
        """HMAC, or b"" where there is no such key."""
        return hmac_sha256(self.held[key_id], data) if key_id in self.held else b""


class OneSignature:
    """Knows one signature over one text: stands where P-256 is not to be had."""

    def __init__(self, signed, signature):
        self.signed = signed
        self.signature = signature

    def verify_es256(self, public_key, data, signature):
        """Compare with what is known."""
        return public_key == PUBLIC_KEY and (data, signature) == (self.signed, self.signature)


PUBLIC_KEY = bytes(range(64))
KEYS = Keys({b"command": b"k" * 32, b"other": b"o" * 32, b"": MAC_KEY})


def error_of(function, *arguments):
    """Call and give the class of the protocol error; None when there was none."""
    try:
        function(*arguments)
    except RemoteProtocolError as error:
        return type(error)
    return None


def test_the_working_groups_mac_example():
    assert mac0.unseal(KEYS, MAC_EXAMPLE, b"") == (b"", CONTENT)
    assert mac0.seal(KEYS, b"", CONTENT, b"") == MAC_EXAMPLE


def test_the_working_groups_signature_example():
    assert sign1.to_be_signed(CONTENT, SIGN_AAD, b"") == SIGNED_BYTES
    cipher = OneSignature(SIGNED_BYTES, SIGN_EXAMPLE[-64:])
    assert sign1.verify(cipher, PUBLIC_KEY, SIGN_EXAMPLE, SIGN_AAD) == CONTENT
    # The same without its key id, and with it where it is covered by the signature.
    bare = sign1.assemble(CONTENT, b"", SIGN_EXAMPLE[-64:])
    assert bare == SIGN_EXAMPLE.replace(bytes.fromhex("a104423131"), b"\xa0")
    signed = sign1.to_be_signed(CONTENT, SIGN_AAD, b"11")
    ours = sign1.assemble(CONTENT, b"11", bytes(64))
    assert dumps({1: -7, 4: b"11"}) in ours
    assert sign1.verify(OneSignature(signed, bytes(64)), PUBLIC_KEY, ours, SIGN_AAD) == CONTENT
    for aad in (b"", SIGN_AAD[1:], SIGN_AAD + b"x"):
        assert error_of(sign1.verify, cipher, PUBLIC_KEY, SIGN_EXAMPLE, aad) is UnverifiedError
    for key in (b"", PUBLIC_KEY[:63], bytes(64)):
        assert error_of(sign1.verify, cipher, key, SIGN_EXAMPLE, SIGN_AAD) is UnverifiedError


def test_a_signature_of_another_length_is_refused():
    cipher = OneSignature(SIGNED_BYTES, b"")
    short = dumps(Tag(18, [b"\xa1\x01\x26", {}, CONTENT, b""]))
    assert error_of(sign1.verify, cipher, PUBLIC_KEY, short, SIGN_AAD) is UnverifiedError
    try:
        sign1.assemble(CONTENT, b"11", b"short")
    except LocalProtocolError:
        return
    raise AssertionError("assembled")


def test_what_was_sealed_is_unsealed_with_the_same_key_and_topic_alone():
    data = mac0.seal(KEYS, b"command", b"payload", AAD)
    assert mac0.unseal(KEYS, data, AAD) == (b"command", b"payload")
    assert error_of(mac0.unseal, KEYS, data, AAD + b"/x") is UnverifiedError
    assert error_of(mac0.unseal, Keys({b"command": b"x" * 32}), data, AAD) is UnverifiedError
    assert error_of(mac0.unseal, Keys({}), data, AAD) is UnverifiedError
    try:
        mac0.seal(KEYS, b"none", b"payload", AAD)
    except LocalProtocolError:
        return
    raise AssertionError("sealed with no key")


def test_the_key_id_may_stand_in_either_header_and_not_in_both():
    def sealed(protected, unprotected):
        structure = dumps(["MAC0", protected, AAD, b"p"])
        proof = hmac_sha256(b"k" * 32, structure)
        return dumps(Tag(17, [protected, unprotected, b"p", proof]))

    inside = dumps({1: 5, 4: b"command"})
    assert mac0.unseal(KEYS, sealed(inside, {}), AAD) == (b"command", b"p")
    assert error_of(mac0.unseal, KEYS, sealed(inside, {4: b"command"}), AAD) is RemoteProtocolError


def test_headers_that_are_not_known_are_refused():
    for parts in (
        [b"", {1: 5, 4: b"command"}, b"p", bytes(32)],  # algorithm outside
        [dumps({1: 4}), {4: b"command"}, b"p", bytes(32)],  # HMAC 256/64
        [dumps({1: -7}), {4: b"command"}, b"p", bytes(32)],
        [dumps({1: 5, 2: [4]}), {}, b"p", bytes(32)],  # a critical header
        [dumps({1: 5}), {4: b"command", 7: b""}, b"p", bytes(32)],
        [dumps({1: 5}), {4: "command"}, b"p", bytes(32)],
        [dumps({1: 5}), {7: b"x"}, b"p", bytes(32)],
        [dumps([1, 5]), {4: b"command"}, b"p", bytes(32)],
        [b"\xff", {4: b"command"}, b"p", bytes(32)],
        [dumps({1: 5}), {4: b"command"}, None, bytes(32)],  # detached payload
        [dumps({1: 5}), {4: b"command"}, b"p", "text"],
        [dumps({1: 5}), [], b"p", bytes(32)],
        [dumps({1: 5}), {4: b"command"}, b"p"],
        {},
        5,
    ):
        assert error_of(mac0.unseal, KEYS, dumps(Tag(17, parts)), AAD) is RemoteProtocolError, (
            parts
        )
    sealed = loads(mac0.seal(KEYS, b"command", b"p", AAD))
    for value in (sealed.value, Tag(18, sealed.value), Tag(17, sealed), 1):
        assert error_of(mac0.unseal, KEYS, dumps(value), AAD) is RemoteProtocolError, value


def test_no_mutation_of_a_sealed_message_is_taken():
    data = mac0.seal(KEYS, b"command", dumps({1: "unit-1", 2: 7}), AAD)
    for index in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[index] ^= 1 << bit
            assert error_of(mac0.unseal, KEYS, bytes(changed), AAD) is not None, (index, bit)
    for cut in range(len(data)):
        assert error_of(mac0.unseal, KEYS, data[:cut], AAD) is RemoteProtocolError, cut


def test_proofs_are_compared_whole():
    assert is_equal(b"", b"")
    assert is_equal(b"ab", b"ab")
    assert not is_equal(b"ab", b"ac")
    assert not is_equal(b"ab", b"a")


def test_each_sequence_is_accepted_once_and_rising():
    guard = ReplayGuard(0, 8)
    assert guard.wants_reserve() == 8
    assert guard.wants_reserve() == 0, "asked once"
    assert guard.check(1) == UNSTORED
    guard.reserved(8)
    for sequence in (1, 2, 4):
        assert guard.check(sequence) == "", sequence
        guard.accept(sequence)
        for old in range(sequence + 1):
            assert guard.check(old) == REPLAYED, (sequence, old)
    assert guard.floor() == 5
    assert guard.replayed_count == 2 + 3 + 5
    assert guard.unstored_count == 1


def test_the_next_window_is_asked_for_before_this_one_ends():
    guard = ReplayGuard(0, 8)
    guard.reserved(guard.wants_reserve())
    asked = []
    for sequence in range(1, 40):
        assert guard.check(sequence) == "", sequence
        guard.accept(sequence)
        mark = guard.wants_reserve()
        if mark:
            asked.append(mark)
            guard.reserved(mark)
    assert asked == [12, 16, 20, 24, 28, 32, 36, 40, 44]


def test_a_medium_that_fails_stops_commands_and_no_stop():
    guard = ReplayGuard(0, 4)
    guard.reserved(guard.wants_reserve())
    guard.accept(3)
    assert guard.wants_reserve() == 7
    guard.failed()
    assert guard.wants_reserve() == 7, "asked again"
    assert guard.check(4) == ""
    guard.accept(4)
    assert guard.check(5) == UNSTORED
    guard.accept(5)  # what the service does for a stop
    assert guard.check(5) == REPLAYED
    guard.reserved(7)
    assert guard.check(6) == ""


def test_nothing_accepted_before_a_restart_is_accepted_after_it():
    for cut in range(40):
        guard = ReplayGuard(0, 8)
        durable = 0
        accepted = 0
        for sequence in range(1, cut + 1):
            mark = guard.wants_reserve()
            if mark and sequence % 3:  # now and then the write is cut
                durable = mark
                guard.reserved(mark)
            if guard.check(sequence) == "":
                guard.accept(sequence)
                accepted = sequence
        again = ReplayGuard(durable, 8)
        for sequence in range(accepted + 1):
            assert again.check(sequence) == REPLAYED, (cut, sequence)
        assert again.floor() > accepted, cut


def test_a_cmc_far_ahead_gets_through_at_the_second_try():
    guard = ReplayGuard(0, 8)
    guard.reserved(guard.wants_reserve())
    assert guard.check(5000) == UNSTORED
    mark = guard.wants_reserve()
    assert mark >= 5000
    guard.reserved(mark)
    assert guard.check(5000) == ""


def test_a_mark_that_was_not_asked_for_is_not_believed():
    guard = ReplayGuard(0, 8)
    guard.wants_reserve()
    guard.reserved(1000)
    assert guard.check(9) == UNSTORED


def test_one_mistaken_number_does_not_use_up_all_that_are_left():
    guard = ReplayGuard(100, 8)
    guard.reserved(guard.wants_reserve())
    for sequence in (2**64 - 1, 100 + SEQUENCE_JUMP_MAX + 1):
        assert guard.check(sequence) == FAR_AHEAD, sequence
    assert guard.far_ahead_count == 2
    assert guard.wants_reserve() == 0
    assert guard.check(101) == ""
    assert guard.check(100 + SEQUENCE_JUMP_MAX) == UNSTORED
