"""ALiBi of transformers' own models: BLOOM and MPT, in the circuit and from a host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.backends import attend
from neuromorph.bundle import load_bundle
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import TranslateOptions

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_folders import save_model  # noqa: E402
from hf_models import REFUSED, Family, closeness, run, same, text  # noqa: E402

BLOOM = REFUSED["bloom"]
MPT = Family("MptModel", "MptConfig", {
    "d_model": 64, "n_heads": 4, "n_layers": 2, "vocab_size": 97, "max_seq_len": 96})
PADDED = {name: Family(one.model, one.config, one.sizes, lambda: text("left"))
          for name, one in (("bloom", BLOOM), ("mpt", MPT))}
models = pytest.mark.parametrize("family", [BLOOM, MPT, *PADDED.values()],
                                 ids=["bloom", "mpt", "bloom padded left", "mpt padded left"])
SLOTS = TranslateOptions(slots=33)


def heads_of(spiking: Any) -> list[Any]:
    return [head for code in spiking.codes.values() for head in code.heads]


@models
def test_attach_lets_heads_make_it(family: Family) -> None:
    model, inputs = family.build(), family.inputs()
    own = run(model, inputs)
    with neuromorph.attach(model, inputs, options=SLOTS) as spiking:
        assert closeness(run(model, inputs), own) > 0.998
        assert all(head.slope for head in heads_of(spiking))
        assert [one["sloped_heads"] for one in spiking.report()["per_layer"]] == [4, 4]
    with neuromorph.attach(model, inputs, options=TranslateOptions(slots=33, slopes=False)) as told:
        assert not any(head.slope for head in heads_of(told))
        assert told.median_steps() > spiking.median_steps()
    assert same(run(model, inputs), own)


@models
def test_a_bundle_keeps_slopes(family: Family, tmp_path: Path) -> None:
    model, inputs = family.build(), family.inputs()
    with neuromorph.attach(model, inputs, options=SLOTS) as spiking:
        own = run(model, inputs)
        path = spiking.save(tmp_path / "bundle")
    with neuromorph.attach(model, path):
        assert same(run(model, inputs), own)
    bundle = load_bundle(path)
    assert [code.heads for code in bundle.codes.values()] == [
        code.heads for code in spiking.codes.values()]
    assert min(one.cosine for one in neuromorph.simulate(path).fidelity) > 0.99


def test_a_layer_is_the_same_on_reference() -> None:
    model, inputs = BLOOM.build(), BLOOM.inputs()
    spiking = neuromorph.attach(model, inputs, options=SLOTS)
    name, sample = next(iter(spiking.samples.items()))
    part = sample.asking(slice(3))
    assert part.bias is not None
    work = SpikingLayer(spiking.codes[name]).encode(
        part.queries[None], part.keys[None], part.values[None], part.mask[None], part.bias[None])
    assert work.bias is None
    assert attend("fast", work, times=True).differs_from(attend("reference", work)) is None


def test_texts_grow_with_a_cache() -> None:
    """Token by token, each query sees one key more, and is told nothing but a mask."""
    model, inputs = BLOOM.build(), BLOOM.inputs()
    ids = inputs["input_ids"][:1, :12]
    with neuromorph.attach(model, inputs, options=SLOTS), torch.no_grad():
        whole = model(ids).last_hidden_state
        cache, steps = None, []
        for t in range(ids.shape[1]):
            answer = model(ids[:, t : t + 1], past_key_values=cache, use_cache=True)
            cache = answer.past_key_values
            steps.append(answer.last_hidden_state)
    np.testing.assert_allclose(torch.cat(steps, dim=1), whole, atol=1e-4)


def test_export_lets_heads_make_it(tmp_path: Path, passages: Path) -> None:
    folder = save_model(tmp_path / "bloom", BLOOM)
    report = neuromorph.export(folder, tmp_path / "bundle", calibrate=passages)
    assert all(head.slope for code in report.bundle.codes.values() for head in code.heads)
    assert min(one.cosine for one in report.fidelity) > 0.99
