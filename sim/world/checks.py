"""What must be true of a simulated unit at any moment, derived anew after each of its turns."""

from sim.world.sites import SimSite
from sim.world.story import Operator

STOP_MS_MAX = 1_200  # lease 900, the delay of the link, one frame on the wire, one turn


class BrokenRuleError(AssertionError):
    """The core broke a rule of the house; the text says which, and how to see it again."""


class Checker:
    """Looks at the devices, never at the core.

    Args:
        site: the unit.
        operator: who moves its dome.
        label: printed with a broken rule, so that the run can be repeated.
    """

    def __init__(self, site: SimSite, operator: Operator, label: str) -> None:
        self._site = site
        self._operator = operator
        self._label = label
        self._stored_count = 0
        self.check_count = 0

    def check(self) -> None:
        """Derive the truth and compare."""
        self.check_count += 1
        self._check_sound()
        self._check_motion()
        self._check_events()

    def _check_sound(self) -> None:
        microphone = self._site.microphone
        if microphone.stray_sample_count:
            self._fail(f"{microphone.stray_sample_count} samples were taken while closed")
        if microphone.dark_sample_count:
            self._fail(f"{microphone.dark_sample_count} samples were asked of a dead gate")

    def _check_motion(self) -> None:
        """A dome that hears us does not move longer than a lease after the last renewal."""
        site = self._site
        site.line.run()
        site.dome.step(site.timeline.now_ms())
        if not site.dome.is_moving or site.dome.is_deaf:
            return
        if not site.line.is_plugged or site.line.noise_permille:
            return
        held_ms = site.timeline.now_ms() - self._operator.last_move_ms
        if held_ms > STOP_MS_MAX:
            self._fail(f"the dome moves {held_ms} ms after the last renewal")

    def _check_events(self) -> None:
        """Events are stored once, in order; a gap is only where the unit said that it is head."""
        stored = self._site.centre.stored
        for index in range(max(1, self._stored_count), len(stored)):
            if stored[index][:2] <= stored[index - 1][:2]:
                self._fail(f"event {stored[index]} came after {stored[index - 1]}")
        self._stored_count = len(stored)

    def _fail(self, text: str) -> None:
        now_ms = self._site.timeline.now_ms()
        raise BrokenRuleError(f"{self._site.name}: {text} at {now_ms} ms; {self._label}")
