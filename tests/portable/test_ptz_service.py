"""The service on a line with byte times and a dome: what is promised about the wire holds."""

from firmware.pelco_d import commands
from firmware.ptz.model import PtzSettings
from sim.devices.dome import SILENT, STANDARD, Dome
from tests.portable.ptz_bench import Bench

STOP = commands.stop(1)


def is_motion(frame):
    return not frame[3] & 1 and bool(frame[2] | frame[3])


def test_a_line_is_opened_with_two_stops_then_the_place_is_known():
    bench = Bench()
    assert bench.service.position()[3] is False
    bench.run(400)
    assert [row[2] for row in bench.sent()][:2] == [STOP, STOP]
    assert bench.service.position() == (0, 0, 0, True)
    events = bench.service.events.take()
    assert events[0] == ("ptz.line_open", 0, {"camera": "dome-1"})
    assert events[1][0] == "ptz.stopped" and events[1][2]["cause"] == "start"


def test_a_move_is_seen_in_the_dome_and_in_the_place():
    bench = Bench()
    bench.run(400)
    assert bench.service.move(500, -400, 1, bench.ms) == ""
    bench.run(3000)
    pan, tilt, zoom, is_known = bench.service.position()
    assert is_known
    dome = bench.dome
    assert pan == dome.pan_cdeg > 500
    assert tilt == dome.tilt_cdeg < -50
    assert zoom == dome.zoom_permille > 50
    assert not dome.is_moving
    names = bench.names()
    assert names[2:] == ["ptz.moved", "ptz.lease_expired", "ptz.stopped"], names


def test_a_forgotten_move_is_stopped_on_the_wire_within_a_second():
    for baud in (2400, 9600):
        for dome in (Dome(1), Dome(1, SILENT), Dome(1, STANDARD)):
            for renewed_ms in range(0, 260, 20):
                settings = PtzSettings(1, baud, True)
                settings.reply_kind = "ack" if dome.replies == STANDARD else "general"
                bench = Bench(baud, dome, settings)
                bench.run(700)
                first_ms = bench.ms
                bench.service.move(-700, 0, 0, bench.ms)
                bench.run(450 + renewed_ms)
                bench.service.move(-700, 0, 0, bench.ms)
                last_ms = bench.ms
                bench.run(1300)
                case = (baud, dome.replies, renewed_ms)
                stops = [row for row in bench.sent(first_ms) if row[2] == STOP]
                is_heard = dome.replies != SILENT
                assert len(stops) == 2 if is_heard else len(stops) >= 4, case
                assert stops[0][1] <= last_ms + 1000, (case, stops, last_ms)
                assert stops[1][1] <= last_ms + 1200, (case, stops, last_ms)
                motions = [row for row in bench.sent(first_ms) if is_motion(row[2])]
                assert motions[-1][1] <= stops[0][0], case


def test_a_stop_waits_for_no_more_than_the_exchange_in_flight():
    bench = Bench()
    bench.run(400)
    for turn in range(200):
        bench.service.move(turn - 500, turn, 0, bench.ms)
    asked_ms = bench.ms
    assert bench.service.stop(bench.ms) == ""
    bench.run(300)
    frames = [row for row in bench.sent(asked_ms) if not row[2][3] & 1]
    assert [row[2] for row in frames] == [STOP, STOP]
    longest_ms = bench.service.session.duration_ms("pan") + bench.settings.pacing_ms
    assert frames[0][0] <= asked_ms + longest_ms, frames
    assert not bench.dome.is_moving


def test_a_held_move_is_told_again_and_goes_on():
    bench = Bench()
    bench.run(400)

    def renew(bench):
        if bench.ms % 300 == 0:
            assert bench.service.move(-1000, 0, 0, bench.ms) == ""
            return True
        return False

    start_ms = bench.ms
    bench.run(5000, renew)
    motions = [row for row in bench.sent(start_ms) if is_motion(row[2])]
    assert 10 <= len(motions) <= 14, len(motions)
    assert bench.dome.is_moving
    assert bench.names().count("ptz.moved") == 1
    bench.service.stop(bench.ms)
    bench.run(1000)
    assert not bench.dome.is_moving


