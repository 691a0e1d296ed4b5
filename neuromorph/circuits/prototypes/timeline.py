"""What a host sends while prototypes are imprinted and queries asked, in any order."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.hebbian_attention.rules import GATE
from neuromorph.circuits.hebbian_attention.sides import key_payloads, on_off
from neuromorph.circuits.prototypes.clock import (
    ARRIVAL,
    ASK_AT,
    CLEAR,
    CLEAR_AT,
    FIRE_AT,
    HOLD_AT,
    KEY_AT,
    LEARN_AT,
    LIFT,
    LIFT_AT,
    RAMP_AT,
    RISE_AT,
    WRITE_STEPS,
)
from neuromorph.circuits.prototypes.codes import check_code
from neuromorph.circuits.prototypes.numbers import Prototypes
from neuromorph.circuits.prototypes.ports import inputs_of, lift_to_fire
from neuromorph.circuits.prototypes.rules import TAUGHT
from neuromorph.errors import FitError, UsageError
from neuromorph.network import Probe
from neuromorph.network.ports import silence
from neuromorph.shapes import Int64, Integer

PROBES = (Probe("match"), Probe("label"))
"""What `said` needs."""

TAIL_STEPS = 2
"""Steps after the last of a ramp until its labels have spoken."""


class Timeline:
    """A list of imprints and queries, turned into trains.

    An imprint takes `WRITE_STEPS` steps::

        0      the code on its axons, x1 takes it; a clear with it, so that nobody fires
        1      clear again: every row is at the floor
        2, 3   lift the row from the floor past its threshold
        4      the row fires; store and teach are sent in the same step: code and label are learned

    and a query four, and as many as its ramp has::

        0, 1   clear      2   lift all rows to 0      3   the query      4 …   the ramp

    Parameters
    ----------
    numbers : Prototypes
        Of the network that `build` made.
    """

    def __init__(self, numbers: Prototypes) -> None:
        self.numbers, self.step, self.rows = numbers, 0, 0
        self._writes: list[tuple[int, int, NDArray[np.int64], int]] = []
        self._queries: list[tuple[int, NDArray[np.int64], int]] = []

    def write(self, code: Annotated[Integer, "features"], label: int) -> int:
        """Imprint a prototype into the next free row; which one is returned.

        Raises
        ------
        FitError
            If all rows hold one.
        UsageError
            If the code or the label does not fit.
        """
        numbers = self.numbers
        if self.rows == numbers.rows:
            raise rows_needed(numbers)
        if not 0 <= label < numbers.classes:
            raise UsageError("there is no such class", found=label,
                             expected=f"0 to {numbers.classes - 1}")
        self._writes.append((self.step, self.rows, check_code(numbers, code), int(label)))
        self.step, self.rows = self.step + WRITE_STEPS, self.rows + 1
        return self.rows - 1

    def query(self, code: Annotated[Integer, "features"], *, test: bool = True) -> None:
        """Ask who is similar; a query that teaches (``test=False``) has the shorter ramp.

        Raises
        ------
        UsageError
            If the code does not fit.
        """
        ramp = self.numbers.window if test else self.numbers.learning
        self._queries.append((self.step, check_code(self.numbers, code), ramp))
        self.step += RAMP_AT + ramp

    @property
    def asked(self) -> Annotated[Int64, "queries 2"]:
        """Of each query the step in which it arrives, and its ramp; shape (queries, 2)."""
        return np.array([(start + ARRIVAL, ramp) for start, _, ramp in self._queries],
                        np.int64).reshape(-1, 2)

    def trains(self) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
        """Source trains, arrays of shape (steps, size), and the number of steps."""
        steps = self.step + TAIL_STEPS
        inputs = silence(inputs_of(self.numbers), steps)
        for write in self._writes:
            self._lay_write(inputs, *write)
        for query in self._queries:
            self._lay_query(inputs, *query)
        return inputs, steps

    def _lay_write(
        self, inputs: dict[str, NDArray[np.int64]], start: int, row: int,
        code: NDArray[np.int64], label: int,
    ) -> None:
        inputs["drive"][start + np.array((KEY_AT, HOLD_AT))] = -CLEAR
        sides = np.concatenate(on_off(code)) if self.numbers.signed else code
        inputs["axon"][start + KEY_AT] = key_payloads(sides)
        inputs["write"][start + LIFT_AT, row] = LIFT
        inputs["write"][start + FIRE_AT, row] = lift_to_fire(self.numbers)
        inputs["store"][start + LEARN_AT, row] = GATE
        inputs["teach"][start + LEARN_AT, label] = TAUGHT

    def _lay_query(
        self, inputs: dict[str, NDArray[np.int64]], start: int, code: NDArray[np.int64], ramp: int
    ) -> None:
        inputs["drive"][start + np.array(CLEAR_AT)] = -CLEAR
        inputs["drive"][start + RISE_AT] = LIFT
        inputs["drive"][start + RAMP_AT : start + RAMP_AT + ramp] = self.numbers.ramp
        inputs["axon"][start + ASK_AT] = (np.concatenate([code, -code]) if self.numbers.signed
                                          else code)


def rows_needed(numbers: Prototypes) -> FitError:
    """The refusal of one prototype more than there are rows."""
    return FitError("all rows hold a prototype, and another one is to be written",
                    where="prototypes", found=f"{numbers.rows + 1} prototypes",
                    expected=f"at most {numbers.rows} rows",
                    hint="more rows, or a lower novelty threshold")
