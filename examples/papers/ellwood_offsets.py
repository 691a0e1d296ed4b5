"""The offset curve in the integer engine: what one coincidence leaves in a synapse's tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.learning import LearningRule
from neuromorph.network import CubaLIF, Network, Population, Projection, Source

APART = 150
"""Steps between the coincidences of a run: traces have gone by then."""

VTH, DRIVE = 100, 200
"""Of a soma that fires one step after its query."""


def tags_by_lag(
    rule: LearningRule, lags: Sequence[int], *, seeds: int = 16, synapses: int = 16,
    backend: str = "fast",
) -> NDArray[np.int64]:
    """Tags that single coincidences leave, shape (lags, seeds * synapses).

    ::

        axon --(relay, one step)--> soma, plastic          query --> soma

    The soma fires ``lag`` steps after the axon, one after its query. All synapses of a projection
    share a step's draw, so each has its coincidence in a step of its own. Nothing is forgotten.
    """
    steps = APART * (synapses + 1)
    axons = np.zeros((steps, len(lags) * synapses), np.int64)
    queries = np.zeros((steps, 1), np.int64)
    for synapse in range(synapses):
        fired = APART * (synapse + 1) - 1
        queries[fired - 1] = 1
        for place, lag in enumerate(lags):
            axons[fired - lag, place * synapses + synapse] = 1
    found = []
    for seed in range(seeds):
        network = _pairs(axons.shape[1], replace(_lasting(rule), seed=seed))
        run = backends.get(backend).run(network, {"axon": axons, "query": queries}, [], steps)
        found.append(run.synapses["spine"][1].reshape(len(lags), synapses))
    return np.concatenate(found, axis=1).astype(np.int64)


def _lasting(rule: LearningRule) -> LearningRule:
    """The rule without what it forgets and without its gate."""
    gained = [term for term in rule.dt.replace(" - ", " + -").split(" + ") if "*t" not in term]
    return replace(rule, dt=" + ".join(gained).replace("+ -", "- "), dw="")


def _pairs(axons: int, rule: LearningRule) -> Network:
    each = np.ones((1, axons), np.int32)
    return Network("offsets", "fixed", (
        Population("axon", axons, Source()), Population("query", 1, Source()),
        Population("relay", axons, CubaLIF(vth=0)),
        Population("soma", 1, CubaLIF(vth=VTH)),
    ), (Projection("lead", "axon", "relay", np.eye(axons, dtype=np.int32)),
        Projection("drive", "query", "soma", np.full((1, 1), DRIVE, np.int32)),
        Projection("spine", "relay", "soma", 0 * each, rule=rule)))
