"""What is sent in which step: an imprint, and a query."""

from __future__ import annotations

from neuromorph.numerics.limits import INPUT_MAX

KEY_AT, HOLD_AT, LIFT_AT, FIRE_AT, LEARN_AT = range(5)
"""Steps of an imprint: code and clear, clear, two lifts of the row, and its spike, which learns."""

WRITE_STEPS = 5

CLEAR_AT, RISE_AT, ASK_AT, RAMP_AT = (0, 1), 2, 3, 4
"""Steps of a query: two clears, the lift of all rows, the codes, and the first of the ramp."""

ARRIVAL = ASK_AT + 1
"""Step of a query in which its codes have arrived: a spike at step n of `Prototypes` is at
``ARRIVAL + n``."""

CLEAR = INPUT_MAX - 1023
"""Size of a clear. Two bring every potential to the floor."""

LIFT = INPUT_MAX
"""From the floor, -(2^23 - 1), to -63: 63/64 of a unit below 0, which whole units do not see."""
