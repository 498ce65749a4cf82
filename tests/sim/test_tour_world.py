"""A whole unit keeps its tours through power cuts, and says who has its dome, by command alone."""

from firmware.commands import message as commands
from firmware.telemetry import messages, topics
from hal.api.link import Message
from sim.world.sites import CAMERA, SimSite
from sim.world.world import World

SECOND_MS = 1_000


class Desk:
    """A world with one unit, and the CMC's side of it."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed, "quiet")
        self.world.operators.clear()
        self.site: SimSite = self.world.add_unit("unit-1")
        self.site.on_turn = lambda: None  # its people and their rules are ours here
        self.answers: dict[int, commands.Answer] = {}
        self.beats: list[messages.Heartbeat] = []
        self.world.broker.client(topics.topic("unit-1", topics.ANSWER), self._on_answer)
        self.world.broker.client(topics.topic("unit-1", topics.HEARTBEAT), self._on_beat)
        self.world.run(5 * SECOND_MS)

    def ask(
        self, act: str, role: str = "operator", person: str = "Ada", **more: "int | str | bool"
    ):
        """Send a command, numbered from where the unit takes them, and give its answer."""
        centre = self.site.centre
        if self.beats:
            centre._sequence = max(centre._sequence, self.beats[-1].command_sequence_next)
        sequence = self.site.centre.command(act, {"camera": CAMERA, **more}, role, person)
        self.world.run(2 * SECOND_MS)
        return self.answers[sequence]

    def done(self, act: str, **more: "int | str | bool") -> None:
        """Send a command that must be done."""
        answer = self.ask(act, **more)
        assert answer.result == "done", (act, answer.code, answer.remedy)

    def state(self) -> messages.CameraState:
        """Give what the newest heartbeat says of the camera."""
        return self.beats[-1].cameras[0]

    def _on_answer(self, message: Message) -> None:
        answer = commands.decode_answer(message.payload)
        self.answers[answer.sequence] = answer

    def _on_beat(self, message: Message) -> None:
        self.beats.append(messages.decode_heartbeat(message.payload))


def shown(desk: Desk, span_ms: int) -> set[int]:
    """Tell at which pans, to the degree, the dome stood while a time passed."""
    places = set()
    for _ in range(span_ms // SECOND_MS):
        desk.world.run(SECOND_MS)
        if not desk.site.dome.is_moving:
            places.add(desk.site.dome.pan_cdeg // 100)
    return places


def test_a_tour_that_a_person_began_goes_on_after_a_power_cut():
    desk = Desk(11)
    desk.site.dome.presets.update({1: (1_000, -500, 0), 2: (4_000, -500, 0)})
    desk.done("ptz.tour_keep", name="rounds", plan="1:5 2:5", hours="by hand")
    desk.done("ptz.tour_run", name="rounds")
    assert {10, 40} <= shown(desk, 40 * SECOND_MS)
    assert desk.state().activity == "tour rounds"
    desk.site.power_cut()
    desk.site.power_on()
    desk.world.run(20 * SECOND_MS)
    assert {10, 40} <= shown(desk, 40 * SECOND_MS), "the tour goes on"
    assert desk.state().activity == "tour rounds"
    desk.done("ptz.tour_end")
    desk.site.power_cut()
    desk.site.power_on()
    desk.world.run(20 * SECOND_MS)
    assert len(shown(desk, 20 * SECOND_MS)) == 1 and desk.state().activity is None
    answer = desk.ask("ptz.tour_list")
    assert answer.detail == {"rounds": "by hand 1:5 2:5"}
    refused = desk.ask("ptz.tour_keep", name="x", plan="1:5 p3:5", hours="by hand")
    assert (refused.code, refused.detail) == ("ptz.no_pattern", {"stop": "p3"})


def test_a_second_operator_is_told_who_has_the_dome_and_a_supervisor_takes_it():
    desk = Desk(12)
    move: dict[str, int | str | bool] = {"pan": 200, "tilt": 0, "zoom": 0}
    desk.done("ptz.move", **move)
    beat = desk.state()
    assert (beat.holder, beat.holder_role) == ("Ada", "operator") and beat.free_in_ms
    refused = desk.ask("ptz.move", person="Grace", **move)
    assert (refused.result, refused.code, refused.clause) == ("refused", "ptz.held", "C67")
    assert refused.detail["holder"] == "Ada" and refused.detail["role"] == "operator"
    assert 0 < int(refused.detail["free_in_ms"]) <= 3_000 and "Ada (operator)" in refused.remedy
    assert desk.ask("ptz.stop", person="Grace").result == "done", "a stop by anyone always works"
    desk.world.run(3 * SECOND_MS)
    assert desk.ask("ptz.move", person="Grace", **move).result == "done", "it ended by itself"
    assert desk.ask("ptz.move", "supervisor", "Chief", **move).result == "done"
    assert desk.ask("ptz.move", person="Grace", **move).code == "ptz.held"
    assert desk.ask("ptz.hand_over", "supervisor", "Chief", to="Grace").result == "done"
    assert desk.state().holder == "Grace"
    assert desk.ask("ptz.move", person="Ada", **move).code == "ptz.held"
    assert desk.ask("ptz.move", person="Grace", **move).result == "done"
    assert desk.ask("ptz.release", person="Grace").result == "done"
    assert desk.state().holder is None
    assert desk.ask("ptz.move", "guest", "PC 117", **move).result == "done"
    assert desk.ask("ptz.move", person="Ada", **move).result == "done", "a guest gives way"
    assert desk.ask("ptz.preset", "guest", "PC 117", do="go", number=1).clause == "C67"


def test_who_looks_at_one_thing_for_long_owes_a_reason_until_they_give_it():
    desk = Desk(13)
    desk.done("ptz.move", pan=200, tilt=0, zoom=0)
    desk.done("ptz.stop")
    desk.world.run(70 * SECOND_MS)
    assert desk.state().debtor == "Ada"
    desk.done("ptz.reason", text="2: a person on the roof")
    desk.world.run(61 * SECOND_MS)
    assert desk.state().debtor is None
