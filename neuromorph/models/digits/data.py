"""The digits that scikit-learn knows, split once and for all into train, validation and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import InputError, TensorError
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.shown import Shown

DIGITS = Path(__file__).with_name("images.safetensors")
"""The images and labels; MODEL_CARD.md says whose they are."""

SPLIT_SEED = 0
IMAGES, SIDE = 1797, 8
TEST, VALIDATION, CALIBRATION = 400, 200, 64

_ORDER_SHA256 = "14b7f6bc58ce844efd500d56ca64ce44abff6e3dd1d9b8d2a6d11825767e38d3"


@dataclass(frozen=True, repr=False)
class Part(Shown):
    """Some of the images.

    Attributes
    ----------
    indices : (n,) int64 array
        Places in the file, which are those in scikit-learn's ``load_digits``.
    images : (n, 8, 8) float64 array
        Pixels, 0…16.
    labels : (n,) int64 array
        Digits, 0…9.
    """

    indices: NDArray[np.int64]
    images: NDArray[np.float64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.indices)


@dataclass(frozen=True, repr=False)
class DigitsSplit(Shown):
    """permutation(1797) = test (400) | validation (200) | train (1197); train[:64] calibrates.

    Attributes
    ----------
    train : Part
        The weights come from these.
    calibration : Part
        The first 64 of ``train``: spiking attention takes its ranges from these.
    validation : Part
        Model and settings are chosen by these.
    test : Part
        Never trained on, calibrated on or chosen by.
    """

    train: Part
    calibration: Part
    validation: Part
    test: Part

    @property
    def held_out(self) -> Part:
        """Validation and test: what the weights did not come from."""
        return joined(self.validation, self.test)

    @property
    def everything(self) -> Part:
        """All images, of train, validation and test in this order."""
        return joined(self.train, self.validation, self.test)


def joined(*parts: Part) -> Part:
    """Parts behind one another."""
    return Part(*(np.concatenate([getattr(part, name) for part in parts])
                  for name in ("indices", "images", "labels")))


def load_split() -> DigitsSplit:
    """The images and their split, the same on every machine.

    Raises
    ------
    InputError
        When the data or NumPy's permutation are not the ones the model was trained with.
    """
    images, labels = _digits()
    order = _order()

    def part(start: int, stop: int) -> Part:
        chosen = order[start:stop]
        return Part(chosen, images[chosen], labels[chosen])

    train = TEST + VALIDATION
    return DigitsSplit(
        test=part(0, TEST),
        validation=part(TEST, train),
        train=part(train, IMAGES),
        calibration=part(train, train + CALIBRATION),
    )


def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    with SafetensorsFile(DIGITS) as file:
        images, labels = file.read("images"), file.read("labels")
    if images.shape != (IMAGES, SIDE, SIDE) or labels.shape != (IMAGES,):
        raise TensorError("these are not the digits of the package", where=DIGITS,
                          found=f"images {images.shape}, labels {labels.shape}",
                          expected=f"({IMAGES}, {SIDE}, {SIDE}) and ({IMAGES},)")
    return images.astype(np.float64), labels.astype(np.int64)


def _order() -> NDArray[np.int64]:
    """The seeded permutation, checked: NumPy may change its stream, and then parts would mix."""
    order = np.random.default_rng(SPLIT_SEED).permutation(IMAGES).astype(np.int64)
    digest = hashlib.sha256(order.astype("<i8").tobytes()).hexdigest()
    if digest != _ORDER_SHA256:
        raise InputError("this NumPy permutes differently: train and test images would mix",
                         found=f"NumPy {np.__version__}, sha256 {digest[:12]}",
                         expected=f"sha256 {_ORDER_SHA256[:12]}",
                         hint="use one of the NumPy versions in pyproject.toml")
    return order
