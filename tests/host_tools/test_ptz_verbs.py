"""`lamppost ptz` on a real pty with a simulated dome: found, told, tried, and left standing."""

import json
import time
from pathlib import Path

from typer.testing import CliRunner

from host_tools.cli.main import app
from host_tools.field.probe import Report, probe
from sim.bridge.lines import PtyLine
from sim.devices.dome import GENERAL, SILENT, STANDARD, Dome
from tests.host_tools.centre import until

STOP = b"\xff\x02\x00\x00\x00\x00\x02"


def run(*words: str) -> "tuple[int, str]":
    result = CliRunner().invoke(app, ["ptz", *words])
    return result.exit_code, result.output


class Wire:
    """A port at one speed: a dome that is set to another hears and says nothing."""

    def __init__(self, dome: Dome, dome_baud: int, baud: int, has_echo: bool = False) -> None:
        self.dome = dome
        self.is_right = dome_baud == baud
        self.has_echo = has_echo
        self.held = b""

    def write(self, data: bytes, /) -> int:
        if self.has_echo:
            self.held += data
        if self.is_right:
            self.held += self.dome.receive(data, time.monotonic_ns() // 1_000_000)
        return len(data)

    def read(self, size: int = 1, /) -> bytes:
        data, self.held = self.held[:size], self.held[size:]
        if not data:
            time.sleep(0.001)
        return data

    def close(self) -> None:
        self.held = b""


def probed(dome: Dome, dome_baud: int = 9600, has_echo: bool = False) -> Report:
    places = iter([(baud, address) for baud in (4800, 9600) for address in (1, 2)])
    return probe(lambda baud: Wire(dome, dome_baud, baud, has_echo), "pelco-d", places, "/dev/x")


def test_a_dome_is_found_by_speed_and_address_and_its_kind_told():
    table = (
        (GENERAL, ["position", "general"], "generic"),
        (STANDARD, ["position", "ack"], "pelco-v5"),
    )
    for replies, answers, profile in table:
        for has_echo in (False, True):
            report = probed(Dome(2, replies), has_echo=has_echo)
            assert len(report.found) == 1, (replies, has_echo, report)
            found = report.found[0]
            assert (found.baud, found.address, found.answers) == (9600, 2, answers), found
            assert found.profile == profile and found.has_echo == has_echo, found
            assert found.line == "good" and found.line_counts["asked"] == 20, found
            assert found.setting.startswith("pelco-d+serial:///dev/x?baud=9600&address=2"), found


class NoisyWire(Wire):
    """Loses every fourth read and puts a stray byte into every sixth."""

    count = 0

    def read(self, size: int = 1, /) -> bytes:
        data = super().read(size)
        if data:
            NoisyWire.count += 1
            data = b"" if NoisyWire.count % 4 == 0 else data
        return data


def test_a_bad_line_is_told_by_the_probe():
    NoisyWire.count = 0
    places = iter([(9600, 1)])
    report = probe(lambda baud: NoisyWire(Dome(1), 9600, baud), "pelco-d", places, "/dev/x")
    assert [found.line for found in report.found] == ["bad"], report
    assert report.found[0].line_counts["line_unanswered"] == 5, report


def test_an_adapter_that_hears_itself_is_not_taken_for_domes():
    report = probed(Dome(2, SILENT), has_echo=True)
    assert report.found == [] and report.echo_count == report.asked_count > 0


def test_the_probe_finds_the_one_speed_of_a_dome_on_a_pty(tmp_path: Path):
    line = PtyLine(tmp_path / "dome", Dome(1), 9600)
    try:
        code, said = run(
            "probe", "--serial", str(tmp_path / "dome"), "--addresses", "1-1", "--json"
        )
        assert code == 0, said
        assert [row["baud"] for row in json.loads(said)["found"]] == [9600], said
    finally:
        line.close()


def test_a_line_that_cannot_be_used_is_refused_with_what_to_do(tmp_path: Path):
    nowhere = tmp_path / "nowhere"
    for words, told in (
        (("where", "--serial", f"{nowhere}"), f"{nowhere}: No such file or directory; check the"),
        (("where", "--serial", f"{tmp_path}"), f"{tmp_path}: Is a directory; check the"),
        (
            ("where", "--serial", f"pelco-d+serial://{nowhere}?baud=9601"),
            "baud 9601: give one of 1200, 2400, 4800, 9600, 19200, 38400",
        ),
        (("probe", "--serial", f"{nowhere}", "--bauds", "2400,96"), "baud 96: give one of 1200"),
    ):
        code, said = run(*words)
        assert code == 2 and told in said.replace("\n", " "), (words, said)


def test_probe_and_send_on_a_pty(tmp_path: Path):
    dome = Dome(2, GENERAL)
    line = PtyLine(tmp_path / "dome", dome, 9600)
    url = f"pelco-d+serial://{tmp_path}/dome?baud=9600&address=2"
    try:
        code, said = run(
            "probe", "--serial", str(tmp_path / "dome"), "--bauds", "9600", "--addresses", "1-3",
            "--json",
        )  # fmt: skip
        assert code == 0, said
        found = json.loads(said)["found"]
        assert [(row["address"], row["profile"]) for row in found] == [(2, "generic")], said

        code, said = run("send", "left", "--serial", url, "--hold-ms", "100")
        assert code == 0 and "general" in said, said
        assert [heard.frame for heard in line.frames][-2:] == [STOP, STOP]
        assert dome.last_motion_frame == STOP

        for command, data, more, word in (
            ("preset_set", "95", "&profile=pelco-spectra", "preset 95 is a function"),
            ("baud_set", "2", "", "can strand the dome"),
            ("fly", "0", "", "fly"),
            ("preset_go", "0", "", "give 1 to 255"),
        ):
            count = len(line.frames)
            code, said = run("send", command, data, "--serial", url + more)
            assert code == 2 and word in said, (command, said)
            assert len(line.frames) == count, command
        code, said = run("send", "baud_set", "2", "--serial", url, "--let", "baud_set")
        assert code == 0 and dome.refused_count == 1, said
        for profile, want in (("generic", 2), ("pelco-v5", 1)):
            code, said = run("send", "auto_focus", "0", "--serial", f"{url}&profile={profile}")
            assert code == 0 and dome.registers[0x2B] == want, (profile, said)
        code, said = run("send", "query_pan", "--serial", url)
        assert code == 0 and "pan " in said, said
        code, said = run("send", "stop", "--serial", url)
        assert code == 0 and line.frames[-1].frame == STOP, said
    finally:
        line.close()


def test_a_silent_dome_and_a_wrong_word_are_told(tmp_path: Path):
    line = PtyLine(tmp_path / "dome", Dome(1, SILENT), 9600)
    try:
        code, said = run(
            "probe", "--serial", str(tmp_path / "dome"), "--bauds", "9600", "--addresses", "1"
        )
        assert code == 1 and "Many domes never do" in said, said
    finally:
        line.close()
    for words, told in (
        (("probe", "--serial", str(tmp_path / "none"), "--bauds", "9600"), "none"),
        (("probe", "--serial", "x", "--protocol", "pelco-x"), "pelco-x"),
        (("probe", "--serial", "x", "--addresses", "0-3"), "0-3"),
        (("probe", "--serial", "x", "--bauds", "fast"), "--bauds"),
        (("send", "stop"), "--serial"),
        (("send", "left", "--serial", "x", "--hold-ms", "5000"), "5000"),
        (("send", "stop", "--serial", "visca+serial://x?address=9"), "visca has 1 to 7"),
        (("send", "ping", "--serial", "visca+serial://x"), "only stop and moves"),
        (("send", "stop", "--serial", "pelco-d+serial://x?profile=best"), "best"),
    ):
        code, said = run(*words)
        assert code == 2 and told in said, (words, code, said)
        assert "Traceback" not in said, words


def test_the_profiles_are_listed():
    code, said = run("profiles")
    assert code == 0 and "pelco-esprit" in said and "auto_stop_ms 15000" in said
    code, said = run("profiles", "--json")
    assert code == 0 and json.loads(said)["sanyo-vsp"]["turbo"] == 0


def test_the_help_of_every_verb_is_a_page_of_a_manual():
    code, told = run("--help")
    assert code == 0
    for word in (
        "socket://HOST:PORT",
        "rfc2217://",
        "Exit codes",
        "When nothing answers",
        "120 ohm",
    ):
        assert word in told, word
    for verb in ("probe", "profiles", "commands", "where", "send"):
        assert verb in told, verb
        code, page = run(verb, "--help")
        assert code == 0 and len(page.splitlines()) > 12, verb
        assert "Columns:" in page or f"lamppost ptz {verb}" in page, f"{verb} has no example"


def test_every_command_is_listed_with_what_it_takes():
    code, told = run("commands", "--json")
    rows = {row["name"]: row for row in json.loads(told)}
    assert code == 0 and rows["preset_go"] == {
        "name": "preset_go", "opcode": 7, "least": 1, "most": 255, "answer": "general",
        "is_dangerous": False,
    }  # fmt: skip
    assert rows["baud_set"]["is_dangerous"]
    code, told = run("commands")
    assert code == 0 and "preset_go" in told and "needs --let" in told


def test_a_dome_tells_where_it_looks(tmp_path: Path):
    dome = Dome(1, GENERAL)
    line = PtyLine(tmp_path / "dome", dome, 9600)
    setting = f"pelco-d+serial://{tmp_path}/dome?baud=9600&address=1"
    try:
        assert run("send", "pan_set", "300", "--serial", setting)[0] == 0
        at = {"pan": 300, "tilt": 0, "zoom": 0}
        until(
            lambda: json.loads(run("where", "--json", "--serial", setting)[1]) == at,
            "it never told that it had come there",
        )
        code, told = run("where", "--serial", setting)
        assert code == 0 and "3.0 deg" in told and "0.0 %" in told, told
        code, told = run("where", "--serial", setting.replace("address=1", "address=2"))
        assert code == 1 and "Nothing answered" in told
    finally:
        line.close()
    assert run("where", "--serial", "pelco-q+serial:///dev/x")[0] == 2
