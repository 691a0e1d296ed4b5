"""Modules of torch that nobody knows: their attention is caught, whichever way it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import neuromorph
from neuromorph.errors import CalibrationError, UnsupportedError
from neuromorph.translate import TranslateOptions

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")

import own_modules as own  # noqa: E402

SLOTS = TranslateOptions(slots=32)
Arguments = tuple[Any, ...] | dict[str, Any]


def said(model: Any, given: Arguments) -> Any:
    with torch.no_grad():
        out = model(**given) if isinstance(given, dict) else model(*given)
    return out[0] if isinstance(out, tuple) else out


def near(mine: Any, theirs: Any) -> float:
    """Mean cosine of the vectors."""
    return float(torch.nn.functional.cosine_similarity(
        mine.float(), theirs.float(), dim=-1).mean())


class Rows(torch.overrides.TorchFunctionMode):
    """Counts rows of weights: an independent count of queries."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func.__name__ == "scaled_dot_product_attention":
            self.rows += out.numel() // out.shape[-1]
        elif func.__name__ == "softmax":
            dim = args[1] if len(args) > 1 else kwargs["dim"]
            self.rows += out.numel() // out.shape[dim]
        elif func.__name__ == "multi_head_attention_forward":
            self.rows += out[0].numel() // args[3] * args[4]
        return out


def counted(model: Any, given: Arguments) -> int:
    with Rows() as rows:
        said(model, given)
    return rows.rows


def check(model: Any, given: Arguments, keep: Any = slice(None)) -> neuromorph.Attachment:
    """Close in spikes, counted right, and itself again afterwards."""
    before, rows = said(model, given), counted(model, given)
    with neuromorph.attach(model, given, options=SLOTS) as spiking:
        now = said(model, given)
        assert not torch.equal(now, before)
        assert near(now[keep], before[keep]) > 0.998
        assert spiking.tally.queries == rows > 0
    assert spiking.report()["uncaught"] == []
    assert torch.equal(said(model, given), before)
    return spiking


# --- ways to write it


@pytest.mark.parametrize("kind", own.ALL)
def test_attention_of_ones_own(kind: type[Any]) -> None:
    spiking = check(own.net(kind), (own.tokens(),))
    assert {name.partition("#")[0] for name in spiking.codes} == {"layers.0", "layers.1"}
    assert {len(code.heads) for code in spiking.codes.values()} == {
        1 if kind is own.Turned else own.HEADS}


def test_a_second_call_within_one_run_has_a_name_of_its_own() -> None:
    spiking = check(own.net(own.Twice), (own.tokens(),))
    assert list(spiking.codes) == ["layers.0", "layers.0#2", "layers.1", "layers.1#2"]


def test_uniform_attention_is_not_close() -> None:
    """Without which closeness would say little."""
    model, given = own.net(own.Sdpa), (own.tokens(),)
    before = said(model, given)
    with torch.no_grad():
        for layer in model.layers:
            layer.qkv.weight[: 2 * own.WIDTH] = 0
            layer.qkv.bias[: 2 * own.WIDTH] = 0
    assert near(said(model, given), before) < 0.98


def test_the_whole_model_may_be_one_attention() -> None:
    spiking = check(own.sharpened(own.Nano()), (own.tokens(),))
    assert list(spiking.codes) == ["(model)"]


def test_a_module_that_runs_twice_is_one_layer() -> None:
    layer = own.Nano()
    spiking = check(own.sharpened(own.Net(layer, layer)), (own.tokens(),))
    assert list(spiking.codes) == ["layers.0"]


class Core(torch.nn.Module):
    """Without weights, as people share it."""

    def forward(self, q: Any, k: Any, v: Any) -> Any:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v)


class Sharing(own.Own):
    def __init__(self, core: Core) -> None:
        super().__init__()
        self.core = core

    def attend(self, q: Any, k: Any, v: Any) -> Any:
        return self.core(q, k, v)


