"""A whole ViT and images to calibrate on: pixels of 0 to 255, patch by patch."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import CalibrationError, ModelStructureError
from neuromorph.huggingface.around import BRIGHTEST, patches_of
from neuromorph.huggingface.loading import load_wordless, open_weights
from neuromorph.huggingface.media.collect import read_raw
from neuromorph.huggingface.media.files import read_folder
from neuromorph.huggingface.media.image_steps import STEPS, image_steps
from neuromorph.huggingface.media.inputs import IMAGES, pixels_of
from neuromorph.huggingface.whole import float_transformer
from neuromorph.models.config import Config
from neuromorph.models.source import digests
from neuromorph.translate.transformer import FloatTransformer

_HALF = 0.5


class WholeImages(NamedTuple):
    """A model, what it is sent of each image, and its files."""

    floats: FloatTransformer
    patches: list[NDArray[np.int64]]
    files: dict[str, Any]


def whole_images(model_path: Path, data: Path) -> WholeImages:
    """Read both.

    Parameters
    ----------
    model_path : path
        A folder of a `ViTForImageClassification` with its image processor.
    data : path
        A folder of images, or an ``.npz`` file with ``images``.

    Raises
    ------
    InputError
        If pixels are taken to another mean and spread than a half, which the circuit has.
    """
    with closing(open_weights(model_path)) as weights:
        model = load_wordless(model_path, classes=True)
        files = digests(weights.files)
    if getattr(model, "main_input_name", "") != IMAGES:
        raise CalibrationError("a whole model is calibrated on images if it takes them",
                               where=model_path, found=model.main_input_name, expected=IMAGES)
    floats = float_transformer(model)
    config = Config(model.config.to_dict(), str(model_path))
    channels, side = config.count("num_channels"), config.count("image_size")
    steps = image_steps(model_path, channels)
    if not (np.allclose(steps.mean, _HALF) and np.allclose(steps.spread, _HALF)
            and np.isclose(steps.factor, 1 / BRIGHTEST)):
        raise ModelStructureError("pixels are normalised otherwise than in a whole model",
                                  where=model_path / STEPS,
                                  found=f"mean {steps.mean.tolist()}, std {steps.spread.tolist()}",
                                  expected="image_mean and image_std of 0.5, rescale_factor 1/255")
    read = read_folder(data) if data.is_dir() else read_raw(data)
    images = [steps.pixels(pixels_of(one, channels), one.name) for one in read]
    wrong = [image.shape for image in images if image.shape[:2] != (side, side)]
    if wrong:
        raise CalibrationError("an image has another size than the model takes", where=data,
                               found=list(wrong[0]), expected=[side, side, channels])
    patches = patches_of(np.stack(images).transpose(0, 3, 1, 2), config.count("patch_size"))
    return WholeImages(floats, list(patches), files)
