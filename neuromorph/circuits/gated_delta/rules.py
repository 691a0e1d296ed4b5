"""The rule that writes a memory, in the words of Loihi's learning engine.

::

    dw = -F x0 w y3 + G x0 (x1 - 64) y1 - G x0 (x1 - 64) y2

    x0           a key axon speaks, as all of them do when a key is written
    x1 - 64      its code, signed: half of the payload that overwrote the trace
    y1, y2       the error's two sides;  y3: how much to forget

Forgetting stands first, so that the 15-bit sum has room for what is written. Errors and the gate
are silent while a key or a query is only read: then nothing is learned.
"""

from __future__ import annotations

from neuromorph.circuits.gated_delta.numbers import KEY_ZERO, GatedDelta
from neuromorph.learning import LearningRule


def write_rule(numbers: GatedDelta) -> LearningRule:
    """The rule of the memory's synapses."""
    mantissa, exponent = numbers.forget_product
    forget = f"-{mantissa}*2^{exponent}*x0*w*y3"
    write = f"{numbers.mantissa}*2^{numbers.exponent}*x0*(x1-{KEY_ZERO})"
    return LearningRule(dw=f"{forget} + {write}*y1 - {write}*y2", payload="overwrite")
