"""The demo's two units on paper: claims, permits, a grant, and the settings files they run on.

    <state>/keys/              the council's keystore
    <state>/gateway-1/         site.toml, permit, grant, claim, and what the gateway keeps
    <state>/unit-3/            the same for the redeployable unit, and its settings as CBOR
    <state>/bridge/            the simulated devices as real ports
    <state>/cmc/, <state>/broker/

Everything is made fresh in the state folder; what a unit keeps from an earlier run is kept.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from firmware.cose import sign1
from firmware.errors import RemoteProtocolError
from firmware.policy.fields import PaperError
from firmware.policy.permit import EXTERNAL_AAD, Permit
from firmware.policy.zones import AVOID, WITHHOLD
from hal.linux.cipher import OpenSslCipher
from host_tools import authority, site
from host_tools.cmc.keyholder import Keyholder
from host_tools.cmc.settings import UnitEntry
from host_tools.keystore import CLAIM_FILE, PERMIT_FILE, Keystore, permit_file, write_private

GATEWAY, POST = "gateway-1", "unit-3"
DOME, YARD, POST_CAMERA = "dome-1", "yard-2", "post-3"
GATEWAY_PLACE, POST_PLACE = "yard-7", "lamppost-118"
RESPONSIBLE = "A. Officer (example)"
SITE_FILE, COMPILED_FILE, BRIDGE_FILE = "site.toml", "config.cbor", "bridge.json"
PRIVATE_WINDOW_CDEG = (12_000, -1_500, 14_500, 500)  # left, low, right, high
POST_GARDEN_CDEG = (20_000, -2_000, 23_000, -2_000, 21_500, 1_000)  # pan and tilt of each corner
KEPT_MS = 30 * authority.DAY_MS
Where = dict[str, dict[str, "str | int"]]


@dataclass(frozen=True)
class Folders:
    """Where the demo keeps what."""

    state: Path

    def unit(self, name: str) -> Path:
        """The folder of one unit."""
        return self.state / name

    @property
    def keys(self) -> Path:
        """The council's keystore."""
        return self.state / "keys"

    @property
    def cmc(self) -> Path:
        """The CMC's own files."""
        return self.state / "cmc"

    @property
    def bridge(self) -> Path:
        """The simulated devices as real ports."""
        return self.state / "bridge"

    @property
    def broker(self) -> Path:
        """The broker's files."""
        return self.state / "broker"


def register(has_post: bool) -> list[UnitEntry]:
    """List the demo's fleet."""
    units = [UnitEntry(GATEWAY, "gateway", GATEWAY_PLACE, RESPONSIBLE)]
    if has_post:
        units.append(UnitEntry(POST, "redeployable", POST_PLACE, RESPONSIBLE))
    return units


def sign_papers(folders: Folders, keystore: Keystore, utc_ms: int, has_post: bool) -> None:
    """Sign permits and the grant, good for 90 days; those of the last month are kept as they are.

    A new permit may name other private places, so the CMC's pictures of presets do not outlive it.
    """
    window = {"camera": DOME, "space": "dome", "rectangle": list(PRIVATE_WINDOW_CDEG)}
    # One dome may look at its private window and shows it filled, the other never looks there.
    zone = {**window, "rule": WITHHOLD}
    path = folders.unit(GATEWAY) / PERMIT_FILE
    draft = _sign_permit(path, keystore, zone, (GATEWAY, GATEWAY_PLACE, utc_ms))
    grant = authority.sign_grant(keystore.authority, authority.draft_grant(draft, YARD))
    write_private(path.with_name(permit_file(YARD)), grant)
    if has_post:
        garden = {"camera": POST_CAMERA, "space": "dome", "polygon": list(POST_GARDEN_CDEG)}
        path = folders.unit(POST) / PERMIT_FILE
        zone = {**garden, "rule": AVOID}
        _sign_permit(path, keystore, zone, (POST, POST_PLACE, utc_ms, "PSS"))


def _sign_permit(
    path: Path,
    keystore: Keystore,
    zone: Mapping[str, object],
    about: "tuple[str, str, int] | tuple[str, str, int, str]",
) -> dict[str, object]:
    """Sign a permit with one zone where none is that says the same; returns what it says.

    Args:
        path: of the permit.
        keystore: of the authority.
        zone: what is private.
        about: what `authority.draft_permit` takes.
    """
    unit, place, utc_ms, *rest = about
    if path.exists():
        with suppress(RemoteProtocolError, PaperError):
            key = keystore.authority.public_key()
            payload = sign1.verify(OpenSslCipher(), key, path.read_bytes(), EXTERNAL_AAD)
            kept_utc_ms = Permit.parse(payload).start_utc_ms + authority.BEGUN_MS
            draft = authority.draft_permit(unit, place, kept_utc_ms, *rest) | {"zones": [zone]}
            is_young = 0 <= utc_ms - kept_utc_ms < KEPT_MS
            if is_young and payload == authority.permit_payload(draft):
                return draft
    draft = authority.draft_permit(unit, place, utc_ms, *rest) | {"zones": [zone]}
    write_private(path, authority.sign_permit(keystore.authority, draft))
    return draft


