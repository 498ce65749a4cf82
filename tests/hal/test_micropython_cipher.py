"""What the micropython binary seals, another library opens, and it takes nothing touched."""

import hashlib
import hmac
import os
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hal.micropython import p256

ROOT = Path(__file__).parent.parent.parent
BINARY = Path(sys.executable).parent / "micropython"
LENGTHS = (0, 1, 15, 16, 17, 255, 4096)
KEY, NONCE, AAD = bytes(range(32)), b"\x07" * 12, b"unit-1/dome-1"
SCRIPT = f"""
from hal.micropython.cipher import BoardCipher
cipher = BoardCipher()
for length in {LENGTHS}:
    plain = bytes(index % 251 for index in range(length))
    sealed = cipher.seal({KEY}, {NONCE}, {AAD}, plain)
    assert len(sealed) == cipher.sealed_bytes(length), length
    assert cipher.unseal(2, {KEY}, {NONCE}, {AAD}, sealed) == plain, length
    assert cipher.unseal(2, {KEY}, {NONCE}, {AAD} + b"x", sealed) is None, length
    for index in range(0, len(sealed), 13):
        touched = bytearray(sealed)
        touched[index] ^= 1
        assert cipher.unseal(2, {KEY}, {NONCE}, {AAD}, bytes(touched)) is None, (length, index)
    room = bytearray(b"\\xee" * (3 + len(sealed) + 5))
    place = memoryview(room)[3 : 3 + len(sealed)]
    cipher.seal_into({KEY}, {NONCE}, {AAD}, plain, place)
    assert room == b"\\xee" * 3 + sealed + b"\\xee" * 5, length
    print(sealed.hex())
"""


def code(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def unseal(sealed: bytes) -> bytes:
    """Open suite 2 with another library, as hal.api.cipher defines it."""
    mac_key = code(KEY, b"mac")
    ciphertext, tag = sealed[:-16], sealed[-16:]
    signed = len(AAD).to_bytes(4, "big") + AAD + NONCE + ciphertext
    assert code(mac_key, signed)[:16] == tag
    iv = code(mac_key, b"iv" + NONCE)[:16]
    opener = Cipher(algorithms.AES(code(KEY, b"enc")), modes.CBC(iv)).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    padded = opener.update(ciphertext) + opener.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def test_another_library_opens_what_the_binary_seals():
    done = subprocess.run(
        [BINARY, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.split()
    assert len(lines) == len(LENGTHS), lines
    for length, line in zip(LENGTHS, lines, strict=True):
        assert unseal(bytes.fromhex(line)) == bytes(i % 251 for i in range(length)), length


def test_signatures_of_fresh_keys_verify():
    for turn in range(20):
        secret = ec.generate_private_key(ec.SECP256R1())
        numbers = secret.public_key().public_numbers()
        data = os.urandom(turn)
        r, s = utils.decode_dss_signature(secret.sign(data, ec.ECDSA(hashes.SHA256())))
        key = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        digest = hashlib.sha256(data).digest()
        assert p256.verify(key, digest, signature), (key.hex(), data.hex(), signature.hex())
        assert not p256.verify(key, hashlib.sha256(data + b"x").digest(), signature), key.hex()
