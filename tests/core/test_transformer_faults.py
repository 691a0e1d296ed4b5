"""What is wrong with how a transformer is tied together is found by its closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_transformers import clocked, differs, first_difference, inputs_of, kind, probes, told
from transformer_faults import FAULTS, Planted

from neuromorph import backends
from neuromorph.circuits.transformer import closed_form, timeline
from neuromorph.circuits.transformer.build import build
from neuromorph.circuits.transformer.tokens import stimulate
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import NeuromorphError
from neuromorph.network import verify

TOKENS = 5


@pytest.mark.parametrize("planted", [pytest.param(one, id=name) for name, one in FAULTS.items()])
def test_a_fault_makes_another_transformer(planted: Planted) -> None:
    model, network = kind(planted.kind)
    inputs = inputs_of(model, TOKENS)
    assert differs(model, network, inputs) is None
    wrong = verify(planted.make(model, network))
    assert differs(model, wrong, inputs) == planted.found
    if planted.proof:
        with pytest.raises(NeuromorphError, match=planted.proof):
            prove_contract(wrong)
    else:
        assert prove_contract(wrong).proved


# --- what a host sends


def wrong_trains(name: str, source: str, change: object) -> str | None:
    """The first difference, where a source sends something else."""
    model, network = kind(name)
    inputs = inputs_of(model, TOKENS - 1)
    trains, steps = stimulate(model, inputs)
    trains[source] = change(trains[source], network.period)  # type: ignore[operator]
    done = backends.get("fast").run(network, trains, probes(model), steps)
    return first_difference(told(model, done, len(inputs)), closed_form.run(model, inputs))


@pytest.mark.parametrize(("name", "source", "change", "found"), [
    ("Llama", "inputs", lambda train, _: train - (train > 100) * 50, "stream 0: token 0"),
    ("Llama", "angle", lambda train, period: np.roll(train, period, axis=0),
     "stream 1: token 0"),
    ("Llama", "token", lambda train, period: np.roll(train, period, axis=0),
     "stream 1: token 0"),
    ("ViT", "positions", lambda train, period: np.roll(train, period, axis=0),
     "stream 0: token 0"),
    # a pass that goes on with the next slot, and one that forgets the one before
    ("ViT", "token", lambda train, _: np.minimum(np.abs(train), 1), "stream 1: token 0"),
    ("ViT", "token", lambda train, _: np.maximum(train, -1), "stream 1: token 0")])
def test_what_a_host_sends_wrong_is_found(
    name: str, source: str, change: object, found: str
) -> None:
    assert wrong_trains(name, source, lambda train, _: train) is None
    assert wrong_trains(name, source, change) == found


def test_a_missing_pass_is_found() -> None:
    model, network = kind("ViT")
    inputs = inputs_of(model, TOKENS)
    found = clocked(model, network, inputs, passes=model.passes - 1)
    assert first_difference(found, closed_form.run(model, inputs)) == "stream 3: token 0"


# --- times that are wrong


@pytest.mark.parametrize(("block", "late"), [(1, -1), (1, 1), (2, 1)])
def test_a_part_that_begins_at_another_step_is_refused(
    monkeypatch: pytest.MonkeyPatch, block: int, late: int
) -> None:
    right = timeline.course_of

    def shifted(model: object) -> timeline.TokenCourse:
        found = right(model)  # type: ignore[arg-type]
        begins = list(found.begins)
        begins[block] += late
        return replace(found, begins=tuple(begins))

    monkeypatch.setattr("neuromorph.circuits.transformer.build.course_of", shifted)
    with pytest.raises(NeuromorphError, match="in steps in which the input must be silent"):
        build(kind("Llama")[0])