def claim_units(
    folders: Folders, keystore: Keystore, keyholder: Keyholder, utc_ms: int, has_post: bool
) -> None:
    """Claim every unit that has not been claimed yet: half the secrets to it, half to the CMC.

    The claim is complete on disk before the keyholder takes its part, and the chain of pictures
    is taken last, so that a run that is cut off in between begins the claim anew.
    """
    wanted = {GATEWAY: ["picture", f"sound:G-{YARD}"]}
    if has_post:
        wanted[POST] = ["picture"]
    for unit, chains in wanted.items():
        if chains[0] in keyholder.chains(unit):
            continue
        claim = keystore.claim(unit, chains, utc_ms)
        write_private(folders.unit(unit) / CLAIM_FILE, claim.data)
        for chain in reversed(chains):
            keyholder.erase(unit, chain)
            keyholder.add(unit, chain, *claim.chains[chain])


def write_bridge(folders: Folders, ports: tuple[int, int]) -> Path:
    """Write what the simulated site shall offer; returns the file.

    Args:
        folders: where.
        ports: of its RTSP server and of its inspection side, fixed so that a bridge that was
            started again is found where it was.
    """
    post = {"kind": "snapshot", "address": 1, "width_px": 320, "height_px": 180, "seed": 23}
    yard = {"has_microphone": True, "seed": 11, "pan_cdeg": 5500, "tilt_cdeg": -1100}
    settings = {
        "folder": ".",
        "rtsp_port": ports[0],
        "control_port": ports[1],
        "camera": [
            {"name": DOME, "address": 1},
            {"name": YARD, **yard},
            {"name": POST_CAMERA, **post},
        ],
    }
    path = folders.bridge / "settings.json"
    write_private(path, json.dumps(settings, indent=2).encode())
    return path


def write_gateway(folders: Folders, broker_url: str, where: Where) -> Path:
    """Write the gateway's settings for the ports that the bridge offers now; returns the file."""
    dome, yard = where[DOME], where[YARD]
    text = f"""# Written by `lamppost demo` at each start; changes are lost.
[unit]
name = "{GATEWAY}"
kind = "gateway"
place = "{GATEWAY_PLACE}"
state_dir = "."
permit = "{PERMIT_FILE}"
claim = "{CLAIM_FILE}"

[link]
url = {_quoted(broker_url)}
heartbeat = "500 ms"

[ring]
file = "ring.pool"
size = "512 MiB"
segment = "2 MiB"

[[camera]]
name = "{DOME}"
source = {_quoted(dome["rtsp"])}
still_every = "1 s"

[camera.ptz]
serial = {_quoted(dome["serial"])}
baud = {dome["baud"]}
address = {dome["address"]}
replies = true

[[camera]]
name = "{YARD}"
source = {_quoted(yard["rtsp"])}
still_every = "1 s"

[camera.sound]
source = "track"
grant = "{permit_file(YARD)}"
gate = {_quoted(f"file:{yard['gate']}")}
read_back = {_quoted(f"file:{yard['gate_read_back']}")}
indicator = {_quoted(f"file:{yard['indicator']}")}
"""
    path = folders.unit(GATEWAY) / SITE_FILE
    write_private(path, text.encode())
    return path


def write_post(folders: Folders, broker_url: str, where: Where) -> Path:
    """Write and compile the redeployable unit's settings; returns the compiled file."""
    post = where[POST_CAMERA]
    text = f"""# Written by `lamppost demo` at each start; changes are lost.
[unit]
name = "{POST}"
kind = "redeployable"
place = "{POST_PLACE}"
state_dir = "."
permit = "{PERMIT_FILE}"
claim = "{CLAIM_FILE}"

[link]
url = {_quoted(broker_url)}
heartbeat = "1 s"

[ring]
file = "ring.pool"
size = "16 MiB"
segment = "128 KiB"
record = "16 KiB"
outbox = "256 KiB"

[[camera]]
name = "{POST_CAMERA}"
source = {_quoted(f"jpeg:{post['frame']}")}
still_every = "2 s"

[camera.ptz]
serial = {_quoted(post["serial"])}
baud = {post["baud"]}
address = {post["address"]}
replies = true
"""
    path = folders.unit(POST) / SITE_FILE
    write_private(path, text.encode())
    compiled = folders.unit(POST) / COMPILED_FILE
    write_private(compiled, site.compile_config(path))
    return compiled


def _quoted(value: "str | int") -> str:
    """Write text as a TOML basic string, of which a JSON string is one."""
    return json.dumps(str(value))
