"""A head of attention as small as can be: a backend is asked whether it runs its kind."""

from __future__ import annotations

from neuromorph.circuits.latency_attention import LatencyAttention

SMALL_HEAD = LatencyAttention(
    slots=2, key_size=1, value_size=1, spikes="graded", key_shift=0, ramp=150, window=14,
    score_bound=1201, latest=900, query_limit=20, key_limit=20, value_limit=127, value_shift=2,
    control_decay=2048, unit=254)
