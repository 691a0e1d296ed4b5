"""The two Hebbian rules that write a token: key synapses, and value synapses.

Both replace what a slot held by what its token brings, exactly::

    key      w <- w + y1 y0 (2 x1 - w)        x1: |key| on an ON or OFF axon, y0: the slot fires
    value    w <- w + x0 (2 y1 - 2 y2 - w)    x0: the slot fires, y1, y2: value, ON and OFF

The third factors (y1 of the key, y1 to y3 of the value) say when to write; while they are
silent nothing is learned, however much the slots fire. The engine's products lose low bits by
a right shift that grows with the factors' widths, so a gate of 1 is sent as `GATE`, which
makes each product come out whole:

    x1 y1      (x1 · 8) >> 3          = x1
    4 w y1     (4 · w · 8) >> 5       = w

The old weight is taken away first: the sum of both would not fit the 15-bit accumulator.
"""

from __future__ import annotations

from neuromorph.learning import LearningRule

GATE = 8
"""Payload of a gating third factor; see above."""

KEY_RULE = LearningRule(dw="-4*w*y0*y1 + 2^1*x1*y0*y1", payload="overwrite", sign="excitatory")
VALUE_RULE = LearningRule(dw="-4*w*x0*y3 + 2^1*x0*y1 - 2^1*x0*y2")
