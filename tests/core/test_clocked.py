"""A whole model by the clock, and how it is told which part is what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_transformers import inputs_of, kind

from neuromorph.api import clocked as by_the_clock
from neuromorph.api.clocked import check_equal, clocked, on_chip
from neuromorph.circuits.transformer import closed_form
from neuromorph.circuits.transformer.parts import HOST, parts_of
from neuromorph.errors import DisagreementError, NetworkError
from neuromorph.network import Population


@pytest.mark.parametrize("name", ["ViT", "BERT", "Llama", "GPT-2"])
def test_every_population_is_of_one_part(name: str) -> None:
    model, network = kind(name)
    parts = parts_of(model, network)
    told = [population for names in parts.values() for population in names]
    assert sorted(told) == sorted(p.name for p in network.populations)
    assert set(parts[HOST]) == {port.name for port in network.inputs}


def test_a_population_that_nobody_knows_is_refused() -> None:
    model, network = kind("ViT")
    other = replace(network.populations[-1], name="block0.other")
    assert isinstance(other, Population)
    with pytest.raises(NetworkError, match=r"of no stage; found other"):
        parts_of(model, replace(network, populations=(*network.populations, other)))


def test_counts_are_those_of_the_network() -> None:
    model, network = kind("ViT")
    run = clocked(model, network, inputs_of(model, 5), "fast", every=True)
    parts = run.parts()
    assert sum(part.neurons for part in parts) == sum(p.size for p in network.populations)
    assert sum(part.synapses for part in on_chip(parts)) == sum(
        int(p.weights.size if p.rule is not None else np.count_nonzero(p.weights))
        for p in network.projections)
    assert {part.part for part in parts} - {part.part for part in on_chip(parts)} == {HOST}
    assert run.steps == len(run.spikes["inputs"])


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_block_in_a_whole_model_sends_what_the_closed_form_says(number: int) -> None:
    """The token that it is shown with is the first of the last pass."""
    model, network = kind("ViT")
    inputs = inputs_of(model, 5)
    block = clocked(model, network, inputs, "fast", every=True).block(number)
    streams = closed_form.run(model, inputs).streams
    (last,), (first,) = ([row for row in block.rows if row.name == name] for name in ("out", "r"))
    token = block.tokens - 1
    assert token == 5 * (model.passes - 1)
    assert np.array_equal(block.of(first, "r", token)[0], streams[number][0])
    assert np.array_equal(block.of(last, "out", token)[0], streams[number + 1][0])
    assert (block.spans()[-1] >= 0).all()


@pytest.mark.parametrize(("which", "text"), [
    (0, "hidden states before block 0"), (3, "hidden states behind the last block"),
    (4, "answer")])
def test_the_first_number_that_differs_is_named(
    which: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, network = kind("ViT")
    inputs = inputs_of(model, 3)
    right = closed_form.run(model, inputs)
    arrays = [array.copy() for array in (*right.streams, right.answer)]
    arrays[which][0, 2] += 1
    wrong = closed_form.Passed(tuple(arrays[:-1]), arrays[-1])
    with pytest.raises(DisagreementError, match=f"fast, {text}.*at token 0, number 2"):
        check_equal(right, wrong, "fast")
    monkeypatch.setattr(by_the_clock.closed_form, "run", lambda *_: wrong)
    with pytest.raises(DisagreementError, match=text):
        clocked(model, network, inputs, "fast")
