"""Random heads with two match neurons a key, a pause or control neurons that keep fractions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume
from hypothesis import strategies as st
from small_heads import BINARY, edgy, heads

from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.circuits.latency_attention.pair import largest_code
from neuromorph.errors import RangeProofError

PAIR = replace(BINARY, neurons_per_key=2, pause=1, fine=3, window=15, value_limit=217, unit=434)
"""Two neurons a key as calibration makes them."""

PAUSED = replace(BINARY, pause=3, window=17)
"""One neuron a key behind a pause that an emitting read-out bears."""


@st.composite
def paired_heads(
    draw: st.DrawFn, key_size: int | None = None, value_size: int | None = None,
    slots: int | None = None, neurons_per_key: int | None = None, pause: int | None = None,
    control_decay: int | None = None,
) -> LatencyAttention:
    """Any plain head, with any of the three."""
    head = draw(heads("binary", key_size, value_size, slots))
    neurons = neurons_per_key or draw(st.integers(1, 2))
    pause = draw(st.integers(0, 4)) if pause is None else pause
    decay = draw(edgy(0, 4000, 1, 2048)) if control_decay is None else control_decay
    top = largest_code(decay, neurons)
    head = replace(
        head, neurons_per_key=neurons, pause=pause, fine=draw(edgy(0, 6)),
        window=head.window + pause, control_decay=decay, value_limit=draw(edgy(1, top)),
        ramp=head.ramp // neurons * neurons, unit=2 * draw(edgy(1 + 5 * (neurons - 1), top)))
    try:
        return prove_ranges(head)
    except RangeProofError:
        assume(False)
        raise
