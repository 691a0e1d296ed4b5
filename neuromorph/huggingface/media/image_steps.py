"""A folder's image processor, carried out with NumPy and pillow: no torchvision.

::

    resized -> middle cut out -> x · factor -> (x - mean) / spread,      channel by channel
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import CalibrationError, MissingExtraError, ModelStructureError
from neuromorph.models.config import Config, read_config
from neuromorph.shown import Shown

STEPS = "preprocessor_config.json"

_KNOWN = ("do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb", "size",
          "crop_size", "resample", "rescale_factor", "image_mean", "image_std")
_HARMLESS = ("image_processor_type", "feature_extractor_type", "processor_class", "return_tensors",
             "data_format", "input_data_format", "device", "default_to_square",
             "disable_grouping", "image_seq_length", "_valid_processor_keys")
_LARGEST = 1 << 13

Pixels = NDArray[np.float32]


@dataclass(frozen=True, repr=False)
class ImageSteps(Shown):
    """What becomes of an image before a model sees it.

    Attributes
    ----------
    size : tuple of two int, or int, or None
        (height, width) to resize to; or the shorter side; or nothing.
    resample : int
        As PIL numbers its filters.
    crop : tuple of two int, or None
    factor : float
    mean, spread : float array (channels,)
    """

    size: tuple[int, int] | int | None
    resample: int
    crop: tuple[int, int] | None
    factor: float
    mean: Pixels
    spread: Pixels

    def __call__(self, image: NDArray[np.uint8], where: str) -> Pixels:
        """(height, width, channels) of 0 to 255 to (channels, height, width)."""
        scaled = self.pixels(image, where).astype(np.float64) * self.factor
        normal = (scaled - self.mean.astype(np.float64)) / self.spread.astype(np.float64)
        return np.ascontiguousarray(normal.transpose(2, 0, 1).astype(np.float32))

    def pixels(self, image: NDArray[np.uint8], where: str) -> NDArray[np.uint8]:
        """Resized and cut alone."""
        resized = image if self.size is None else _resized(image, self.size, self.resample, where)
        return resized if self.crop is None else _middle(resized, self.crop, where)


def image_steps(folder: Path, channels: int) -> ImageSteps:
    """The steps that ``preprocessor_config.json`` says.

    Raises
    ------
    InputError
        If there is no such file, or it says more than is done here.
    """
    config = read_config(folder / STEPS)
    for name, value in config.fields.items():
        idle = value is None or value is False or (name.startswith("do_") and not value)
        if name not in (*_KNOWN, *_HARMLESS) and not idle:
            raise ModelStructureError("the image processor does more than is done here",
                                      where=config.where, found=f"{name} = {value!r}"[:100],
                                      hint="give pixel_values as the model takes them (.npz)")
    size: tuple[int, int] | int | None = None
    if config.flag("do_resize", default=False):
        size = _size(config, "size")
    crop = _size(config, "crop_size") if config.flag("do_center_crop", default=False) else None
    if isinstance(crop, int):
        crop = (crop, crop)
    scales = config.flag("do_rescale", default=True)
    normal = config.flag("do_normalize", default=False)
    return ImageSteps(
        size, config.count("resample", default=2, low=0), crop,
        config.number("rescale_factor", default=1 / 255) if scales else 1.0,
        _by_channel(config, "image_mean", channels) if normal else np.zeros(channels, "f"),
        _by_channel(config, "image_std", channels) if normal else np.ones(channels, "f"))


def _size(config: Config, name: str) -> tuple[int, int] | int:
    given = config.fields.get(name)
    if type(given) is int:
        given = {"height": given, "width": given}
    if isinstance(given, dict):
        sides = Config(given, f"{config.where}: {name}")
        used = {key for key, value in given.items() if value is not None}
        if used == {"height", "width"}:
            return _side(sides, "height"), _side(sides, "width")
        if used == {"shortest_edge"}:
            return _side(sides, "shortest_edge")
    raise ModelStructureError(f"{name} is not usable", where=config.where,
                              found=repr(given)[:100],
                              expected="height and width, or shortest_edge")


def _side(config: Config, name: str) -> int:
    side = config.count(name)
    if side > _LARGEST:
        raise ModelStructureError(f"{name} is too large", where=config.where, found=side,
                                  expected=f"at most {_LARGEST}")
    return side


def _by_channel(config: Config, name: str, channels: int) -> Pixels:
    given: Any = config.fields.get(name)
    several = given if isinstance(given, list) else [given] * channels
    real = [x for x in several if type(x) in (int, float) and abs(x) < 1e6]
    found = np.array(real, np.float32)
    if len(found) != channels or len(real) != len(several) or (
            name == "image_std" and (found <= 0).any()):
        raise ModelStructureError(f"{name} is not usable", where=config.where,
                                  found=repr(given)[:100], expected=f"{channels} numbers")
    return found


def _resized(image: NDArray[np.uint8], size: tuple[int, int] | int, resample: int,
             where: str) -> NDArray[np.uint8]:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("resizing images needs pillow", where=where, found=str(error),
                                hint="pip install pillow, or give pixel_values as the model "
                                "takes them (.npz)") from error
    height, width = _target(image, size, where)
    if resample not in list(map(int, Image.Resampling)):
        raise ModelStructureError("resample is not usable", where=where, found=resample)
    flat = image[..., 0] if image.shape[2] == 1 else image
    made = np.asarray(Image.fromarray(np.ascontiguousarray(flat)).resize(
        (width, height), Image.Resampling(resample)))
    return made.reshape(height, width, -1)


def _target(image: NDArray[Any], size: tuple[int, int] | int, where: str) -> tuple[int, int]:
    """Height and width; with the shorter side given, the other is cut to a whole number."""
    if not isinstance(size, int):
        return size
    height, width = image.shape[:2]
    short, long = sorted((height, width))
    other = int(size * long / short)
    if other > 8 * _LARGEST:
        raise CalibrationError("the image is far longer than wide", where=where,
                               found=f"{height} × {width}")
    return (size, other) if height <= width else (other, size)


def _middle(image: NDArray[np.uint8], crop: tuple[int, int], where: str) -> NDArray[np.uint8]:
    top, left = ((have - want) // 2 for have, want in zip(image.shape, crop, strict=False))
    if top < 0 or left < 0:
        raise CalibrationError("the image is smaller than what is cut out of it", where=where,
                               found=list(image.shape[:2]), expected=f"at least {list(crop)}")
    return image[top:top + crop[0], left:left + crop[1]]