def test_frames_keep_the_pause_between_them():
    bench = Bench(2400)
    bench.service.move(100, 0, 0, 0)
    for number in range(1, 9):
        bench.service.aux(number, True, 0)
    bench.run(3000)
    rows = bench.sent()
    for index in range(1, len(rows)):
        assert rows[index][0] - rows[index - 1][1] >= bench.settings.pacing_ms - 1, index
    assert bench.dome.aux == set(range(1, 9))
    assert bench.line.collision_count == 0


def test_presets_are_set_reached_and_cleared():
    bench = Bench()
    bench.run(400)
    bench.service.move(1000, -1000, 1, bench.ms)
    bench.run(2500)
    assert bench.service.preset("set", 3, bench.ms) == ""
    bench.run(700)
    place = bench.service.position()
    bench.service.move(-800, 0, 0, bench.ms)
    bench.run(2000)
    bench.names()
    assert bench.service.preset("go", 3, bench.ms) == ""
    bench.run(300)
    assert bench.service.position()[3] is False, "on the way nothing is known"
    bench.run(5000)
    assert bench.service.position() == place
    assert "ptz.preset_reached" in bench.names()
    assert bench.service.preset("clear", 3, bench.ms) == ""
    bench.run(300)
    assert bench.dome.presets == {}
    assert bench.service.sight.presets == {}


def test_a_stop_ends_the_way_to_a_preset():
    bench = Bench()
    bench.run(400)
    bench.dome.presets[1] = (18000, -3000, 500)
    bench.service.preset("go", 1, bench.ms)
    bench.run(400)
    assert bench.dome.is_moving
    bench.service.stop(bench.ms)
    bench.run(1000)
    assert not bench.dome.is_moving
    assert bench.service.position()[3] is True
    assert "ptz.preset_reached" not in bench.names()


def test_a_silent_head_is_told_within_ten_seconds_and_its_return_too():
    for query_ms in (500, 60_000):
        settings = PtzSettings(1, 2400, True)
        settings.query_ms = query_ms
        bench = Bench(2400, None, settings)
        bench.run(3000)
        bench.dome.is_deaf = True
        bench.run(9900)
        assert bench.service.is_silent(), query_ms
        assert bench.service.position()[3] is False
        assert bench.names()[-1] == "ptz.silent"
        bench.dome.is_deaf = False
        bench.run(3000)
        assert not bench.service.is_silent()
        assert bench.service.position()[3] is True
        assert "ptz.answering" in bench.names()


def test_a_head_without_replies_is_driven_and_never_known():
    settings = PtzSettings(1, 2400, False)
    bench = Bench(2400, Dome(1, SILENT), settings)
    bench.run(300)
    bench.service.move(1000, 0, 0, bench.ms)
    bench.run(1500)
    assert bench.dome.pan_cdeg > 2000
    assert not bench.service.is_silent()
    assert bench.service.position()[3] is False
    assert all(row[2][3] not in {0x51, 0x53, 0x55} for row in bench.sent())
    bench.service.preset("go", 1, bench.ms)
    bench.run(21_000)
    assert bench.service.drive.state == "idle", "seeking is given up"


def test_a_lost_line_refuses_and_an_opened_one_begins_with_stops():
    bench = Bench()
    bench.run(400)
    bench.service.move(1000, 0, 0, bench.ms)
    bench.run(100)
    bench.service.on_line(False, bench.ms)
    bench.service.on_line(False, bench.ms)
    assert bench.service.move(1000, 0, 0, bench.ms) == "ptz.line"
    assert bench.service.stop(bench.ms) == "ptz.line"
    assert bench.service.preset("go", 1, bench.ms) == "ptz.line"
    assert bench.service.aux(1, True, bench.ms) == "ptz.line"
    assert bench.service.position()[3] is False
    assert bench.service.step(bench.ms)[0] == b""
    back_ms = bench.ms
    bench.service.on_line(True, bench.ms)
    bench.run(300)
    assert [row[2] for row in bench.sent(back_ms)][:2] == [STOP, STOP]
    assert not any(is_motion(row[2]) for row in bench.sent(back_ms))
    names = bench.names()
    assert names.count("ptz.line_lost") == 1 and names.count("ptz.line_open") == 2


