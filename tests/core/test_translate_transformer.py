"""A whole transformer becomes integers that say what its floats say, or says why not."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from small_float_blocks import a_float_block
from small_transformers import differs

from neuromorph.circuits.transformer.build import build
from neuromorph.circuits.transformer.closed_form import embedded, run
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.errors import CalibrationError, ModelStructureError, UsageError
from neuromorph.models.digits import DigitsViT, load_split
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions, FloatNorm, Linear, prove_block
from neuromorph.translate.block.compared import cosines
from neuromorph.translate.block.norms import longest_row
from neuromorph.translate.transformer import (
    FloatEmbedding,
    FloatHead,
    FloatTransformer,
    TranslatedTransformer,
    translate_transformer,
)
from neuromorph.translate.transformer.digits import digits_patches, digits_transformer
from neuromorph.translate.transformer.embedding import PAYLOAD_MAX, embedding_of

WIDTH, VOCABULARY, POSITIONS, BLOCKS = 12, 40, 64, 3
OPTIONS = BlockOptions(attention=TranslateOptions(slots=32), correct=False)


def a_transformer(seed: int = 0, blocks: int = BLOCKS) -> FloatTransformer:
    rng = np.random.default_rng((seed, 5))
    table = rng.normal(0, 1, (VOCABULARY, WIDTH)) * rng.uniform(.3, 3, WIDTH)
    norm = FloatNorm(rng.uniform(.5, 2, WIDTH), 1e-5)
    return FloatTransformer(
        "random", FloatEmbedding(table),
        [a_float_block(seed + n, name=f"layers.{n}") for n in range(blocks)],
        FloatHead("each", norm, Linear(rng.normal(0, 1, (VOCABULARY, WIDTH)))), causal=True,
        positions=POSITIONS)


def a_text(seed: int, tokens: int = 32) -> Any:
    return np.random.default_rng((seed, 6)).integers(0, VOCABULARY, tokens)


@lru_cache
def translated(seed: int = 0) -> TranslatedTransformer:
    return translate_transformer(a_transformer(seed), [a_text(n) for n in range(4)], OPTIONS,
                                 held_out=a_text(9))


@pytest.mark.parametrize("seed", range(3))
def test_integers_say_what_floats_say_of_text_that_was_not_seen(seed: int) -> None:
    whole, text = translated(seed), a_text(10)
    streams, answer = a_transformer(seed).run(text)
    found = run(whole.model, text)
    for stream, wanted, decode in zip(found.streams, streams, whole.decoders, strict=True):
        assert cosines(decode(stream), wanted).min() > .99
    logits = found.answer * 2.0**-whole.model.head.places
    assert cosines(logits, answer).min() > .99
    assert (logits.argmax(axis=1) == answer.argmax(axis=1)).mean() > .9
    wrong = run(whole.model, np.roll(text, 1)).answer
    assert cosines(wrong.astype(float), answer).min() < .5


def test_all_of_it_is_proved() -> None:
    whole = translated()
    for block in whole.model.blocks:
        prove_block(block)
    head = whole.model.head
    assert head.norm is not None
    assert head.dense is not None
    assert longest_row(head.dense.weights) * head.norm.longest <= STATE_MAX
    assert {block.period for block in whole.model.blocks} == {head.norm.period}
    assert whole.model.angles is not None
    assert whole.model.positions == POSITIONS


def test_every_layer_is_reported_on_text_that_was_held_out() -> None:
    whole = translated()
    assert [layer.name for layer in whole.layers] == ["layers.0", "layers.1", "layers.2"]
    assert whole.held_out
    assert not whole.stopped
    for layer in whole.layers:
        assert layer.worst <= layer.cosine <= 1
        assert layer.worst > .99
        assert .9 < layer.share <= 1
    again = translate_transformer(a_transformer(), [a_text(n) for n in range(4)], OPTIONS)
    assert not again.held_out


@pytest.mark.parametrize("token", [0, 7, VOCABULARY - 1])
def test_an_embedding_is_its_table(token: int) -> None:
    floats, places = a_transformer().embedding, 16
    embedding = embedding_of(floats, places)
    assert embedding.payload is not None
    assert embedding.payload.max() == PAYLOAD_MAX
    found = embedded(embedding, np.array([token]))[0] * 2.0**-places
    column = np.abs(floats.table).max(axis=0)
    np.testing.assert_allclose(found, floats.table[token], atol=float(column.max()) / 127)


def test_positions_are_added_as_they_are() -> None:
    floats = a_transformer().embedding
    positions = np.random.default_rng(3).normal(0, 1, (POSITIONS, WIDTH))
    text = a_text(1)
    plain, placed = (embedded(embedding_of(e, 16), text) for e in (
        floats, replace(floats, positions=positions)))
    np.testing.assert_array_equal(placed - plain, np.rint(positions[:32] * 2.0**16))


def test_patches_are_sent_as_they_are() -> None:
    rng = np.random.default_rng(4)
    floats = FloatEmbedding(rng.normal(0, 1, (4, WIDTH)), rng.normal(0, 1, (5, WIDTH)),
                            of_tokens=False)
    patches = rng.integers(0, 17, (5, 4))
    found = embedded(embedding_of(floats, 14), patches) * 2.0**-14
    np.testing.assert_allclose(found, floats(patches), atol=.3)
    assert cosines(found, floats(patches)).min() > .999


def test_text_beyond_the_positions_or_the_vocabulary_is_refused() -> None:
    with pytest.raises(UsageError, match="longer than the model's positions"):
        run(translated().model, a_text(0, POSITIONS + 1))
    with pytest.raises(UsageError, match="no such token"):
        run(translated().model, np.array([VOCABULARY]))


def test_no_text_is_refused() -> None:
    with pytest.raises(CalibrationError, match="no calibration data"):
        translate_transformer(a_transformer(), [], OPTIONS)


class Ending(list[Any]):
    """Blocks of which the third is of another kind."""

    def __getitem__(self, n: Any) -> Any:
        if n == 2:
            raise ModelStructureError("a block of this kind has no circuit here", where="layers.2")
        return super().__getitem__(n)


def test_a_block_that_is_not_known_is_refused_or_ends_a_partial_model() -> None:
    floats = a_transformer()
    floats = replace(floats, blocks=Ending(floats.blocks))
    texts = [a_text(0), a_text(1)]
    with pytest.raises(ModelStructureError, match="has no circuit here"):
        translate_transformer(floats, texts, OPTIONS)
    part = translate_transformer(floats, texts, OPTIONS, partial=True)
    assert part.stopped == "block 2: a block of this kind has no circuit here"
    assert len(part.model.blocks) == 2
    assert part.model.head.dense is None
    wanted = floats.blocks[1].run(floats.blocks[0].run(floats.embedding(texts[1])).end).end
    assert cosines(part.decoders[2](run(part.model, texts[1]).answer), wanted).min() > .99


@lru_cache
def digits() -> tuple[FloatTransformer, TranslatedTransformer]:
    floats = digits_transformer(DigitsViT.load())
    images = load_split().calibration.images
    return floats, translate_transformer(
        floats, list(digits_patches(images, 2)),
        BlockOptions(attention=TranslateOptions(slots=17), correct=False))


def test_the_digits_model_in_floats_is_the_digits_model() -> None:
    model, images = DigitsViT.load(), load_split().validation.images[:5]
    found = [digits()[0].run(patches)[1][0] for patches in digits_patches(images, 2)]
    np.testing.assert_allclose(found, model.logits(images), atol=1e-12)


def test_the_whole_digits_model_sees_what_its_floats_see() -> None:
    floats, whole = digits()
    patches = digits_patches(load_split().validation.images[:40], 2)
    wanted = np.array([floats.run(image)[1][0] for image in patches])
    found = np.array([run(whole.model, image).answer[0] for image in patches])
    np.testing.assert_allclose(found * 2.0**-whole.model.head.places, wanted, atol=.3)
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).all()
    assert len(set(found.argmax(axis=1))) == 10
    assert not any(layer.saturations for layer in whole.layers)
    assert whole.model.passes == 4


# --- by the clock


def test_the_digits_model_by_the_clock_is_its_closed_form_from_pixels_to_classes() -> None:
    """17 patches, sent four times, of two images one after the other."""
    model = digits()[1].model
    network = build(model)
    assert prove_contract(network).proved
    for patches in digits_patches(load_split().test.images[:2], 2):
        assert differs(model, network, patches) is None


def test_a_language_model_by_the_clock_is_its_closed_form() -> None:
    model = translated().model
    network = build(model)
    assert prove_contract(network).proved
    assert differs(model, network, a_text(11, 8)) is None


def test_an_encoder_with_too_few_slots_is_refused() -> None:
    floats = digits_transformer(DigitsViT.load())
    patches = digits_patches(load_split().calibration.images[:2], 2)
    with pytest.raises(UsageError, match="fewer tokens than a sequence has; found 2 slots; "
                                         "expected at least 17"):
        translate_transformer(floats, list(patches), BlockOptions(
            attention=TranslateOptions(slots=2)))


@pytest.mark.parametrize("wrong", [
    [5., 6.], [True, False], 5, "abc", None, [5, None], [], [[1]]])
def test_what_is_no_list_of_tokens_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"no integers|no inputs"):
        run(translated().model, wrong)
