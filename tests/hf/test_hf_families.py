"""Every family of models: close to its own output in spikes, exactly itself again afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.huggingface.attachment import Attachment
from neuromorph.huggingface.recording import record

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import (  # noqa: E402
    FAMILIES,
    FINE,
    REFUSED,
    SLOTS,
    Family,
    closeness,
    run,
    same,
)

by_name = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())


@by_name
def test_spikes_come_close_and_leave_no_trace(family: Family) -> None:
    model, inputs = family.build(), family.inputs()
    name, own = model.config._attn_implementation, run(model, inputs)
    spiking = neuromorph.attach(model, inputs, options=SLOTS)
    assert closeness(run(model, inputs), own) > 0.998
    assert spiking.tally.queries > 0
    spiking.detach()
    assert same(run(model, inputs), own)
    assert model.config._attn_implementation == name


@by_name
def test_attention_is_far_from_uniform(family: Family) -> None:
    """Without which closeness would say little."""
    samples = record(family.build(), [family.inputs()])
    spread = [s.logits(h, np.zeros(s.keys.shape[2]))[s.mask].std()
              for seen in samples.values() for s in seen for h in range(len(s.queries))]
    assert np.median(spread) > 0.5


@pytest.mark.parametrize("name", ["bert", "llama", "vit", "bart"])
def test_uniform_attention_is_not_close(name: str) -> None:
    """The measure of closeness notices what it should."""
    family = FAMILIES[name]
    model, inputs = family.build(), family.inputs()
    own = run(model, inputs)
    with neuromorph.attach(model, inputs, options=SLOTS) as spiking:
        blind = {name: replace(code, query_scale=code.query_scale * 1e6)
                 for name, code in spiking.codes.items()}
        with Attachment(model, blind):
            assert closeness(run(model, inputs), own) < 0.99


@pytest.mark.parametrize("name", ["bert", "llama", "gpt2", "vit"])
def test_binary_spikes_converge_with_the_step(name: str) -> None:
    family = FAMILIES[name]
    model, inputs = family.build(), family.inputs()
    own = run(model, inputs)

    def loss(step: float) -> float:
        with neuromorph.attach(model, inputs, options=replace(FINE, step_nats=step)):
            return 1 - closeness(run(model, inputs), own)

    coarse, middle, fine = (loss(step) for step in (0.69, 0.25, 0.05))
    assert coarse > 2 * middle > 4 * fine
    assert fine < 1e-3


def test_a_family_without_interface_is_reached_by_hooks() -> None:
    family = REFUSED["bloom"]
    model, inputs = family.build(), family.inputs()
    before, own = model.config._attn_implementation, run(model, inputs)
    with neuromorph.attach(model, inputs, options=SLOTS) as spiking:
        assert spiking.report()["way"] == "hooks"
        assert closeness(run(model, inputs), own) > 0.998
    assert model.config._attn_implementation == before
    assert same(run(model, inputs), own)


def test_gemma2_without_its_cap_is_no_exception() -> None:
    family = FAMILIES["gemma2"]
    model, inputs = family.build(attn_logit_softcapping=None), family.inputs()
    own = run(model, inputs)
    with neuromorph.attach(model, inputs, options=SLOTS):
        assert closeness(run(model, inputs), own) > 0.999


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("name", ["bert", "llama"])
def test_a_models_own_precision_is_kept(name: str, dtype: Any) -> None:
    family = FAMILIES[name]
    model, inputs = family.build().to(dtype), family.inputs()
    own = run(model, inputs)
    with neuromorph.attach(model, inputs, options=SLOTS):
        spiking = run(model, inputs)
    assert {value.dtype for value in spiking.values()} == {dtype}
    assert closeness(spiking, own) > 0.998
    assert same(run(model, inputs), own)


@pytest.mark.parametrize("spikes", ["graded", "binary"])
def test_reference_equals_fast_to_the_bit(spikes: Any) -> None:
    family = FAMILIES["llama, padded left"]
    model = family.build(hidden_size=16, num_attention_heads=2, num_key_value_heads=1)
    inputs = {name: value[:2, -9:] for name, value in family.inputs().items()}
    outputs = []
    for backend in ("fast", "reference"):
        options = replace(SLOTS, spikes=spikes)
        with neuromorph.attach(model, inputs, options=options, backend=backend) as spiking:
            outputs.append((run(model, inputs), spiking.tally))
    assert same(outputs[0][0], outputs[1][0])
    assert outputs[0][1] == outputs[1][1]
