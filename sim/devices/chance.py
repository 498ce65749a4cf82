"""Chance: one named stream of numbers for each source of faults, the same on every Python.

Each stream is splitmix64, started from the seed of the run and the name of the stream, so that a
new source of faults never shifts what the others draw.
"""

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
PPM = 1_000_000


def _mixed(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def _name_hash(name: str) -> int:
    """FNV-1a over the name, 64 bits."""
    value = 0xCBF29CE484222325
    for octet in name.encode():
        value = ((value ^ octet) * 0x100000001B3) & MASK
    return value


class Chance:
    """One stream of chance.

    It also serves as a unit's `Entropy`: bytes that look random and come again with the seed.

    Args:
        seed: the seed of the run, 0 and up.
        name: what draws from the stream, such as "unit-1/ring/power".
    """

    __slots__ = ("_state", "name", "seed")

    def __init__(self, seed: int, name: str) -> None:
        self.seed = seed
        self.name = name
        self._state = _mixed((seed * GOLDEN + _name_hash(name)) & MASK)

    def stream(self, name: str) -> "Chance":
        """Start another stream of the same seed, named below this one."""
        return Chance(self.seed, self.name + "/" + name)

    def bits(self) -> int:
        """Draw 64 bits."""
        self._state = (self._state + GOLDEN) & MASK
        return _mixed(self._state)

    def below(self, limit: int) -> int:
        """Draw 0 to limit - 1; limit above 0."""
        assert limit > 0
        return (self.bits() * limit) >> 64

    def between(self, low: int, high: int) -> int:
        """Draw low to high, both included."""
        return low + self.below(high - low + 1)

    def hits(self, chance_ppm: int) -> bool:
        """Tell whether something with this chance (parts per million) happens now."""
        return chance_ppm > 0 and self.below(PPM) < chance_ppm

    def gap_ms(self, mean_ms: int) -> int:
        """Draw the time to the next of something that happens every `mean_ms` on average.

        The draw is the sum of two uniform ones: 1 to 2 * mean_ms, without logarithms, whose last
        digit differs between platforms.
        """
        return 1 + self.below(mean_ms) + self.below(mean_ms)

    def random(self, length_bytes: int) -> bytes:
        """Draw bytes; what `Entropy.random` promises, except that they repeat with the seed."""
        drawn = b""
        while len(drawn) < length_bytes:
            drawn += self.bits().to_bytes(8, "big")
        return drawn[:length_bytes]
