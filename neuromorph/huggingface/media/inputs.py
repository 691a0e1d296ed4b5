"""Arrays of images and recordings to what a model of them is called with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import CalibrationError, MissingFileError, ModelStructureError
from neuromorph.huggingface.media.files import Read
from neuromorph.huggingface.media.image_steps import STEPS, ImageSteps, image_steps
from neuromorph.models.config import read_config

IMAGES, SOUND = "pixel_values", "input_values"
_RAW = "Wav2Vec2FeatureExtractor"
_TINY = 1e-7

Array = NDArray[Any]


def inputs_of(model: Any, folder: Path, read: list[Read]) -> list[Array]:
    """One array a file, in the model's own form: a batch of one.

    Parameters
    ----------
    model : transformers model
    folder : path
        With ``preprocessor_config.json``, where what was read is not in the model's form.
    read : list of Read

    Raises
    ------
    CalibrationError, ModelStructureError, InputError
    """
    name = getattr(model, "main_input_name", "input_ids")
    if name == IMAGES:
        return _images(model, folder, read)
    if name == SOUND:
        return _recordings(folder, read)
    raise CalibrationError("this model takes neither images nor recordings as they are",
                           where=folder, found=name, expected=f"{IMAGES} or {SOUND}",
                           hint=f"give {name} as the model takes them (.npz)" if name != "input_ids"
                           else "give text (.txt)")


def _images(model: Any, folder: Path, read: list[Read]) -> list[Array]:
    channels = getattr(model.config, "num_channels", 3)
    steps: ImageSteps | None = None
    found = []
    for one in read:
        if one.rate:
            raise CalibrationError("the model takes images, and this is a recording",
                                   where=one.name)
        if one.values.dtype.kind == "f":
            found.append(_checked(one, channels)[None])
            continue
        steps = steps or _steps(folder, channels)
        found.append(steps(pixels_of(one, channels), one.name)[None])
    return found


def _steps(folder: Path, channels: int) -> ImageSteps:
    try:
        return image_steps(folder, channels)
    except MissingFileError as error:
        raise MissingFileError(f"nothing says what becomes of pixels: {error.what}",
                               where=folder / STEPS, hint="save the image processor in the folder, "
                               "or give pixel_values as the model takes them: floats (channels, "
                               "height, width)") from error


def _checked(one: Read, channels: int) -> Array:
    """Floats as the model takes them."""
    if one.values.ndim != 3 or len(one.values) != channels:
        raise CalibrationError("an image of floats is what the model takes", where=one.name,
                               found=one.values.shape,
                               expected=f"({channels}, height, width)")
    return one.values.astype(np.float32)


def pixels_of(one: Read, channels: int) -> NDArray[np.uint8]:
    """Whole numbers of 0 to 255 as (height, width, channels)."""
    image = one.values[..., None] if one.values.ndim == 2 else one.values
    right = image.ndim == 3 and image.shape[2] in (channels, 3) and 0 not in image.shape
    if not right or image.dtype.kind not in "iu" or image.min() < 0 or image.max() > 255:
        raise CalibrationError("an image of whole numbers has pixels of 0 to 255", where=one.name,
                               found=f"{one.values.shape}, {one.values.dtype}",
                               expected=f"(height, width, {channels})")
    pixels = image.astype(np.uint8)
    if channels == 1 and pixels.shape[2] == 3:
        return _grey(pixels)
    return pixels


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Brightness, as PIL has it: (299 r + 587 g + 114 b) / 1000."""
    weights = np.array([19595, 38470, 7471])
    grey: NDArray[np.int64] = (pixels.astype(np.int64) @ weights + 0x8000) >> 16
    return grey.astype(np.uint8)[..., None]


def _recordings(folder: Path, read: list[Read]) -> list[Array]:
    config = read_config(folder / STEPS)
    kind = config.text("feature_extractor_type", default="none")
    if kind != _RAW:
        raise ModelStructureError("recordings are not made into what this model takes",
                                  where=config.where, found=kind, expected=_RAW,
                                  hint=f"give {SOUND} as the model takes them (.npz)")
    rate, even = config.count("sampling_rate"), config.flag("do_normalize", default=False)
    normal: Callable[[Array], Array] = _normal if even else np.asarray
    return [normal(_heard(one, rate))[None] for one in read]


def _heard(one: Read, rate: int) -> Array:
    """Samples of -1 to 1, at the model's rate; an array has no rate, and is believed."""
    if one.rate not in (0, rate):
        raise CalibrationError("the recording has another rate than the model", where=one.name,
                               found=f"{one.rate} Hz", expected=f"{rate} Hz",
                               hint="resample it")
    if one.values.ndim != 1 or one.values.dtype.kind != "f" or not one.values.size:
        raise CalibrationError("a recording is an array of samples", where=one.name,
                               found=f"{one.values.shape}, {one.values.dtype}",
                               expected="(samples,), floats of -1 to 1")
    return one.values.astype(np.float32)


def _normal(samples: Array) -> Array:
    """With a mean of 0 and a spread of 1, as the feature extractor does."""
    return np.asarray((samples - samples.mean()) / np.sqrt(samples.var() + _TINY), np.float32)
