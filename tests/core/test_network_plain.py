"""A network becomes plain data and comes back, whoever keeps its weights and in either domain."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from placed_programs import network
from small_heads import GRADED, attention
from small_learners import LEARNERS

from neuromorph.errors import FileFormatError, NetworkError
from neuromorph.network import Network, to_text, verify
from neuromorph.network.plain import network_as_dict, network_from_dict

NETWORKS: dict[str, Network] = {
    "graded": attention(GRADED)[0], "every model": network(),
    **{name: learner[0] for name, learner in LEARNERS.items()},
}


def taken_apart(of: Network) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    arrays: dict[str, NDArray[Any]] = {}

    def keep(weights: NDArray[Any]) -> str:
        arrays[name := f"w{len(arrays)}"] = weights
        return name

    return network_as_dict(of, keep), arrays


@pytest.mark.parametrize("name", NETWORKS)
def test_what_comes_back_is_what_went_in(name: str) -> None:
    was = replace(NETWORKS[name], schedule=None, parts=(), inputs=(), outputs=())
    data, arrays = taken_apart(was)
    now = verify(network_from_dict(json.loads(json.dumps(data)), arrays))
    assert to_text(now) == to_text(was)
    for before, after in zip(was.projections, now.projections, strict=True):
        assert before.weights is after.weights
        assert (before.rule, before.modulators, before.port) == (
            after.rule, after.modulators, after.port)
    for one, other in zip(was.populations, now.populations, strict=True):
        np.testing.assert_equal(dict(other.model.parameters()), dict(one.model.parameters()))


def test_a_part_that_is_not_there_is_named() -> None:
    data, arrays = taken_apart(NETWORKS["every model"])
    with pytest.raises(FileFormatError, match=r"no weights of that name; found w0"):
        network_from_dict(data, {n: a for n, a in arrays.items() if n != "w0"})
    learner = next(p for p in data["projections"] if p["rule"])
    learner["rule"] = {n: v for n, v in learner["rule"].items() if n != "seed"} | {"sede": 1}
    with pytest.raises(FileFormatError, match=r"learner: .* learning rule; found sede, seed"):
        network_from_dict(data, arrays)
    data["populations"][0]["kind"] = "CubaLif"
    with pytest.raises(NetworkError, match="unknown neuron model; found CubaLif"):
        network_from_dict(data, arrays)