def test_a_part_that_layers_share_is_named_by_the_layer() -> None:
    core = Core()
    spiking = check(own.sharpened(own.Net(Sharing(core), Sharing(core))), (own.tokens(),))
    assert list(spiking.codes) == ["layers.0.core", "layers.1.core"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("kind", [own.Sdpa, own.Nano])
def test_any_precision(kind: type[Any], dtype: Any) -> None:
    model, given = own.net(kind).to(dtype), (own.tokens().to(dtype),)
    before = said(model, given)
    with neuromorph.attach(model, given, options=SLOTS):
        now = said(model, given)
    assert now.dtype == dtype
    assert near(now, before) > 0.998


# --- torch's own layers

PADDED = torch.zeros(own.BATCH, own.TOKENS, dtype=torch.bool)
PADDED[1, 8:] = True
PADDED[2, 3:] = True
CAUSAL = torch.nn.Transformer.generate_square_subsequent_mask(own.TOKENS)


@pytest.mark.parametrize("first", [True, False], ids=["norm first", "norm last"])
@pytest.mark.parametrize("masks", [
    {}, {"mask": CAUSAL}, {"mask": own.future(own.TOKENS)}, {"src_key_padding_mask": PADDED},
    {"mask": CAUSAL, "src_key_padding_mask": PADDED}, {"mask": CAUSAL, "is_causal": True},
], ids=["open", "float", "bool", "padded", "both", "hint"])
@pytest.mark.filterwarnings("ignore:.*mismatched.*:UserWarning", "ignore:.*nested.*:UserWarning")
def test_torchs_encoder(masks: dict[str, Any], first: bool) -> None:
    layer = torch.nn.TransformerEncoderLayer(own.WIDTH, own.HEADS, 64, batch_first=True,
                                             norm_first=first)
    model = own.sharpened(torch.nn.TransformerEncoder(layer, 2))
    padded = "src_key_padding_mask" in masks
    spiking = check(model, {"src": own.tokens(), **masks}, ~PADDED if padded else slice(None))
    assert list(spiking.codes) == ["layers.0.self_attn", "layers.1.self_attn"]


def test_torchs_transformer_with_cross_attention() -> None:
    model = own.sharpened(torch.nn.Transformer(own.WIDTH, own.HEADS, 1, 1, 64, batch_first=True))
    short = torch.nn.Transformer.generate_square_subsequent_mask(7)
    spiking = check(model, {"src": own.tokens(), "tgt": own.tokens(7, 2), "tgt_mask": short,
                            "src_key_padding_mask": PADDED, "memory_key_padding_mask": PADDED})
    assert list(spiking.codes) == [
        "encoder.layers.0.self_attn", "decoder.layers.0.self_attn",
        "decoder.layers.0.multihead_attn"]


@pytest.mark.parametrize("sizes", [
    {}, {"add_bias_kv": True}, {"add_zero_attn": True}, {"kdim": 8, "vdim": 6},
    {"batch_first": False}, {"bias": False}], ids=str)
def test_torchs_multi_head_attention(sizes: dict[str, Any]) -> None:
    model = own.sharpened(torch.nn.MultiheadAttention(
        own.WIDTH, own.HEADS, **{"batch_first": True, **sizes}))
    x = own.tokens()
    given = (x, x[..., : sizes.get("kdim", own.WIDTH)], x[..., : sizes.get("vdim", own.WIDTH)])
    check(model, given)


def test_torchs_multi_head_attention_without_a_batch() -> None:
    model = own.sharpened(torch.nn.MultiheadAttention(own.WIDTH, own.HEADS))
    x = own.tokens()[0]
    check(model, (x, x, x))


def test_nobody_gets_weights_that_spikes_do_not_have() -> None:
    model = own.sharpened(torch.nn.MultiheadAttention(own.WIDTH, own.HEADS, batch_first=True))
    x = own.tokens()
    with neuromorph.attach(model, (x, x, x), options=SLOTS):
        assert model(x, x, x, need_weights=True)[1] is None
    assert model(x, x, x)[1] is not None


def test_masks_that_differ_between_heads_are_refused() -> None:
    model = own.sharpened(torch.nn.MultiheadAttention(own.WIDTH, own.HEADS, batch_first=True))
    x, mask = own.tokens(), torch.zeros(own.BATCH * own.HEADS, own.TOKENS, own.TOKENS).bool()
    alike = mask | own.future(own.TOKENS)
    check(model, {"query": x, "key": x, "value": x, "attn_mask": alike})
    mask[1::4, :, 4:] = True
    with pytest.raises(UnsupportedError, match="mask differs between heads"):
        neuromorph.attach(model, {"query": x, "key": x, "value": x, "attn_mask": mask},
                          options=SLOTS)


# --- calibration data


@pytest.mark.parametrize("wrap", [
    lambda x: x, lambda x: (x,), lambda x: {"x": x}, lambda x: [x, x[:1]], lambda x: [(x,)],
    lambda x: [{"x": x}, (x,), x], lambda x: ((part,) for part in x.split(1)),
    lambda x: torch.utils.data.DataLoader([{"x": part} for part in x], batch_size=2),
], ids=["tensor", "tuple", "mapping", "tensors", "tuples", "all", "generator", "loader"])
def test_ways_to_give_data(wrap: Any) -> None:
    model, x = own.net(own.Nano), own.tokens()
    before = said(model, (x,))
    with neuromorph.attach(model, wrap(x), options=SLOTS):
        assert near(said(model, (x,)), before) > 0.998


class OneMapping(torch.nn.Module):
    """As sentence-transformers' models are called."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = own.net(own.Sdpa)

    def forward(self, features: dict[str, Any], **_: Any) -> Any:
        return self.inside(features["x"])


def test_a_mapping_may_be_the_one_argument() -> None:
    model, given = OneMapping().eval(), {"x": own.tokens()}
    before = said(model, (given,))
    with neuromorph.attach(model, given, options=SLOTS):
        assert near(said(model, (given,)), before) > 0.998


# --- bundles


def test_a_bundle_fits_the_model_it_was_made_of(tmp_path: Path) -> None:
    model, given = own.net(own.Twice), (own.tokens(),)
    with neuromorph.attach(model, given, options=SLOTS) as spiking:
        first = said(model, given)
    spiking.save(tmp_path / "bundle")
    assert neuromorph.load_bundle(tmp_path / "bundle").family == "Net"
    with neuromorph.attach(model, tmp_path / "bundle") as again:
        assert torch.equal(said(model, given), first)
    assert again.tally == spiking.tally


# --- what is not caught


class Odd(own.Own):
    """What is done to its scores no circuit does."""

    def attend(self, q: Any, k: Any, v: Any) -> Any:
        return torch.relu(q @ k.mT).softmax(-1) @ v


def test_what_is_not_caught_is_counted_and_named() -> None:
    model, given = own.sharpened(own.Net(own.Sdpa(), Odd())), (own.tokens(),)
    with pytest.warns(neuromorph.NeuromorphWarning, match=r"float: .* layers\.1 does.*torch\.relu"):
        spiking = neuromorph.attach(model, given, options=SLOTS)
    said(model, given)
    assert list(spiking.codes) == ["layers.0"]
    assert spiking.report()["uncaught"] == [
        {"module": "layers.1", "softmaxes": 2, "lost_at": "torch.relu"}]
    spiking.detach()


def test_nothing_to_catch() -> None:
    with pytest.raises(CalibrationError, match=r"2 softmaxes.*first in layers\.0, lost at torch"):
        neuromorph.attach(own.net(Odd), own.tokens(), options=SLOTS)
    with pytest.raises(CalibrationError, match="reached none of its attention"):
        neuromorph.attach(torch.nn.Linear(own.WIDTH, 2).eval(), own.tokens())
