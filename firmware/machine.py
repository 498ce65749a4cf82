"""A state machine as one table: every legal move is in it, anything else changes nothing."""


class Machine:
    """Follows one table of moves.

    Args:
        moves: (state, event) to the next state; every legal move.
        state: where it starts.
    """

    __slots__ = ("ignored_count", "moves", "state")

    def __init__(self, moves: "dict[tuple[str, str], str]", state: str) -> None:
        self.moves = moves
        self.state = state
        self.ignored_count = 0

    def on_event(self, event: str) -> str:
        """Take one event; returns the new state, or "" when the pair is not in the table."""
        target = self.moves.get((self.state, event), "")
        if not target:
            self.ignored_count += 1
            return ""
        self.state = target
        return target
