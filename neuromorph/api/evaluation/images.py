"""Images through a whole model in integers and through its float model, and what that says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from neuromorph.api.collect import check_names
from neuromorph.api.evaluation.figures import Floats, cosines
from neuromorph.api.evaluation.summary import interval_of
from neuromorph.bundle.whole import WholeBundle
from neuromorph.errors import CalibrationError, InputError
from neuromorph.files.arrays import load_arrays
from neuromorph.files.opening import StrPath
from neuromorph.models.digits import DigitsViT, load_split
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

    def right(self, labels: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether the integers' answer of an image is its label, and the floats'."""
        return self.logits.argmax(axis=1) == labels, self.floats.argmax(axis=1) == labels

    @property
    def cut(self) -> dict[str, int]:
        """Numbers that were cut off, by where; none that were not."""
        return {name.removeprefix("cut."): count for name, count in self.counts.items()
                if name.startswith("cut.") and count}


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


def images_of(path: StrPath | None) -> tuple[NDArray[Any], NDArray[Any] | None, str]:
    """Images, their labels if there are any, and whose they are: the packaged test split.

    Raises
    ------
    InputError
    """
    if path is None:
        test = load_split().test
        return test.images, test.labels, "the packaged test split"
    where = Path(path).name
    arrays = load_arrays(path, partial(check_names, known=("images", "labels"), where=where))
    if "images" not in arrays or not arrays["images"].size:
        raise CalibrationError("there are no images", where=where, found=", ".join(arrays) or None,
                               expected="images, and labels if there are any")
    images, labels = arrays["images"], arrays.get("labels")
    if labels is not None and labels.shape != images.shape[:1]:
        raise InputError("labels and images differ in number", where=where, found=labels.shape,
                         expected=images.shape[:1])
    return images, labels, where


def image_figures(answers: Answers, labels: NDArray[Any] | None, seed: int) -> dict[str, Any]:
    """Accuracies, agreement, divergence and cosines, in plain values.

    ::

        KL_n = sum_i q_i log(q_i / p_i)          q of the float model, image n

    ``interval`` is a bootstrap's of 95 % over images, of the accuracy that was lost: both models
    are measured on what is drawn. Without labels there is none.
    """
    ours, floats = (log_softmax(logits, axis=1) for logits in (answers.logits, answers.floats))
    kl = (np.exp(floats) * (floats - ours)).sum(axis=1)
    ones = np.ones(len(kl))
    found: dict[str, Any] = {
        "images": len(kl), "agree": int(answers.agree.sum()),
        "top1": float(answers.agree.mean()), "kl": float(kl.mean()), "kl_worst": float(kl.max()),
        "kl_interval": interval_of(kl, ones, seed),
        "cosine_by_layer": answers.cosine.mean(axis=0).tolist(), "cut_off": answers.cut,
        "accuracy": None, "accuracy_float": None, "accuracy_lost": None, "interval": None}
    if labels is not None:
        right, right_float = (each.astype(np.float64) for each in answers.right(labels))
        found |= {"accuracy": float(right.mean()), "accuracy_float": float(right_float.mean()),
                  "accuracy_lost": float((right_float - right).mean()),
                  "interval": interval_of(right_float - right, ones, seed)}
    return found
