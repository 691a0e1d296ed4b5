"""Random layers on three backends: every spike, payload, sum and normaliser is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
import pytest
from random_heads import KINDS, random_layer

from neuromorph import backends
from neuromorph.backends import Attended, AttentionBatch
from neuromorph.errors import BackendError

FEW, MANY, ON_LAVA = 10, 300, 20


def layers(heads: int, first: int = 0, kinds: Sequence[str] = KINDS) -> Iterator[AttentionBatch]:
    """Random layers, so many heads in all; of each kind in its turn."""
    for seed in count(first):
        kind = KINDS[seed % len(KINDS)]
        if kind in kinds:
            work = random_layer(seed, kind)
            yield work
            heads -= len(work.heads)
        if heads <= 0:
            return


def on_fast(work: AttentionBatch) -> Attended:
    """In closed form; with and without times, the same."""
    closed = backends.attend("fast", work, times=True)
    assert backends.attend("fast", work).differs_from(closed) is None
    assert closed.times is not None
    assert closed.payloads is not None
    return closed


def compare(heads: int, first: int = 0) -> list[Attended]:
    """Closed form, clocked in compiled code, and the truth."""
    found = []
    for work in layers(heads, first):
        closed, truth = on_fast(work), backends.attend("reference", work)
        assert closed.differs_from(truth) is None
        assert backends.attend_clocked(backends.get("fast"), work).differs_from(truth) is None
        found.append(truth)
    return found


def test_a_few_random_heads_agree() -> None:
    compare(FEW)


@pytest.mark.slow
def test_three_hundred_random_heads_agree() -> None:
    """And they are not all alike: some spikes are forced, some queries see nothing."""
    found = compare(MANY, first=1000)
    forced, spikes, last = (np.concatenate([getattr(a, name).ravel() for a in found])
                            for name in ("forced", "spikes", "last"))
    assert (last < 0).any()
    assert 0.02 < forced.sum() / spikes.sum() < 0.9
    assert len(np.unique(last)) > 20
    loudest = {int(a.payloads.max()) for a in found if a.payloads is not None}
    assert 1 in loudest  # plain
    assert max(loudest) > 200  # graded, by nearly a factor of two


@pytest.mark.slow
@pytest.mark.lava
def test_twenty_of_them_agree_on_lava() -> None:
    """Lava's stock neurons shift their input up, which those for Loihi 1 do not."""
    try:
        lava = backends.get("lava")
    except BackendError as error:
        pytest.skip(str(error))
    for work in layers(ON_LAVA, 1000, ("graded", "binary")):
        one = AttentionBatch(work.heads, work.queries[:1], work.keys[:1], work.values[:1],
                             work.mask[:1])
        assert backends.attend_clocked(lava, one).differs_from(on_fast(one)) is None
