"""Fashion-MNIST from the folder of Debian's package, or from one that a variable names."""

from __future__ import annotations

import gzip
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FASHION = "NEUROMORPH_FASHION_MNIST"
"""Folder of train-images-idx3-ubyte.gz and its three fellows: Debian's dataset-fashion-mnist."""

DEBIAN = "/usr/share/datasets/fashion-mnist"


def no_garments() -> str | None:
    """The reason why there are none."""
    if (_folder() / "train-images-idx3-ubyte.gz").exists():
        return None
    return (f"Fashion-MNIST is not in {DEBIAN} (Debian's dataset-fashion-mnist), nor where "
            f"{FASHION} says")


@cache
def fashion_images(part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images, shape (images, 28, 28), and labels of the part ``train`` or ``t10k``."""
    images = np.frombuffer(gzip.decompress(
        (_folder() / f"{part}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress(
        (_folder() / f"{part}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return images.reshape(-1, 28, 28), labels.astype(np.int64)


def _folder() -> Path:
    return Path(os.environ.get(FASHION, DEBIAN))
