"""The run of a whole model that travels with its program, where it is small enough."""

from __future__ import annotations

import numpy as np

from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.tokens import stimulate
from neuromorph.compile import Compiled
from neuromorph.deploy.run import Tried
from neuromorph.deploy.whole_trial import any_token

LARGEST = 1 << 25
"""Neurons times steps: what a run leaves of each, several times over, must fit memory."""


def lab_run(model: Transformer, compiled: Compiled) -> Tried | None:
    """One token through all passes and blocks, for `lab_trial`; None if that leaves too much."""
    inputs, steps = stimulate(model, any_token(model))
    if steps * sum(p.size for p in compiled.program.units[0].neurons) > LARGEST:
        return None
    given = {name: np.asarray(train, np.int64) for name, train in inputs.items()}
    return Tried(1, 1, {}, {0: (given, steps)}, {}, (0,))
