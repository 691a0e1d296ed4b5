"""Who may look where: the masks of all kinds of models, and padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.errors import UnsupportedError
from neuromorph.huggingface.hook import Call, Connection
from neuromorph.huggingface.masks import boolean_mask
from neuromorph.huggingface.recording import float_attention, is_causal, record
from neuromorph.translate import TranslateOptions

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import FAMILIES, SLOTS, TOKENS, closeness, run, text  # noqa: E402

QUERY, KEY = torch.zeros(2, 4, 3, 8), torch.zeros(2, 2, 5, 8)
TRIANGLE = np.tril(np.ones((3, 5), bool), 2)


def told(mask: Any, *, causal: bool = False) -> Any:
    return boolean_mask(mask, QUERY, KEY, causal=causal, where="a layer").numpy()


def seen_by(model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """The mask that every layer was called with."""
    masks: dict[str, Any] = {}

    def keep(call: Call) -> Any:
        masks[call.layer] = call.mask.numpy()
        return float_attention(call)

    connection = Connection(model, keep)
    run(model, inputs)
    connection.close()
    return masks


# --- one mask


def test_no_mask_is_everything_or_a_triangle() -> None:
    assert told(None).all()
    assert told(None).shape == (2, 3, 5)
    assert (told(None, causal=True) == TRIANGLE).all()


def test_a_single_query_sees_every_cached_key() -> None:
    assert boolean_mask(None, QUERY[:, :, :1], KEY, causal=True, where="a layer").all()


@pytest.mark.parametrize("shape", [(2, 1, 3, 5), (1, 1, 3, 5), (2, 1, 1, 5), (1, 1, 1, 5),
                                   (2, 4, 3, 5), (2, 1, 3, 9)])
def test_a_boolean_mask_is_taken_as_it_is(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.rand(shape[0], 1, *shape[2:], generator=generator) > 0.5
    expected = np.broadcast_to(rows[:, 0, :, :5].numpy(), (2, 3, 5))
    assert (told(rows.expand(shape)) == expected).all()
    assert (told(rows.expand(shape), causal=True) == expected).all()


@pytest.mark.parametrize("low", [-torch.inf, torch.finfo(torch.float32).min, -1e4, -1e9])
def test_an_additive_mask_hides_what_it_makes_small(low: float) -> None:
    mask = torch.where(torch.from_numpy(TRIANGLE), 0.0, low)[None, None]
    assert (told(mask) == TRIANGLE).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_an_additive_mask_of_any_precision(dtype: Any) -> None:
    mask = torch.zeros(1, 1, 3, 5, dtype=dtype)
    mask.masked_fill_(~torch.from_numpy(TRIANGLE), torch.finfo(dtype).min)
    assert (told(mask) == TRIANGLE).all()


@pytest.mark.parametrize(("mask", "says"), [
    (torch.full((1, 1, 3, 5), torch.inf), r"a layer: .*adds to the logits.*found inf"),
    (torch.ones(1, 1, 3, 5).long(), "adds to the logits.*found 1"),
    (torch.full((1, 1, 3, 5), torch.nan), "adds to the logits.*found nan"),
    (torch.ones(2, 3, 5, dtype=torch.bool), r"unknown shape.*\(2, 3, 5\)"),
    (torch.ones(2, 1, 3, 4, dtype=torch.bool), "unknown shape"),
    (torch.ones(2, 1, 2, 5, dtype=torch.bool), "unknown shape"),
    (torch.eye(4, dtype=torch.bool)[None, :, None].repeat(2, 1, 3, 2), "differs between heads"),
])
def test_a_mask_that_does_more_is_refused(mask: Any, says: str) -> None:
    with pytest.raises(UnsupportedError, match=says):
        told(mask)


# --- what models send


def sliding(window: int) -> Any:
    age = np.arange(TOKENS)[:, None] - np.arange(TOKENS)
    return (age >= 0) & (age < window)


@pytest.mark.parametrize(("name", "expected"), [
    ("bert", [np.ones((TOKENS, TOKENS), bool)] * 2),
    ("llama", [sliding(TOKENS)] * 2),
    ("gpt2", [sliding(TOKENS)] * 2),
    ("mistral", [sliding(7)] * 2),
    ("qwen2", [sliding(TOKENS), sliding(7)]),
])
@pytest.mark.parametrize("padded", ["no", "left", "right"])
def test_the_mask_of_a_model(name: str, expected: list[Any], padded: str) -> None:
    inputs = text(padded)
    masks = seen_by(FAMILIES[name].build(), inputs)
    real = inputs["attention_mask"].bool().numpy()
    for mask, pattern in zip(masks.values(), expected, strict=True):
        assert (mask == (pattern & real[:, None, :])).all()


def test_whom_an_image_model_and_a_decoder_let_look_where() -> None:
    vit = seen_by(FAMILIES["vit"].build(), FAMILIES["vit"].inputs())
    assert all(mask.all() and mask.shape == (3, 17, 17) for mask in vit.values())
    inputs = FAMILIES["bart"].inputs()
    bart = seen_by(FAMILIES["bart"].build(), inputs)
    assert len(bart) == 6
    real = inputs["attention_mask"].bool().numpy()[:, None, :]
    for name, mask in bart.items():
        back = name.startswith("decoder") and name.endswith("self_attn")
        assert mask.shape == (3, 11 if "decoder" in name else TOKENS, 11 if back else TOKENS)
        assert (mask == (sliding(TOKENS)[:11, :11] if back else real)).all(), name


def test_causality_is_known_from_the_samples() -> None:
    for name, expected in (("bert", False), ("llama", True), ("mistral", True), ("vit", False),
                           ("bart", False), ("llama, padded left", True)):
        family = FAMILIES[name]
        samples = record(family.build(), [family.inputs()])
        assert is_causal(samples) is expected, name
        with neuromorph.attach(family.build(), family.inputs(), options=SLOTS) as spiking:
            assert spiking.causal is expected, name


# --- padding


def test_padding_is_not_calibrated_on() -> None:
    family = FAMILIES["llama, padded left"]
    for seen in record(family.build(), [family.inputs()]).values():
        assert [s.queries.shape[1] for s in seen] == [24, 19, 14]
        assert [s.mask.shape for s in seen] == [(24, 24), (19, 19), (14, 14)]
        assert all((s.mask == np.tril(np.ones_like(s.mask))).all() for s in seen)


@pytest.mark.parametrize("name", ["bert", "llama"])
@pytest.mark.parametrize("padded", ["left", "right"])
def test_padding_changes_nothing(name: str, padded: str) -> None:
    """A padded sequence comes out as it does alone."""
    model, inputs = FAMILIES[name].build(), text(padded)
    real = inputs["attention_mask"].bool()
    positions = (real.cumsum(1) - 1).clamp(min=0)
    with neuromorph.attach(model, inputs, options=SLOTS), torch.no_grad():
        together = model(**inputs, position_ids=positions)["last_hidden_state"]
        for row, tokens in enumerate(inputs["input_ids"]):
            alone = model(input_ids=tokens[None, real[row]])["last_hidden_state"]
            assert closeness({"x": together[row, real[row]]}, {"x": alone[0]}) > 0.9999


def test_rows_that_may_look_nowhere_stay_finite() -> None:
    family = FAMILIES["llama, padded left"]
    model, inputs = family.build(), family.inputs()
    masks = seen_by(model, inputs)
    assert any(not mask.any(axis=2).all() for mask in masks.values())
    with neuromorph.attach(model, inputs, options=SLOTS), torch.no_grad():
        assert torch.isfinite(model(**inputs)["last_hidden_state"]).all()


def test_a_sequence_of_nothing_but_padding() -> None:
    model, inputs = FAMILIES["bert"].build(), text()
    own = run(model, inputs)
    nothing = {**inputs, "attention_mask": inputs["attention_mask"].clone()}
    nothing["attention_mask"][2] = 0
    assert {len(seen) for seen in record(model, [nothing]).values()} == {2}
    with neuromorph.attach(model, nothing, options=SLOTS), torch.no_grad():
        assert torch.isfinite(model(**nothing)["last_hidden_state"]).all()
        assert closeness(run(model, inputs), own) > 0.99
        nothing["attention_mask"][:] = 0
        assert torch.isfinite(model(**nothing)["last_hidden_state"]).all()


def test_keys_in_nobodys_sight_need_no_slots() -> None:
    model, inputs = FAMILIES["bert"].build(), text("left")
    short = {name: value[1:] for name, value in inputs.items()}
    with neuromorph.attach(model, short, options=TranslateOptions(slots=19)) as spiking:
        run(model, short)
        assert spiking.tally.codes > 0