def test_closing_stops_twice_and_says_no_more():
    bench = Bench()
    bench.run(400)
    bench.service.move(1000, 0, 0, bench.ms)
    bench.run(200)
    close_ms = bench.ms
    bench.service.close(bench.ms)
    assert bench.service.last_words() == STOP
    assert bench.service.move(1000, 0, 0, bench.ms) == "ptz.line"
    bench.run(2000)
    assert [row[2] for row in bench.sent(close_ms)] == [STOP, STOP]
    assert not bench.dome.is_moving


def test_what_is_out_of_range_is_refused_and_counted():
    bench = Bench()
    bench.run(300)
    bench.names()
    service = bench.service
    refused = [
        service.move(1001, 0, 0, 300),
        service.move(0, -1001, 0, 300),
        service.move(0, 0, 2, 300),
        service.lens(2, 0, 300),
        service.lens(0, -2, 300),
        service.preset("go", 0, 300),
        service.preset("go", 256, 300),
        service.preset("keep", 1, 300),
        service.aux(0, True, 300),
        service.aux(9, True, 300),
    ]
    assert refused == ["ptz.range"] * 10
    assert service.report.refused_count == 10
    events = service.events.take()
    assert [event[2]["act"] for event in events] == ["move", "lens", "preset", "aux"]
    assert [service.aux(1, True, 300) for _ in range(9)][-1] == "ptz.full"
    assert service.drive.state == "idle"


def test_soft_stops_end_a_move_and_refuse_the_next():
    settings = PtzSettings(1, 9600, True)
    settings.pan_limits_cdeg = (34000, 2000)
    settings.limit_margin_cdeg = 300
    bench = Bench(9600, None, settings)
    bench.run(400)

    def renew(bench):
        if bench.ms % 300 == 0:
            bench.service.move(400, 0, 0, bench.ms)
        return bench.ms % 300 == 0

    bench.run(6000, renew)
    assert 1500 < bench.dome.pan_cdeg < 2300, bench.dome.pan_cdeg
    assert bench.service.move(400, 0, 0, bench.ms) == "ptz.limit"
    assert bench.service.move(-400, 0, 0, bench.ms) == ""
    causes = [event[2].get("cause") for event in bench.service.events.take()]
    assert "limit" in causes and "ptz.limit" in causes


def test_a_soft_stop_holds_though_other_frames_keep_the_questions_back():
    settings = PtzSettings(1, 2400, True)
    settings.pan_limits_cdeg = (30_000, 2_000)
    settings.limit_margin_cdeg = 1_000
    bench = Bench(2400, settings=settings)
    bench.run(3000)
    assert bench.service.move(500, 0, 0, bench.ms) == ""
    far_cdeg = [0]

    def look(bench):
        if bench.ms % 80 == 0:
            bench.service.aux(1, True, bench.ms)
        if bench.ms % 400 == 0:
            bench.service.move(500, 0, 0, bench.ms)
        if bench.dome.pan_cdeg < 18_000:
            far_cdeg[0] = max(far_cdeg[0], bench.dome.pan_cdeg)
        return False

    bench.run(3000, look)
    assert 600 < far_cdeg[0] <= 2_000, far_cdeg


def test_an_echo_is_no_reply_and_the_step_count_is_small():
    bench = Bench()
    bench.line.has_echo = True
    bench.settings.has_echo = True
    bench.service.session.has_echo = True
    bench.run(2000)
    assert bench.service.position() == (0, 0, 0, True)
    assert bench.service.session.echo_count >= 10
    assert bench.service.session.collision_count == 0
    quiet = Bench()
    quiet.run(10_000)
    assert quiet.step_count < 1500, quiet.step_count


def test_a_preset_that_the_head_keeps_for_a_function_is_refused():
    bench = Bench()
    bench.run(400)
    bench.settings.reserved_presets = ((33, 34), (90, 99))
    for act in ("go", "set", "clear"):
        for number, want in ((32, ""), (33, "ptz.reserved"), (95, "ptz.reserved"), (100, "")):
            assert bench.service.preset(act, number, bench.ms) == want, (act, number)


def test_a_dome_told_not_to_send_still_lets_its_lease_run_out():
    bench = Bench()
    bench.run(400)
    assert bench.service.move(500, 0, 0, bench.ms) == ""
    later_ms = bench.ms + 900
    assert bench.service.step(later_ms, may_send=False)[0] == b""
    assert bench.service.drive.has_stop()
    assert bench.service.step(later_ms + 200)[0] == STOP
