"""A slot without a key is as good as absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_heads import codes

from neuromorph import backends
from neuromorph.circuits.latency_attention import PROBES, LatencyAttention, build, read, stimulate
from neuromorph.errors import NetworkError

HEAD = LatencyAttention(
    slots=6, key_size=3, value_size=2, spikes="binary", key_shift=1, ramp=900, window=12,
    score_bound=48_007, latest=5_000, query_limit=126, key_limit=127, value_limit=127,
    value_shift=0, control_decay=2048, unit=254)
HELD = np.array([True, False, True, True, False, True])
QUERIES = 4


@pytest.mark.parametrize("backend", ["reference", "fast"])
def test_empty_slots_change_nothing(backend: str) -> None:
    rng = np.random.default_rng(3)
    keys, values = codes(rng, (6, 3), 127), codes(rng, (6, 2), 127)
    queries, mask = codes(rng, (QUERIES, 3), 40), rng.random((QUERIES, 6)) < 0.8

    def attended(head, keys, values, mask, held=None):
        network = build(head, keys, values, held)
        inputs, steps = stimulate(head, queries, mask, held)
        run = backends.get(backend).run(network, inputs, PROBES, steps)
        return read(head, run.spikes, run.potential, QUERIES)

    whole = attended(HEAD, keys, values, mask, HELD)
    packed = attended(replace(HEAD, slots=4), keys[HELD], values[HELD], mask[:, HELD])
    for field in ("control", "normaliser", "last", "spikes", "forced"):
        np.testing.assert_array_equal(getattr(whole, field), getattr(packed, field))
    assert (whole.times[:, ~HELD] == -1).all()
    assert whole.spikes.any()


def test_a_memory_without_any_key_is_refused() -> None:
    zeros = np.zeros((6, 3), np.int64), np.zeros((6, 2), np.int64)
    with pytest.raises(NetworkError, match="occupied slots"):
        build(HEAD, *zeros, np.zeros(6, bool))
