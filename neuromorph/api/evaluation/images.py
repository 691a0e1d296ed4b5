"""Images through a whole model in integers and through its float model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.evaluation.figures import Floats, cosines
from neuromorph.bundle.whole import WholeBundle
from neuromorph.models.digits import DigitsViT
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown
from neuromorph.translate.transformer.digits import digits_patches, digits_transformer

EVERY = 50
"""Images from one word of progress to the next."""


@dataclass(frozen=True, eq=False, repr=False)
class Answers(Shown):
    """What both models say of images.

    Attributes
    ----------
    logits, floats : float array, shape (images, classes)
        Of the integers, as what they stand for, and of the float model.
    cosine, worst : float array, shape (images, blocks + 1)
        Between hidden states in front of each block and behind the last: the mean of an image's
        tokens, and the worst.
    counts : mapping of str to int
        Spikes, and what was cut off; see `backends.fast.transformer.Session.counts`.
    """

    logits: Floats
    floats: Floats
    cosine: Floats
    worst: Floats
    counts: Mapping[str, int]

    @property
    def agree(self) -> NDArray[np.bool_]:
        """Whether the answers of an image are the same."""
        same: NDArray[np.bool_] = self.logits.argmax(axis=1) == self.floats.argmax(axis=1)
        return same

    def apart(self, labels: NDArray[Any]) -> list[int]:
        """Images that only the integers have right, and that only float has right."""
        return apart(self.logits, self.floats, labels)

    def accuracy(self, labels: NDArray[Any]) -> float:
        """The share of images whose label the integers answer."""
        return float((self.logits.argmax(axis=1) == labels).mean())

    @property
    def cut(self) -> dict[str, int]:
        """Numbers that were cut off, by where; none that were not."""
        return {name.removeprefix("cut."): count for name, count in self.counts.items()
                if name.startswith("cut.") and count}


def apart(
    logits: NDArray[Any], floats: NDArray[Any], labels: NDArray[Any]
) -> list[int]:
    """Images that only the first logits have right, and that only the others have."""
    ours, others = logits.argmax(axis=1) == labels, floats.argmax(axis=1) == labels
    return [int((ours & ~others).sum()), int((others & ~ours).sum())]


def answers_of(
    bundle: WholeBundle, vit: DigitsViT, images: NDArray[Any], progress: Progress = silent
) -> Answers:
    """Ask both models about every image.

    Parameters
    ----------
    bundle : WholeBundle
        Of the digits model.
    vit : DigitsViT
    images : array, shape (images, side, side)
    progress : callable, optional

    Raises
    ------
    TensorError
        When the images cannot be used.
    """
    vit.embedded(images)  # refuses what are no images
    run = import_module("neuromorph.backends.fast.transformer").run
    model, streams, floats = bundle.model, bundle.streams, digits_transformer(vit)
    counts: Counter[str] = Counter()
    logits, exact, near, worst = [], [], [], []
    for n, patches in enumerate(digits_patches(images, vit.config.patch)):
        if n % EVERY == 0:
            progress(f"image {n + 1} of {len(images)}, in integers and in floats")
        made, (states, answer) = run(model, patches, streams=True, counts=counts), floats.run(
            patches)
        each = np.array([cosines(streams.decode(layer, stream), state) for layer, (stream, state)
                         in enumerate(zip(made.streams, states, strict=True))]
                        if streams is not None else np.zeros((0, 1)))
        logits.append(made.answer[0] * 2.0**-model.head.places)
        exact.append(answer[0])
        near.append(each.mean(axis=1))
        worst.append(each.min(axis=1))
    return Answers(np.array(logits), np.array(exact), np.array(near), np.array(worst), counts)
