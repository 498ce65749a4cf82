"""The drive obeys its table, sends the stop first, and lets nothing run on."""

from firmware.pelco_d import commands
from firmware.ptz import drive as states
from firmware.ptz.drive import NEXT, Drive
from firmware.ptz.model import PtzSettings

ALL_STATES = ("lost", "idle", "moving", "stopping", "seeking", "closed")
ALL_EVENTS = ("open", "lose", "move", "stop", "expire", "stopped", "go", "settle", "close")
STOP = commands.stop(1)
LEFT = (-1000, 0, 0)
RIGHT = (1000, 0, 0)
LEFT_FRAME = commands.motion(1, commands.LEFT, 63)
RIGHT_FRAME = commands.motion(1, commands.RIGHT, 63)


def opened():
    drive = Drive(PtzSettings())
    drive.on_line(True)
    assert [drive.next_frame(0), drive.next_frame(0), drive.next_frame(0)] == [STOP, STOP, b""]
    return drive


def drained(drive, now_ms=0):
    frames = []
    while True:
        frame = drive.next_frame(now_ms)
        if not frame:
            return frames
        frames.append(frame)


def test_every_state_meets_every_event():
    assert {row[0] for row in NEXT} | set(NEXT.values()) == set(ALL_STATES)
    assert {row[1] for row in NEXT} == set(ALL_EVENTS)
    for state in ALL_STATES:
        for event in ALL_EVENTS:
            machine = Drive(PtzSettings()).machine
            machine.state = state
            target = machine.on_event(event)
            want = NEXT.get((state, event), "")
            assert target == want, (state, event)
            assert machine.state == (want or state), (state, event)
            assert machine.ignored_count == (not want), (state, event)


def test_every_state_meets_every_wish():
    wishes = (
        ("move", lambda drive: drive.set_motion(LEFT, None, 0)),
        ("stop", lambda drive: drive.stop("operator")),
        ("go", lambda drive: drive.go(1)),
        ("close", lambda drive: drive.close() or drive.state == "closed"),
        ("settle", lambda drive: drive.settle()),
    )
    for state in ALL_STATES:
        for event, wish in wishes:
            drive = Drive(PtzSettings())
            drive.machine.state = state
            is_taken = wish(drive)
            want = NEXT.get((state, event), "")
            assert is_taken == (bool(want) or (event, state) == ("close", "closed")), (
                state,
                event,
            )
            assert drive.state == (want or state), (state, event)


def test_the_line_is_opened_with_a_stop():
    drive = Drive(PtzSettings())
    assert drive.state == states.LOST
    assert drained(drive) == []
    drive.on_line(True)
    assert drive.state == states.STOPPING
    assert drained(drive) == [STOP, STOP]
    assert drive.take_stopped() == "start"
    assert drive.take_stopped() == ""
    assert drive.state == states.IDLE


def test_a_stop_behind_200_moves_goes_first_and_nothing_old_follows():
    drive = opened()
    for turn in range(200):
        assert drive.set_motion((turn + 1, -turn - 1, 0), None, turn)
    assert drive.go(7)
    assert drive.stop("operator")
    assert drained(drive) == [STOP, STOP]
    assert drive.purged_count >= 200


def test_the_newest_move_wins():
    drive = opened()
    for move in (LEFT, (0, 500, 0), RIGHT):
        drive.set_motion(move, None, 0)
    assert drained(drive) == [RIGHT_FRAME]
    assert drive.purged_count == 2


def test_a_move_after_a_stop_follows_its_first_copy():
    drive = opened()
    drive.set_motion(LEFT, None, 0)
    drive.stop("operator")
    drive.set_motion(RIGHT, None, 1)
    assert drained(drive, 1) == [STOP, RIGHT_FRAME]
    assert drive.state == states.MOVING
    drive.stop("operator")
    drive.go(5)
    assert drained(drive, 2) == [STOP, STOP, commands.preset(1, "go", 5)]
    assert drive.state == states.SEEKING


def test_a_move_is_stopped_before_a_preset_that_the_head_may_not_have():
    drive = opened()
    drive.set_motion(LEFT, None, 0)
    drained(drive)
    drive.go(5)
    assert drained(drive) == [STOP, STOP, commands.preset(1, "go", 5)]
    assert drive.take_stopped() == "preset"
    drive.go(6)
    assert drained(drive) == [commands.preset(1, "go", 6)]
    assert drive.state == states.SEEKING


def test_a_lease_runs_out_and_a_renewal_holds_it():
    drive = opened()
    drive.set_motion(LEFT, None, 100)
    assert drive.lease_due_ms() == 1000
    assert drained(drive, 100) == [LEFT_FRAME]
    drive.set_motion(LEFT, None, 400)
    assert drained(drive, 400) == [], "a renewal of the same is told with the next resend"
    assert drained(drive, 500) == [LEFT_FRAME]
    assert not drive.expire(1299)
    assert drive.expire(1300)
    assert drive.state == states.STOPPING
    assert drained(drive, 1300) == [STOP, STOP]
    assert drive.take_stopped() == "lease"
    assert drive.expired_count == 1


