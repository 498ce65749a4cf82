"""A minute of real footage from a real RTSP server comes out of the export frame for frame."""

import hashlib
import time
from pathlib import Path

import av
import pytest

from host_tools.cmc.footage import Footage
from host_tools.evidence import verify_alone
from host_tools.evidence.export import export
from host_tools.evidence.pool import SegmentName
from host_tools.evidence.signing import Signer
from tests.hal import servers
from tests.host_tools.evidence_rig import papers as evidence_papers
from tests.rig.chain_keys import ChainKeys
from tests.rig.gateway import PLACE, UNIT, YARD, Centre, Gateway, utc_ms

RECORD_S = 60
PRIMING_FRAME_COUNT = 2  # an AAC frame decodes with the one before it


def picture_sums(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [
            hashlib.sha256(frame.to_ndarray(format="yuv420p").tobytes()).hexdigest()
            for frame in container.decode(video=0)
        ]


def sound_sums(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [
            hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest()
            for frame in container.decode(audio=0)
        ]


def run_in(needle: list[str], hay: list[str]) -> int:
    """Where a list stands as one run in another; -1 for nowhere."""
    starts = [index for index, value in enumerate(hay) if value == needle[0]]
    runs = [at for at in starts if hay[at : at + len(needle)] == needle]
    return runs[0] if runs else -1


def exported(tmp_path: Path, gateway: Gateway, begun_ms: int) -> Path:
    """Export the minute, with the keys that the claim gave the keyholder."""
    footage = Footage(
        UNIT, YARD, begun_ms - 2000, begun_ms + RECORD_S * 1000, 12, "assault", "CASE-1",
        with_sound=True, sound_reason="threats were spoken", grant=gateway.grant_id,
    )  # fmt: skip
    papers = evidence_papers(owner="Example Borough Council", permit="P-1", place=PLACE)

    def release(chain: str, wanted: list[SegmentName]) -> dict[SegmentName, bytes]:
        keys = ChainKeys(*gateway.claim.chains[chain])
        found = {name: keys.key_for(*name) for name in wanted}
        return {name: key for name, key in found.items() if key is not None}

    signer = Signer.open(tmp_path / "signer")
    out = tmp_path / "out"
    with export(tmp_path / "ring.pool", release, footage, papers, signer, out):
        pass
    return out


@pytest.mark.slow
@pytest.mark.clause("C43")
def test_a_minute_of_real_footage_survives_frame_for_frame(tmp_path: Path):
    film = servers.film()
    with (
        servers.mosquitto(tmp_path) as broker,
        servers.rtsp(tmp_path, film) as server,
        servers.Proxy(server.port) as proxy,
    ):
        url = f"rtsp://127.0.0.1:{proxy.port}/both"
        gateway = Gateway(tmp_path, broker.port, film, ring="128 MiB", sound_url=url)
        centre = Centre(broker.port, gateway.keystore)
        try:
            gateway.start()
            centre.wait(lambda: centre.heartbeats and centre.camera().is_recording, "recording")
            begun_ms = utc_ms()
            assert len(proxy.requests("PLAY")) == 1, "one session, of the picture"
            assert len(proxy.requests("SETUP")) == 1, proxy.requests("SETUP")
            assert "stream=0" in proxy.requests("SETUP")[0]
            answer = centre.ask("sound.on", camera=YARD)
            assert answer.result == "done", (answer.code, answer.clause, answer.remedy)
            centre.wait(lambda: centre.camera().sound_state == "on", "sound on")
            time.sleep(max(0, RECORD_S + 1 - (utc_ms() - begun_ms) / 1000))
            assert len(proxy.requests("SETUP")) == 2, "one more, of the sound"
            assert centre.ask("sound.off", camera=YARD).result == "done"
            assert gateway.end() == 0, gateway.log()
        finally:
            centre.close()
            gateway.close()
    out = exported(tmp_path, gateway, begun_ms)
    assert verify_alone.check(out)[0] == []
    picture, sound = out / f"{YARD}-1.mp4", out / f"{YARD}-sound-1.mp4"
    taken, source = picture_sums(picture), picture_sums(film)
    assert len(taken) > 26 * (RECORD_S - 1), len(taken)
    assert run_in(taken, source) >= 0, "the exported frames are not a run of the film's"
    heard, spoken = sound_sums(sound)[PRIMING_FRAME_COUNT:], sound_sums(film)
    assert len(heard) > 46 * (RECORD_S - 8), len(heard)
    assert run_in(heard, spoken) >= 0, "the exported sound is not a run of the film's"
    print(f"{len(taken)} pictures and {len(heard)} blocks of sound equal to the source")
