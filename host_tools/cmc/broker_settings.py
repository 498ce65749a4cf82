"""Settings of the embedded broker: who may connect, and what each may say and hear."""

import base64
import getpass
import hashlib
import json
import secrets
from pathlib import Path

from firmware.telemetry import topics

CMC_USER = "cmc"
PBKDF2_ROUNDS = 101  # what mosquitto_passwd itself writes; the password has 128 bits of its own
PASSWORD_BYTES = 16
PAYLOAD_BYTES_MAX = 262_144 + 1024
UNIT_SAYS = (topics.STATE, topics.HEARTBEAT, topics.EVENT, topics.ANSWER, topics.STILL + "/+")
UNIT_HEARS = (topics.COMMAND, topics.CURSOR)


def new_password() -> str:
    """Make a password that nobody has to remember: 128 random bits as 32 hex digits."""
    return secrets.token_hex(PASSWORD_BYTES)


def write_mosquitto(folder: Path, port: int, passwords: dict[str, str]) -> Path:
    """Write mosquitto's settings, password file and access list.

    Args:
        folder: where the three files go; made where missing.
        port: loopback port to listen on.
        passwords: user to password; the user `cmc` may say and hear everything of ours, any
            other is a unit and has only its own topics.

    Returns:
        the settings file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{user}:{_mosquitto_hash(password)}" for user, password in passwords.items()]
    _write_private(folder / "passwords", "\n".join(lines) + "\n")
    rules = ["user " + CMC_USER, f"topic readwrite {topics.PREFIX}#", ""]
    rules += [f"pattern write {topics.PREFIX}%u/{kind}" for kind in UNIT_SAYS]
    rules += [f"pattern read {topics.PREFIX}%u/{kind}" for kind in UNIT_HEARS]
    _write_private(folder / "access", "\n".join(rules) + "\n")
    settings = (
        f"listener {port} 127.0.0.1",
        "allow_anonymous false",
        f"password_file {folder.resolve() / 'passwords'}",
        f"acl_file {folder.resolve() / 'access'}",
        "persistence false",
        f"max_packet_size {PAYLOAD_BYTES_MAX}",
        f"user {getpass.getuser()}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    )
    return _write_private(folder / "mosquitto.conf", "\n".join(settings) + "\n")


def write_nats(folder: Path, port: int, passwords: dict[str, str]) -> Path:
    """Write the NATS server's settings; arguments and result as `write_mosquitto`.

    JSON is a subset of the NATS settings language, so nothing needs escaping of our own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    users = [
        {"user": user, "password": password, "permissions": _nats_permissions(user)}
        for user, password in passwords.items()
    ]
    settings = {
        "server_name": "lamppost-demo",
        "listen": "127.0.0.1:-1",
        "max_payload": PAYLOAD_BYTES_MAX + 4096,
        "jetstream": {"store_dir": str(folder.resolve() / "jetstream")},
        "mqtt": {"listen": f"127.0.0.1:{port}"},
        "authorization": {"users": users},
    }
    return _write_private(folder / "nats.conf", json.dumps(settings, indent=2) + "\n")


def _nats_permissions(user: str) -> dict[str, list[str]]:
    """Turn our topics into NATS subjects; deliveries at QoS 1 come on `$MQTT.sub`."""
    deliveries = ["$MQTT.sub.>"]
    if user == CMC_USER:
        whole = [_subject(topics.PREFIX) + ">"]
        # What MQTT calls lamppost/v1/# is two subjects: the parent itself, and all below it.
        return {"publish": whole, "subscribe": [_subject(topics.PREFIX[:-1]), *whole, *deliveries]}
    own = f"{topics.PREFIX}{user}/"
    return {
        "publish": [_subject(own + kind) for kind in UNIT_SAYS],
        "subscribe": [_subject(own + kind) for kind in UNIT_HEARS] + deliveries,
    }


def _subject(topic: str) -> str:
    return topic.replace("/", ".").replace("+", "*")


def _mosquitto_hash(password: str) -> str:
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, PBKDF2_ROUNDS)
    told = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"$7${PBKDF2_ROUNDS}${told[0]}${told[1]}"


def _write_private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
    return path