def test_move_and_lens_have_leases_of_their_own():
    drive = opened()
    drive.set_motion(LEFT, None, 0)
    drive.set_motion(None, (1, 0), 500)
    both = commands.motion(1, commands.LEFT | commands.FAR, 63)
    assert drained(drive, 500) == [both]
    assert drive.expire(900)
    rest = commands.motion(1, commands.FAR)
    assert drained(drive, 900) == [rest, rest], "a part that ends is told twice, as a stop is"
    assert drained(drive, 1250) == [], "and then as any motion"
    assert drive.state == states.MOVING
    assert drive.expire(1400)
    assert drained(drive, 1400) == [STOP, STOP]
    drive.set_motion(None, (0, -1), 2000)
    assert drained(drive, 2000) == [commands.motion(1, commands.IRIS_CLOSE)]
    drive.set_motion(None, (0, 0), 2100)
    assert drained(drive, 2100) == [STOP, STOP]


def test_nothing_is_begun_that_a_stop_would_wait_for():
    drive = opened()
    drive.set_motion(LEFT, None, 0)
    drained(drive, 0)
    drive.queue(commands.build(1, "aux_set", 1))
    assert drive.next_frame(850, 100) == b"", "neither the resend nor the auxiliary"
    assert drive.next_frame(800, 100) == LEFT_FRAME
    drive.set_motion(None, (1, 0), 850)
    assert drive.next_frame(850, 100) == commands.motion(1, commands.FAR)
    assert drive.move == (0, 0, 0), "its lease was nearly over"
    drive.set_motion(LEFT, (0, 0), 2000)
    assert drive.next_frame(2880, 100) == STOP, "it waited until nothing was left of it"


def test_a_longer_lease_than_the_wire_allows_is_cut():
    settings = PtzSettings()
    settings.lease_ms = 1000
    assert Drive(settings).lease_ms == 900


def test_a_trimmed_move_is_not_renewed():
    drive = opened()
    drive.set_motion((500, 500, 0), None, 0)
    drained(drive)
    drive.trim((500, 0, 0), "limit")
    assert len(drained(drive, 100)) == 1
    assert drive.lease_due_ms() == 900
    drive.trim((0, 0, 0), "limit")
    assert drained(drive, 200) == [STOP, STOP]
    assert drive.take_stopped() == "limit"
    drive.set_motion(LEFT, (1, 0), 300)
    drained(drive, 300)
    drive.trim((0, 0, 0), "limit")
    assert drained(drive, 400) == [commands.motion(1, commands.FAR)]
    assert drive.lease_due_ms() == 1200


def test_the_queue_is_bounded_and_waits_for_motion():
    drive = opened()
    aux = commands.build(1, "aux_set", 1)
    taken = [drive.queue(aux) for _ in range(10)]
    assert taken == [True] * 8 + [False] * 2
    assert drive.full_count == 2
    drive.set_motion(LEFT, None, 0)
    assert drive.next_frame(0) == LEFT_FRAME
    drive.stop("operator")
    assert drained(drive) == [STOP, STOP] + [aux] * 8


def test_loss_forgets_and_close_stops():
    drive = opened()
    drive.set_motion(LEFT, None, 0)
    drive.queue(commands.build(1, "aux_set", 1))
    drive.on_line(False)
    assert drained(drive) == []
    assert drive.lease_due_ms() == states.NEVER_MS
    drive.on_line(False)
    assert drive.machine.ignored_count >= 1
    drive.on_line(True)
    assert drained(drive) == [STOP, STOP]
    drive.set_motion(LEFT, None, 0)
    drive.close()
    assert drained(drive) == [STOP, STOP]
    assert drive.take_stopped() == "close"
    assert not drive.set_motion(LEFT, None, 0)
    assert not drive.stop("operator")
    assert drained(drive) == []
    lost = Drive(PtzSettings())
    lost.close()
    assert drained(lost) == []


def test_due_tells_when_there_is_something_to_say():
    drive = opened()
    assert drive.due_ms(50) == states.NEVER_MS
    assert not drive.is_urgent()
    drive.set_motion(LEFT, None, 50)
    assert drive.due_ms(50) == 0
    assert drive.is_urgent()
    drained(drive, 50)
    assert drive.due_ms(50) == 450
    assert drive.due_ms(50, 400) == 450
    assert drive.due_ms(50, 600) == 950, "told again so late, it could outlast the lease"
    assert drive.due_ms(900, 60) == 950, "nor now: the line was busy until here"
