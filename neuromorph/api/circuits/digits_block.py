"""A trained transformer block: an image's 17 tokens through a block of the digits model, in spikes.

Every token looks at all of them, so they are sent twice: on the second pass all keys are there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from neuromorph import backends
from neuromorph.api.circuits.block_outcome import Sent, outcome_of
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.circuits.block import closed_form
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.closed_form import Token
from neuromorph.circuits.block.numbers import Ints
from neuromorph.circuits.block.tiny import tiny_block
from neuromorph.circuits.block.tokens import alone
from neuromorph.models.digits import DigitsViT, load_split
from neuromorph.progress import Progress
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions, TranslatedBlock, translate_block
from neuromorph.translate.block.compared import cosines
from neuromorph.translate.block.digits import digits_blocks
from neuromorph.translate.block.float_norm import Floats

PASSES = 2
"""Of a block that sees all tokens: one that all keys are written in, and one that counts."""


@dataclass(frozen=True)
class Settings:
    """Which block, which image, and how its tokens follow each other."""

    layer: Annotated[int, Meaning("Which block of the model.", low=0, high=2)] = 0
    image: Annotated[int, Meaning("Which test image.", low=0, high=399)] = 0
    pipelined: Annotated[bool, Meaning(
        "A token every period; otherwise the next when the block is done with one.")] = True

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(tiny_block(width=2, heads=1, size=2, hidden=2, slots=2,
                                            rotary=False, gated=False, layer_norm=True)))


def run(
    settings: Settings, *, backend: str, seed: int, progress: Progress  # noqa: ARG001
) -> Outcome:
    """Translate and prove a block, run an image through it, compare it with the closed form.

    Nothing is drawn at random.

    Raises
    ------
    DisagreementError
        If a number that a token becomes is not that of the closed form.
    """
    progress("translating the block")
    translated, stream = _translated(settings.layer, settings.image)
    block, codes = translated.block, translated.encode(stream)[0]
    first, last = (closed_form.run(block, codes, causal=causal) for causal in (True, False))
    sent = Sent(block, np.tile(codes, (PASSES, 1)), None, _behind(first, last),
                apart=1 if settings.pipelined else alone(block))
    outcome = outcome_of(build(block), sent, backend, progress)
    near = cosines(translated.decode(last.end), translated.floats.run(stream).end)
    label = int(load_split().test.labels[settings.image])
    numbers = {"image_is_a": label, "passes": PASSES,
               "cosine_to_float_mean": float(near.mean()),
               "cosine_to_float_worst": float(near.min())}
    told = (f"Block {settings.layer} of the trained digits transformer, test image "
            f"{settings.image} (a {label}): {len(codes)} tokens, sent {PASSES} times, since each "
            f"looks at all; behind the block they are the float model's by a cosine of "
            f"{near.mean():.5f}, at worst {near.min():.5f}.")
    return replace(outcome, numbers={**outcome.numbers, **numbers},
                   sentences=(told, *outcome.sentences))


def _translated(layer: int, image: int) -> tuple[TranslatedBlock, Floats]:
    """The block, calibrated on images kept for that, and what a test image is in front of it."""
    model, split = DigitsViT.load(), load_split()
    streams, blocks = list(model.embedded(split.calibration.images)), digits_blocks(model)
    (shown,) = model.embedded(split.test.images[image : image + 1])
    for floats in blocks[:layer]:
        streams, shown = [floats.run(stream).end for stream in streams], floats.run(shown).end
    options = BlockOptions(attention=TranslateOptions(slots=model.config.tokens))
    return translate_block(blocks[layer], streams, options), shown


def _behind(first: Token, last: Token) -> Token:
    """Both passes: on the first, which finds no keys, a token sees those before it."""
    joined: list[Ints] = [np.concatenate(both) for both in zip(first, last, strict=True)]
    return Token(*joined)
