"""Arrays that are not as they are signed are found, whatever room takes them.

Each room has a call in which axes are swapped, or one is too many, that would go through: NumPy
broadcasts, transposes and reshapes without a word.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip("jaxtyping", reason="shapes are checked with jaxtyping")

import shape_check
from shape_check import ShapeError, checked

from neuromorph.backends.interface import Recording
from neuromorph.circuits.latency_attention.read import Attended
from neuromorph.compile.packing.traffic import Traffic
from neuromorph.cost.steps import StepCounts
from neuromorph.dynamics.encode import EncoderState, Encoding, step_encoder
from neuromorph.errors import UsageError
from neuromorph.files.dtypes import finite32
from neuromorph.learning import LearningRule, make_draws, step_plastic_fixed
from neuromorph.learning.step import rest
from neuromorph.network.block_masks import group_wires
from neuromorph.neurons.cuba_lif import LIFState, step_lif_fixed
from neuromorph.numerics.integer import shift
from neuromorph.numerics.synapse import accumulate_float
from neuromorph.shapes import Bool, Float64, Int64, Num
from neuromorph.translate.block.quantised import Quantised

installed = pytest.mark.skipif(
    not any(isinstance(finder, shape_check.Finder) for finder in sys.meta_path),
    reason="NEUROMORPH_SHAPES is off")

TWO, THREE = np.zeros(2, np.int64), np.zeros(3, np.int64)


def learn(pre: Any, post: Any) -> None:
    rule = LearningRule(dw="x1*y0")
    step_plastic_fixed(rule, rest(np.ones((3, 1), np.int64), "fixed"), pre, post, None, step=0,
                       draws=make_draws(0, 4, rule.epoch))


def attended(**swapped: Any) -> Attended:
    each = {name: np.zeros((2, 3), np.int64)
            for name in ("normaliser", "last", "spikes", "forced")}
    return Attended(**{"control": np.zeros((2, 3, 4), np.int64), **each, **swapped})


CALLS: Mapping[str, Callable[[], object]] = {
    "numerics": lambda: accumulate_float(np.ones((3, 3)), np.ones((3, 3)), graded=True),
    "numerics, floats for integers": lambda: shift(np.ones(3), 2),
    "dynamics": lambda: step_encoder(Encoding("rate", 4, 2), EncoderState(0, TWO), TWO[:, None]),
    "learning": lambda: learn(pre=np.ones(3, np.int64), post=np.ones(1, np.int64)),
    "neurons": lambda: step_lif_fixed(LIFState(THREE, THREE), THREE[:, None], du=1, dv=1, vth=9),
    "files": lambda: finite32(np.ones(3, np.int64), "w", "here"),
    "network": lambda: group_wires(np.ones(8, np.int8), 2),
    "circuits": lambda: attended(normaliser=np.zeros((3, 2), np.int64)),
    "translate": lambda: Quantised(np.ones((3, 2), np.int8).T, np.ones(3), np.ones(3)),
    "compile": lambda: Traffic(TWO, THREE, np.zeros(2)),
    "cost": lambda: StepCounts(TWO, np.zeros((2, 9)), np.zeros((2, 9)), {}),
    "backends": lambda: Recording("x", "reference", 3, {}, {"p": (THREE, THREE)}),
}


@installed
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_swapped_axis_is_found(call: Callable[[], object]) -> None:
    with pytest.raises(ShapeError, match="signed as"):
        call()


# --- what holds calls to it


class State(NamedTuple):
    v: Annotated[Int64, "size"]


def step(state: State, spikes: Annotated[Bool, "size"]) -> Annotated[Int64, "size"]:
    return state.v + spikes[: len(state.v)]


def scaled(
    rows: list[Annotated[Float64, "_ width"]] | None, by: Annotated[Num, "width"] | float
) -> tuple[int, Annotated[Float64, "rows width"]]:
    if rows is None:
        raise UsageError("no rows")
    return len(rows), np.concatenate(rows) * by


def other_result(x: Annotated[Int64, "*shape"]) -> Annotated[Int64, "*shape"]:
    return x.ravel()


def fails(x: Annotated[Int64, "a a"]) -> None:
    raise ValueError("in NumPy's words")


@dataclass
class Layer:
    weights: Annotated[Float64, "outputs inputs"]

    def run(self, x: Annotated[Float64, "inputs"]) -> Annotated[Float64, "outputs"]:
        return self.weights[:, : len(x)] @ x


ROWS = [np.ones((2, 3)), np.ones((1, 3))]


def test_what_fits_passes_as_it_is() -> None:
    count, found = checked(scaled)(ROWS, by=2.0)
    assert count == 2
    np.testing.assert_array_equal(found, np.full((3, 3), 2.0))
    assert checked(step)(State(THREE), np.ones(3, np.bool_)).tolist() == [1, 1, 1]


@pytest.mark.parametrize("call", [
    lambda: checked(scaled)([*ROWS, np.ones((3, 2))], 1.0),
    lambda: checked(scaled)(ROWS, np.ones(1)),
    lambda: checked(scaled)([np.ones((2, 3), np.float32)], 1.0),
    lambda: checked(other_result)(np.ones((2, 2), np.int64)),
    lambda: checked(step)(State(THREE), np.ones(4, np.bool_)),
    lambda: checked(Layer.run)(Layer(np.ones((2, 3))), np.ones(2)),
    lambda: checked(fails)(np.ones((2, 3), np.int64)),
], ids=["an element", "a length", "a dtype", "a result", "a state", "a field", "an error"])
def test_what_does_not_fit_is_found(call: Callable[[], object]) -> None:
    with pytest.raises(ShapeError):
        call()


def test_a_refusal_in_our_words_stays_one() -> None:
    with pytest.raises(UsageError, match="no rows"):
        checked(scaled)(None, np.ones((1, 1)))
    with pytest.raises(ValueError, match="NumPy's words"):
        checked(fails)(np.ones((2, 2), np.int64))


def test_the_message_says_who_what_and_what_came_with_it() -> None:
    with pytest.raises(ShapeError, match=r"scaled: by is float64\[2\], signed as Num\[ndarray, "
                                         r"'width'\]; with it came rows\[0\] float64\[2, 3\]"):
        checked(scaled)([ROWS[0]], np.ones(2))
