"""A world: units, a broker, trouble and people under one virtual clock, and the hash of it all."""

import hashlib

from hal.api.link import Message
from sim.devices.broker import Broker
from sim.devices.chance import Chance
from sim.devices.timeline import Timeline
from sim.world.checks import Checker
from sim.world.faults import SCENARIOS, happenings, let_happen
from sim.world.sites import SimSite
from sim.world.story import Operator


class World:
    """One run of one seed.

    Args:
        seed: decides everything.
        scenario: "quiet", "ordinary" or "rough".
    """

    def __init__(self, seed: int, scenario: str = "ordinary") -> None:
        self.seed = seed
        self.scenario = scenario
        self.timeline = Timeline()
        self.chance = Chance(seed, "world")
        self.broker = Broker(self.timeline, self.chance.stream("broker"))
        self.sites: list[SimSite] = []
        self.operators: list[Operator] = []
        self.checkers: list[Checker] = []
        self.trace_count = 0
        self._trace = hashlib.sha256()
        self.broker.client("#", self._on_message)

    def add_unit(self, name: str, picture_gap_ms: int = 1_000) -> SimSite:
        """Put up a unit, switch it on, and give it an operator and its share of trouble."""
        chance = self.chance.stream(name)
        site = SimSite(self.timeline, self.broker, name, chance, picture_gap_ms)
        operator = Operator(site, chance.stream("operator"))
        label = f"seed {self.seed}, scenario {self.scenario}"
        checker = Checker(site, operator, label)
        index = len(self.sites)
        self.sites.append(site)
        self.operators.append(operator)
        self.checkers.append(checker)

        def on_turn() -> None:
            self._trace_wire(index)
            checker.check()

        site.on_turn = on_turn
        troubles = happenings(site, self.broker)
        for trouble in SCENARIOS[self.scenario]:
            let_happen(
                self.timeline,
                troubles[trouble],
                chance.stream("trouble").stream(trouble),
                lambda what, edge: self.note(f"{name} {what} {edge}"),
            )
        site.boot()
        return site

    def run(self, span_ms: int) -> None:
        """Let so much virtual time pass."""
        self.timeline.run_until(self.timeline.now_ms() + span_ms)

    def note(self, text: str) -> None:
        """Put a line into the trace."""
        self.trace_count += 1
        self._trace.update(f"{self.timeline.now_ms()} {text}\n".encode())

    def trace_hash(self) -> str:
        """Tell what happened in one number: messages, frames and trouble, with their times."""
        return self._trace.hexdigest()[:32]

    def _on_message(self, message: Message) -> None:
        self.note(f"{message.topic} {hashlib.sha256(message.payload).hexdigest()[:16]}")

    def _trace_wire(self, index: int) -> None:
        """Put the frames that went over a line since the last turn into the trace."""
        log = self.sites[index].line.log
        for side, first_us, _, data in log:
            self.note(f"line {index} {side} {first_us} {data.hex()}")
        log.clear()
