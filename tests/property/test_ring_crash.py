"""Thousands of power cuts: all that was acknowledged is there, and the ring is whole."""

import pytest

from tests.portable.ring_crash import campaign


@pytest.mark.slow
@pytest.mark.clause("C33")
@pytest.mark.parametrize("first_seed", range(1000, 2000, 250))
def test_no_cut_loses_what_was_acknowledged(first_seed: int) -> None:
    states, faults = campaign(range(first_seed, first_seed + 250), 4)
    assert faults == []
    assert states == 1000
