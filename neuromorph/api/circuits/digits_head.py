"""A trained head of the packaged digits model, for circuits that attend over a real image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.collect import digits_samples
from neuromorph.errors import UsageError
from neuromorph.models import open_model
from neuromorph.models.digits import WEIGHTS, DigitsViT, load_split
from neuromorph.shown import Shown
from neuromorph.translate import Sample


@dataclass(frozen=True, eq=False, repr=False)
class DigitsLayer(Shown):
    """What one layer sees of one test image, and of training images.

    Attributes
    ----------
    name : str
    sample : Sample
        Of the test image; queries are scaled.
    training : list of Sample
    """

    name: str
    sample: Sample
    training: list[Sample]


def digits_layer(image: int, layer: int, head: int, training_images: int) -> DigitsLayer:
    """Open the model and let it look at the images.

    Raises
    ------
    UsageError
        If there is no such image, layer or head.
    """
    vit, split = DigitsViT.load(), load_split()
    for name, value, count in (("image", image, len(split.test.images)),
                               ("layer", layer, vit.config.layers),
                               ("head", head, vit.config.heads)):
        if not 0 <= value < count:
            raise UsageError("the setting is out of range", where=name, found=value,
                             expected=f"0 to {count - 1}")
    heads = open_model(WEIGHTS)
    layer_name = heads.layers[layer].name
    seen = digits_samples(vit, split.test.images[image : image + 1], heads)
    training = digits_samples(vit, split.train.images[:training_images], heads)
    return DigitsLayer(layer_name, seen[layer_name][0], training[layer_name])


def one_head(sample: Sample, head: int, mask: NDArray[np.bool_] | None = None) -> Sample:
    """One query head of a sample, and under another mask if one is given."""
    kv = head // sample.group
    return Sample(sample.queries[head : head + 1], sample.keys[kv : kv + 1],
                  sample.values[kv : kv + 1], sample.mask if mask is None else mask)


def relative_error(found: NDArray[Any], target: NDArray[Any]) -> float:
    """|found - target| / |target - its mean over rows|, both Frobenius norms."""
    spread = np.linalg.norm(target - target.mean(axis=0))
    return float(np.linalg.norm(found - target) / spread) if spread else float("nan")
