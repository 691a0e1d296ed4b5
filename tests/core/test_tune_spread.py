"""Trials on two processes: the same figures as on one, to the bit."""

from __future__ import annotations

import pytest

from neuromorph.api.tune import tune
from neuromorph.models.digits import WEIGHTS
from neuromorph.parallel import Spread


@pytest.mark.slow
def test_two_processes_find_what_one_finds() -> None:
    one, two = (tune(WEIGHTS, "kl<=0.01", trials=4, spread=spread).as_dict()
                for spread in (Spread(), Spread(2)))
    assert one == two
    assert len(one["trials"]) == 4
