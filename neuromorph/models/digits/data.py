"""scikit-learn's digits, split once and for all into train, validation and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import InputError, MissingExtraError, TensorError

SPLIT_SEED = 0
IMAGES, SIDE = 1797, 8
TEST, VALIDATION, CALIBRATION = 400, 200, 64

_ORDER_SHA256 = "14b7f6bc58ce844efd500d56ca64ce44abff6e3dd1d9b8d2a6d11825767e38d3"


@dataclass(frozen=True)
class Part:
    """Some of the images.

    Attributes
    ----------
    indices : (n,) int64 array
        Places in scikit-learn's data set.
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


@dataclass(frozen=True)
class DigitsSplit:
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


def load_split() -> DigitsSplit:
    """The images and their split, the same on every machine.

    Raises
    ------
    MissingExtraError
        When scikit-learn, which brings the images, is not installed.
    TensorError, InputError
        When its data or NumPy's permutation are not the ones the model was trained with.
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
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtraError("the digits data set needs scikit-learn", found=str(error),
                                hint="pip install scikit-learn") from error
    data: Any = load_digits()
    images, labels = np.asarray(data.images), np.asarray(data.target)
    if images.shape != (IMAGES, SIDE, SIDE) or labels.shape != (IMAGES,):
        raise TensorError("scikit-learn's digits have another shape",
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
