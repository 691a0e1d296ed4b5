"""The digits transformer: frozen logits, accuracy, what attention is worth, and its split."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from neuromorph.errors import InputError, ModelStructureError, TensorError
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.models import open_model
from neuromorph.models.config import parse_config
from neuromorph.models.digits import (
    WEIGHTS,
    Attend,
    DigitsConfig,
    DigitsSplit,
    DigitsViT,
    Part,
    data,
    load_split,
    softmax_attention,
    uniform_attention,
)

TRAIN = Path(__file__).resolve().parents[2] / "examples" / "digits" / "train.py"

# Stated in MODEL_CARD.md, in percent of the 400 test images.
STATED, STATED_UNIFORM = 99.00, 15.75

# Three made-up images, so that the numbers need no data set.
IMAGES = (np.arange(3 * 64).reshape(3, 8, 8) * 7) % 17
# What torch's float32 model (examples/digits/train.py) says to them.
FROZEN = np.array([
    [-0.091944, -1.420318, -1.033483, -0.460905, 1.579778,
     -0.194660, -1.239336, 1.725867, 1.160690, 0.438689],
    [-0.087709, -1.061784, -0.174689, -1.202634, 1.022807,
     0.082572, -2.239511, 0.950509, 0.949253, 0.705432],
    [-0.820415, -1.326937, -0.659666, 0.081807, -0.677534,
     1.220597, -1.691693, 0.254073, 1.397620, -0.098597],
])


@pytest.fixture(scope="module")
def model() -> DigitsViT:
    return DigitsViT.load()


@pytest.fixture(scope="module")
def split() -> DigitsSplit:
    return load_split()


def test_parts_behind_one_another_are_all_images_once(split: DigitsSplit) -> None:
    assert np.sort(split.everything.indices).tolist() == list(range(1797))
    np.testing.assert_array_equal(split.held_out.labels,
                                  [*split.validation.labels, *split.test.labels])
    assert len(split.everything) == len(split.train) + len(split.held_out)


def accuracy(model: DigitsViT, part: Part, attend: Attend = softmax_attention) -> float:
    answers = model.logits(part.images, attend).argmax(axis=1)
    return 100 * float(np.mean(answers == part.labels))


def stated_config(**changes: Any) -> DigitsConfig:
    with SafetensorsFile(WEIGHTS) as file:
        config = parse_config(file.metadata["config"], "weights")
    return DigitsConfig.from_config(type(config)({**config.fields, **changes}, config.where))


def packaged_tensors() -> dict[str, Any]:
    with SafetensorsFile(WEIGHTS) as file:
        return {name: file.read(name) for name in file.names}


# --- the forward pass


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_are_the_frozen_ones(dtype: type) -> None:
    logits = DigitsViT.load(dtype=dtype).logits(IMAGES)
    assert logits.dtype == dtype
    np.testing.assert_allclose(logits, FROZEN, atol=1e-4)


def test_an_image_does_not_depend_on_its_neighbours(model: DigitsViT) -> None:
    alone = np.concatenate([model.logits(IMAGES[i:i + 1]) for i in range(3)])
    np.testing.assert_allclose(model.logits(IMAGES), alone, atol=1e-12)


def test_no_images_give_no_logits(model: DigitsViT) -> None:
    assert model.logits(np.empty((0, 8, 8))).shape == (0, 10)


def test_attention_is_called_once_a_layer(model: DigitsViT) -> None:
    seen = []

    def attend(layer: int, q: Any, k: Any, v: Any) -> Any:
        seen.append((layer, q.shape, k.shape, v.shape))
        return softmax_attention(layer, q, k, v)

    model.logits(IMAGES, attend)
    shape = (3, 4, 17, 12)
    assert seen == [(layer, shape, shape, shape) for layer in range(3)]


def test_queries_arrive_unscaled_from_the_named_tensors(model: DigitsViT) -> None:
    """Heads read by the door of `models` and heads seen in the forward pass are the same."""
    heads = open_model(WEIGHTS)
    assert (len(heads.layers), heads.layers[0].heads) == (3, 4)
    tensors, seen = packaged_tensors(), []

    def attend(layer: int, q: Any, k: Any, v: Any) -> Any:
        seen.append(q)
        return uniform_attention(layer, q, k, v)

    model.logits(np.zeros((1, 8, 8)), attend)
    x = tensors["embed.bias"] - tensors["embed.weight"].sum(axis=1) + tensors["positions"][1:]
    x = np.concatenate([tensors["class_token"][None] + tensors["positions"][:1], x])
    x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    x = x * tensors["blocks.0.norm1.weight"] + tensors["blocks.0.norm1.bias"]
    name = "blocks.0.attention.query"
    query = x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]
    np.testing.assert_allclose(seen[0][0, 1], query[:, 12:24], atol=1e-5)


def test_softmax_survives_large_scores() -> None:
    q = np.full((1, 1, 2, 4), 1e3)
    v = np.arange(8.0).reshape(1, 1, 2, 4)
    context = softmax_attention(0, q, q, v)
    np.testing.assert_allclose(context, uniform_attention(0, q, q, v))


# --- what it is worth


def test_accuracy_is_the_stated_one(model: DigitsViT, split: DigitsSplit) -> None:
    assert accuracy(model, split.test) == pytest.approx(STATED)


def test_attention_is_necessary(model: DigitsViT, split: DigitsSplit) -> None:
    uniform = accuracy(model, split.test, uniform_attention)
    assert uniform == pytest.approx(STATED_UNIFORM, abs=0.5)
    assert accuracy(model, split.test) - uniform >= 5


@pytest.mark.parametrize("layer", range(3))
def test_every_layer_is_necessary(model: DigitsViT, split: DigitsSplit, layer: int) -> None:
    def attend(at: int, q: Any, k: Any, v: Any) -> Any:
        return (uniform_attention if at == layer else softmax_attention)(at, q, k, v)

    assert accuracy(model, split.validation) - accuracy(model, split.validation, attend) >= 5


# --- the file


def test_the_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size <= 300_000


def test_the_file_holds_these_tensors_and_no_others() -> None:
    config = stated_config()
    assert config.split_seed == data.SPLIT_SEED
    assert {name: t.shape for name, t in packaged_tensors().items()} == dict(config.shapes())


def test_the_card_states_the_accuracy() -> None:
    card = WEIGHTS.with_name("MODEL_CARD.md").read_text("utf-8")
    assert f"{STATED:.2f}" in card
    assert f"{STATED_UNIFORM:.2f}" in card


# --- the split


def test_the_images_are_those_of_scikit_learn() -> None:
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    images, labels = data._digits()
    np.testing.assert_array_equal(images, digits.images)
    np.testing.assert_array_equal(labels, digits.target)


def test_the_images_are_named_with_their_makers() -> None:
    with SafetensorsFile(data.DIGITS) as file:
        stated = file.metadata["source"]
    card = WEIGHTS.with_name("MODEL_CARD.md").read_text("utf-8")
    for words in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0"):
        assert words in stated
        assert words in card


def test_parts_are_disjoint_and_complete(split: DigitsSplit) -> None:
    assert (len(split.test), len(split.validation), len(split.train)) == (400, 200, 1197)
    together = np.concatenate([p.indices for p in (split.test, split.validation, split.train)])
    np.testing.assert_array_equal(np.sort(together), np.arange(1797))


def test_calibration_is_from_train(split: DigitsSplit) -> None:
    assert len(split.calibration) == 64
    assert set(split.calibration.indices) <= set(split.train.indices)


def test_every_part_has_every_digit(split: DigitsSplit) -> None:
    for part in (split.test, split.validation, split.train, split.calibration):
        assert set(part.labels) == set(range(10))
        assert part.images.shape == (len(part), 8, 8)
        assert (part.images.min(), part.images.max()) == (0, 16)


def test_the_split_is_frozen(split: DigitsSplit) -> None:
    assert split.test.indices[:6].tolist() == [360, 1773, 1482, 600, 850, 196]
    assert split.train.indices[:6].tolist() == [956, 998, 855, 359, 435, 189]


# --- what can go wrong


def test_other_digits_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file({"images": np.zeros((5, 8, 8), np.uint8), "labels": np.zeros(1, np.uint8)},
              tmp_path / "few.safetensors")
    monkeypatch.setattr(data, "DIGITS", tmp_path / "few.safetensors")
    with pytest.raises(TensorError, match=r"not the digits.*found images \(5, 8, 8\)"):
        load_split()


def test_another_permutation_is_refused(
    monkeypatch: pytest.MonkeyPatch, split: DigitsSplit
) -> None:
    monkeypatch.setattr(data, "SPLIT_SEED", 1)
    with pytest.raises(InputError, match="train and test images would mix"):
        load_split()


@pytest.mark.parametrize(("images", "text"), [
    (np.zeros((8, 8)), r"another shape; found \(8, 8\); expected \(n, 8, 8\)"),
    (np.zeros((1, 28, 28)), "another shape"),
    (np.full((1, 8, 8), 255), "out of range; found 255 to 255; expected 0 to 16"),
    (np.full((1, 8, 8), np.nan), "out of range; found nan"),
    (np.full((1, 8, 8), -1.0), "out of range"),
    (np.full((1, 8, 8), "a"), "not real numbers"),
    (np.full((1, 8, 8), 1j), "not real numbers"),
])
def test_bad_images_are_refused(model: DigitsViT, images: Any, text: str) -> None:
    with pytest.raises(TensorError, match=text):
        model.logits(images)


def test_bad_attention_is_refused(model: DigitsViT) -> None:
    with pytest.raises(TensorError, match="layer 0: attention returned another shape"):
        model.logits(IMAGES, lambda _layer, _q, _k, v: v[:, :1])
    with pytest.raises(TensorError, match="layer 0: attention returned NaN"):
        model.logits(IMAGES, lambda _layer, _q, _k, v: v * np.nan)


def test_a_missing_tensor_is_named() -> None:
    tensors = packaged_tensors()
    del tensors["blocks.2.norm1.bias"]
    with pytest.raises(TensorError, match=r"no tensor blocks\.2\.norm1\.bias"):
        DigitsViT.from_tensors(tensors, stated_config())


def test_a_tensor_of_another_shape_is_named() -> None:
    with pytest.raises(TensorError, match=r"embed\.weight has another shape; found \(48, 4\)"):
        DigitsViT.from_tensors(packaged_tensors(), stated_config(patch=4))


@pytest.mark.parametrize(("changes", "text"), [
    ({"family": "vit"}, "another family; found vit; expected digits-vit"),
    ({"family": None}, "no family"),
    ({"heads": 5}, "heads do not divide the width"),
    ({"patch": 3}, "no whole number of patches"),
    ({"mlp": 0}, "mlp is not usable"),
    ({"eps": -1}, "eps is not usable"),
    ({"split_seed": 0.5}, "split_seed is not usable"),
])
def test_a_bad_configuration_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ModelStructureError, match=text):
        stated_config(**changes)


# --- against torch


def training_script() -> Any:
    spec = importlib.util.spec_from_file_location("digits_train", TRAIN)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def torch_model() -> tuple[Any, Any]:
    torch = pytest.importorskip("torch")
    script = training_script()
    twin = script.TorchDigitsViT(script.CONFIG)
    twin.load_state_dict({name: torch.tensor(t) for name, t in packaged_tensors().items()})
    return script, twin.double().eval()


@pytest.mark.hf
@pytest.mark.parametrize("uniform", [False, True])
def test_numpy_equals_torch(
    model: DigitsViT, split: DigitsSplit, torch_model: tuple[Any, Any], uniform: bool
) -> None:
    import torch

    with torch.no_grad():
        expected = torch_model[1](torch.tensor(split.test.images), uniform).numpy()
    attend = uniform_attention if uniform else softmax_attention
    np.testing.assert_allclose(model.logits(split.test.images, attend), expected, atol=1e-10)


@pytest.mark.hf
def test_the_training_script_writes_this_very_file(torch_model: tuple[Any, Any]) -> None:
    script, twin = torch_model
    assert stated_config() == script.CONFIG
    assert script.as_safetensors(twin) == WEIGHTS.read_bytes()
