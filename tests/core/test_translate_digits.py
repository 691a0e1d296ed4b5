"""The digits transformer's blocks in integers: close to float, and the same by the clock."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from small_float_blocks import clocked

from neuromorph.models.digits import DigitsViT, load_split
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions, TranslatedBlock, prove_block, translate_block
from neuromorph.translate.block.compared import cosines
from neuromorph.translate.block.digits import digits_blocks

IMAGES = 24


@lru_cache
def model() -> DigitsViT:
    return DigitsViT.load()


@lru_cache
def chain() -> tuple[TranslatedBlock, ...]:
    """All blocks, calibrated on images kept for that."""
    streams, found = list(model().embedded(load_split().calibration.images)), []
    options = BlockOptions(attention=TranslateOptions(slots=model().config.tokens))
    for floats in digits_blocks(model()):
        traces = [floats.run(stream) for stream in streams]
        found.append(translate_block(floats, streams, options, traces))
        streams = [trace.end for trace in traces]
    return tuple(found)


def images() -> Any:
    return load_split().test.images[:IMAGES]


def test_float_blocks_are_the_model() -> None:
    streams = model().embedded(images())
    for floats in digits_blocks(model()):
        streams = np.stack([floats.run(stream).end for stream in streams])
    assert np.allclose(model().answered(streams), model().logits(images()), atol=1e-9)


def test_a_chain_of_integers_answers_as_the_model_does() -> None:
    """Float embedding and head; all between them integers that one block hands to the next."""
    exact = list(model().embedded(images()))
    streams = [chain()[0].encode(stream)[0] for stream in exact]
    for block in chain():
        streams = [block.run(stream).end for stream in streams]
        exact = [block.floats.run(stream).end for stream in exact]
        found = [block.decode(stream) for stream in streams]
        assert np.mean([cosines(*both) for both in zip(found, exact, strict=True)]) > .9998
    answers = model().answered(np.stack(found))
    assert np.array_equal(answers.argmax(axis=1), model().logits(images()).argmax(axis=1))


def test_every_block_is_proved() -> None:
    for block in chain():
        assert max(row.share for row in prove_block(block.block)) <= 1


@pytest.mark.parametrize("layer", range(3))
def test_an_image_by_the_clock_is_the_closed_form(layer: int) -> None:
    """Its 17 tokens, twice, on `fast`: by the second time every key is there."""
    block = chain()[layer]
    stream = model().embedded(images()[:1])[0]
    for floats in digits_blocks(model())[:layer]:
        stream = floats.run(stream).end
    codes = block.encode(stream)[0]
    found = clocked(block, np.tile(codes, (2, 1)))
    assert np.array_equal(found[17:], block.run(codes).end)
    assert (found[:16] != found[17:33]).any(axis=1).all()
