"""The digits model whole: its floats, images to calibrate on, and where it came from."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from neuromorph.api.collect import DIGITS, check_names, digits_images
from neuromorph.api.original import SOURCE, check_same
from neuromorph.api.whole_source import LICENCE, Source
from neuromorph.bundle.whole import WholeBundle
from neuromorph.errors import InputError
from neuromorph.files.arrays import load_arrays
from neuromorph.files.opening import StrPath
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.models.config import parse_config
from neuromorph.models.digits import WEIGHTS, DigitsViT
from neuromorph.models.door import WEIGHTS_NAME
from neuromorph.models.licence import licence_of
from neuromorph.models.source import digests
from neuromorph.translate.transformer.digits import digits_patches, digits_transformer


def is_digits(model: Path) -> bool:
    """Whether a file, or the one in a folder, says that it is a digits model."""
    try:
        with closing(SafetensorsFile(weights_of(model))) as file:
            stated = parse_config(file.metadata.get("config", "{}"), str(file.path))
            return stated.text("family", default="") == DIGITS
    except InputError:  # whoever reads it as another model says what is wrong
        return False


def weights_of(model: Path) -> Path:
    """The file that holds a model's weights."""
    return model / WEIGHTS_NAME if model.is_dir() else model


def digits_source(model: Path, calibrate: Path | None) -> Source:
    """What a whole export of a digits model starts from.

    Parameters
    ----------
    model : path
    calibrate : path, optional
        ``.npz`` with ``images``; those that come with the package, if left out.

    Raises
    ------
    InputError
    """
    file, where = weights_of(model), "" if calibrate is None else calibrate.name
    arrays = None if calibrate is None else load_arrays(
        calibrate, lambda found: check_names(found, ("images", "labels"), where))
    vit = DigitsViT.load(file)
    images, told = digits_images(arrays, where)
    vit.embedded(images)  # refuses what are no images
    provenance: dict[str, Any] = {
        "model": model.name, "files": _files(file), LICENCE: licence_of(model),
        "calibration": f"{len(images)} images, {told}"}
    if file != WEIGHTS:  # which is found without a path, wherever the package is
        provenance[SOURCE] = str(model.resolve())
    return Source(digits_transformer(vit), list(digits_patches(images, vit.config.patch)),
                  provenance=provenance)


def digits_original(bundle: WholeBundle, model: StrPath | None = None) -> DigitsViT:
    """The float model of a bundle: as it is named, where it was, or the one of the package.

    Raises
    ------
    UsageError
        If it is another one, by the checksum of its file.
    InputError
    """
    noted = bundle.provenance.get(SOURCE)
    named = model if model is not None else noted if isinstance(noted, str) else WEIGHTS
    file = weights_of(Path(named))
    check_same(bundle, _files(file), file)
    return DigitsViT.load(file)


def _files(file: Path) -> dict[str, Any]:
    with closing(SafetensorsFile(file)) as opened:
        return digests([opened])
