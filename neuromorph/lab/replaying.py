"""The script that replays a trial with NumPy alone: `replay.py`, and the updates it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.program import Unit
from neuromorph.learning import LearningRule
from neuromorph.network import Projection
from neuromorph.neurons import NeuronModel
from neuromorph.straight import learned, learning_function, numpy_function, why_not_straight
from neuromorph.straight.update import named_update

REPLAY, CONSTANTS = "replay.py", "constants.npz"

PAYLOADS = -(2**23), 2**23
"""Whatever may be sent."""


def why_not_replayed(unit: Unit) -> str | None:
    """Why a unit cannot be replayed, or None."""
    for p in unit.network.populations:
        reason = why_not_straight(p.model)
        if reason:
            return f"{p.name} is a {p.model.kind}: {reason}"
    return None


def replay_script(unit: Unit) -> str:
    """The text of ``replay.py`` for a unit that `why_not_replayed` has nothing against."""
    models = models_of(unit)
    functions = [numpy_function(model, columns) for model, columns in models.items()]
    rules: dict[tuple[LearningRule | None, bool], str] = {}
    for p in unit.network.plastic:
        if (p.rule, p.modulated) not in rules:
            rules[p.rule, p.modulated] = f"learn_{len(rules)}"
            functions.append(learning_text(rules[p.rule, p.modulated], p))
    steps = [f"    {model.__name__!r}: (step_{model.__name__}, {model.words!r}, {model.ports!r}, "
             f"{named_update(model).alone}),\n" for model in models]
    learns = [f"    {p.name!r}: {rules[p.rule, p.modulated]},\n" for p in unit.network.plastic]
    runtime = Path(__file__).with_name(REPLAY).read_text("utf-8")
    tables = f"STEPS.update({{\n{''.join(steps)}}})\nLEARNS.update({{\n{''.join(learns)}}})\n"
    return "\n\n".join([
        runtime, "# --- updates, written from the neuron models and rules of this program\n",
        *functions, tables, 'if __name__ == "__main__":\n    sys.exit(main())\n'])


def models_of(unit: Unit) -> dict[type[NeuronModel], int]:
    """The neuron models of a unit, sources apart, by name; and how many constants each has."""
    found = {type(p.model): len(p.model.constants()) for p in unit.neurons}
    return dict(sorted(found.items(), key=lambda one: one[0].__name__))


def constants_of(unit: Unit) -> dict[str, NDArray[Any]]:
    """Constants of each population as its kernel has them, shape (columns, 1 or size)."""
    found = {}
    for p in unit.neurons:
        values = [np.atleast_1d(np.asarray(value, np.int64)) for value in p.model.constants()]
        width = max((len(value) for value in values), default=1)
        found[p.name] = np.stack([np.broadcast_to(v, (width,)) for v in values]) if values else (
            np.zeros((0, 1), np.int64))
    return found


def learning_text(name: str, projection: Projection) -> str:
    """The step of a projection that learns, as a function."""
    if projection.rule is None:
        raise ValueError(f"{projection.name} does not learn")
    spans = {"pre": PAYLOADS, "post": PAYLOADS} | {
        f"third{n}": PAYLOADS for n in range(1, 4)}
    return learning_function(name, learned(projection.rule, spans,
                                           modulated=projection.modulated))
