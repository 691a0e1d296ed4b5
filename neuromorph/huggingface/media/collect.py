"""A Hugging Face folder, and images or recordings, to what enters its heads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph.errors import CalibrationError
from neuromorph.files.arrays import load_arrays
from neuromorph.huggingface.intercept.uncaught import Uncaught, stays_float
from neuromorph.huggingface.loading import as_error, load_wordless, open_weights, quietly
from neuromorph.huggingface.media.files import Read, read_folder
from neuromorph.huggingface.media.inputs import IMAGES, SOUND, Array, inputs_of
from neuromorph.huggingface.recording import is_causal
from neuromorph.huggingface.texts import recorded
from neuromorph.models.source import digests

READY = (IMAGES, SOUND, "input_features")
"""Arrays in a model's own form, by the name of its argument."""

RAW = {"images": (4, "(images, height, width, channels), 0 to 255"),
       "audio": (2, "(recordings, samples), -1 to 1")}

_FIRST_TOKENS = 256
"""What the first input counts, when others are held against it."""


def collect_media(model_path: Path, data: Path) -> Mapping[str, Any]:
    """Queries, keys and values of every layer over images or recordings; fields of ``Collected``.

    Parameters
    ----------
    model_path : path
        A folder as `save_pretrained` writes it; no tokenizer is needed.
    data : path
        A folder of files, or an ``.npz`` file with one array of `READY` or `RAW`.

    Raises
    ------
    MissingExtraError, InputError, UnsupportedError
    """
    with closing(open_weights(model_path)) as weights:
        model = load_wordless(model_path)
        files = digests(weights.files)
    name = getattr(model, "main_input_name", "input_ids")
    inputs = inputs_of(model, model_path, read_folder(data)) if data.is_dir() else (
        _of_arrays(model, model_path, name, data))
    import torch

    batches = [{name: torch.from_numpy(one)} for one in inputs]
    lengths = [math.ceil(_FIRST_TOKENS * one.size / inputs[0].size) for one in inputs]
    what = "images" if name == IMAGES else "recordings"
    with quietly(), as_error(CalibrationError, f"the model cannot be run on these {what}", data):
        uncaught = Uncaught()
        samples, chosen, notes = recorded(model, batches, lengths, uncaught, what)
    return {
        "family": str(model.config.model_type), "causal": is_causal(samples), "samples": samples,
        "provenance": {"model": model_path.name, "files": files,
                       "calibration": f"{len(chosen)} {what}, {data.name}"},
        "notes": notes, "any_length": name != IMAGES,
        "cautions": stays_float(model, samples, uncaught)}


def _of_arrays(model: Any, folder: Path, name: str, path: Path) -> list[Array]:
    called, values = _one_array(path, name)
    if called in RAW:
        return inputs_of(model, folder, read_raw(path))
    if called != name:
        raise CalibrationError("the model takes something else", where=path, found=called,
                               expected=name)
    if values.ndim < 2 or not values.size or values.dtype.kind != "f":
        raise CalibrationError(f"{called} have the wrong shape or kind", where=path,
                               found=f"{values.shape}, {values.dtype}",
                               expected="floats, of which the first axis counts sequences")
    return [np.ascontiguousarray(one[None], np.float32) for one in values]


def read_raw(path: Path) -> list[Read]:
    """Images or recordings in one array of an ``.npz`` file.

    Raises
    ------
    CalibrationError, InputError
    """
    called, values = _one_array(path, " or ".join(RAW))
    rank, shape = RAW.get(called, (0, ""))
    if not rank:
        raise CalibrationError("the model takes something else", where=path, found=called,
                               expected=" or ".join(RAW))
    if values.ndim != rank or not values.size:
        raise CalibrationError(f"{called} have the wrong shape", where=path, found=values.shape,
                               expected=shape)
    return [Read(f"{path.name}: {called}[{n}]", one) for n, one in enumerate(values)]


def _one_array(path: Path, expected: str) -> tuple[str, Array]:
    arrays = load_arrays(path)
    if len(arrays) != 1:
        raise CalibrationError("a file to calibrate on holds one array", where=path,
                               found=", ".join(arrays), expected=expected)
    return next(iter(arrays.items()))
