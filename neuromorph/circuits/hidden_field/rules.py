"""The rule of a synapse whose tag is a hidden field and whose weight is the field's sign.

::

    dt = -4 u0 sgn(t-126) - 4 u0 sgn(t+126)                          the wall
         + (1 - (t/128)^2) x0 (y1 - y2) / 16                         the lesson, gated
    dw = -w u0 + 2^e u0 sgn(t) - 2^e u0 sgn(t) sgn(t) + 2^e u0       w = 2^e where t >= 0, else -2^e

    x0        the feature is there
    y1, y2    third factors of a neuron: more, less; at most `TEACH_MAX`

1 - (t/128)^2 stands for 1 - tanh^2, the synapse's uncertainty: `-(t-128)(t+128)`, in the grammar's
words. Nobody learns at |t| = 128, so that a field would stay there for ever; the wall takes one
that has come to 126 four units back, and keeps |t| <= 127. Elsewhere its signs cancel.
A weight goes in two halves, for a product of -256 would not fit the accumulator. The last two
products of dw are the tie: `sgn(t)^2`, rounded down as products are, is 1 for t != 0.
A lesson is 128 levels of 1/64 after the gate; the engine rounds the sum up or down by its draw.
"""

from __future__ import annotations

from neuromorph.learning import LearningRule

TEACH_UNIT = 16
"""Third factor that moves an uncertain field by 1."""

TEACH_MAX = 32
"""Largest third factor: fields move by 2 at most."""

WALL = 126
"""Field at which the wall begins."""

FIELD_MAX = 127
"""Largest magnitude of a field."""


def field_rule(exponent: int, *, gated: bool = True) -> LearningRule:
    """The rule for weights of -2^exponent and 2^exponent.

    Parameters
    ----------
    exponent : int
        1 to 7: synapses of both signs are even.
    gated : bool
        Whether a field moves less the more certain it is.
    """
    lesson = ("- 4*2^-6*x0*y1*(t-128)*(t+128) + 4*2^-6*x0*y2*(t-128)*(t+128)" if gated else
              "+ 2^-4*x0*y1 - 2^-4*x0*y2")
    size = f"2^{exponent}*u0"
    return LearningRule(
        dt=f"-4*u0*sgn(t-{WALL}) - 4*u0*sgn(t+{WALL}) {lesson}",
        dw=f"-2^-1*u0*w - 2^-1*u0*w + {size}*sgn(t) - {size}*sgn(t)*sgn(t) + {size}")
