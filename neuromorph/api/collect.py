"""A trained model and calibration data in, queries, keys and values of every layer out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.budget import WORD, require
from neuromorph.errors import CalibrationError, InputError, UsageError, did_you_mean
from neuromorph.files.arrays import load_arrays, names_in
from neuromorph.models import AttentionLayer, AttentionModel, Naming, open_model
from neuromorph.models.config import read_config
from neuromorph.models.digits import DigitsViT, load_split, softmax_attention
from neuromorph.models.door import CONFIG_NAME, WEIGHTS_NAME
from neuromorph.models.own import OWN
from neuromorph.models.own.naming import check_recorded, naming_of
from neuromorph.models.record_child import HIDDEN
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown
from neuromorph.translate import Caution, Sample

DIGITS = "digits-vit"
MEDIA = ("pixel_values", "input_values", "input_features", "images", "audio")
"""Arrays that a model is run on, and not what enters its heads."""

HELD_OUT = 10
"""One sample in so many measures fidelity and is not calibrated on."""


@dataclass(frozen=True, eq=False, repr=False)
class Collected(Shown):
    """What an export starts from.

    Attributes
    ----------
    family : str
    causal : bool
    samples : dict of layer name to list of Sample
        Equally many for every layer.
    provenance : dict
        The model's files and their checksums, and what it was calibrated on.
    model : bytes, optional
        The model's file, when it travels with the bundle.
    notes : tuple of str
        Worth telling the user.
    any_length : bool
        Whether other sequences may be longer than these.
    positions : int, optional
        The longest sequence that the model takes, if it says.
    cautions : sequence of Caution
        What the data is suspected of, beyond what its samples show.
    """

    family: str
    causal: bool
    samples: Mapping[str, Sequence[Sample]]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    model: bytes | None = None
    notes: tuple[str, ...] = ()
    any_length: bool = True
    positions: int | None = None
    cautions: Sequence[Caution] = ()

    @property
    def count(self) -> int:
        """Samples a layer."""
        return min(len(seen) for seen in self.samples.values())

    def divide(self, seed: int) -> tuple[list[int], list[int]]:
        """Numbers of the samples to calibrate on, and of those to measure on: none of one."""
        return divided(self.count, seed)

    def chosen(self, numbers: Sequence[int]) -> dict[str, list[Sample]]:
        """These samples of every layer."""
        return {name: [seen[i] for i in numbers] for name, seen in self.samples.items()}


def divided(count: int, seed: int) -> tuple[list[int], list[int]]:
    """Numbers of samples to calibrate on, and of those to measure on: none of one."""
    held = max(1, count // HELD_OUT) if count > 1 else 0
    order = np.random.default_rng(seed).permutation(count).tolist()
    return sorted(order[held:]), sorted(order[:held])


def collect(
    model: str | os.PathLike[str],
    calibrate: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
    slots: int | None = None,
    naming: Naming | None = None,
    option: str = "calibrate",
) -> Collected:
    """Read a model and run calibration data through it, in float.

    Parameters
    ----------
    model : path
        A ``.safetensors``, PyTorch, ONNX or GGUF file, or a folder with the first; with text,
        any Hugging Face folder or ``.gguf`` file that transformers can load.
    calibrate : path, optional
        ``.txt``: one passage a line (needs the ``hf`` extra). ``.npz``: ``images`` for the
        digits model, else ``hidden.0``, ``hidden.1``, … (tokens, width) or (sequences,
        tokens, width), what enters each layer's attention. The digits model brings its own. Of a
        Hugging Face folder also a folder of images (``.png``, ``.npy``) or recordings (``.wav``),
        or ``pixel_values``, ``images``, ``input_values`` or ``audio`` in an ``.npz`` file.
    progress : callable, optional
    slots : int, optional
        Longest context asked for: passages of a text are as long where that is beyond the usual.
    naming : Naming, optional
        Of a model whose tensors have names of a person's own; see `neuromorph.models.Naming`.
    option : str
        What a person calls the data by.

    Raises
    ------
    InputError
        If the model or the data cannot be read or do not fit each other.
    """
    place = Path(model)
    if calibrate is not None and Path(calibrate).suffix.lower() == ".txt":
        if naming is not None:
            raise UsageError("text is read by models that transformers knows, whose names need no "
                             "map", where=calibrate, hint="leave out --map, --heads and what "
                             "belongs to them, or calibrate on arrays (.npz)")
        from neuromorph.huggingface.recording import TOKENS
        from neuromorph.huggingface.texts import collect_text

        progress("running the text through the model")
        longest = max(TOKENS, slots or TOKENS)
        return Collected(**collect_text(place, Path(calibrate), longest))
    if calibrate is not None and is_media(place, Path(calibrate)):
        if naming is not None:
            raise UsageError("images and recordings are run by models that transformers knows",
                             where=calibrate, hint="leave out --map, --heads and what belongs to "
                             "them, or calibrate on arrays of hidden states (.npz)")
        from neuromorph.huggingface.media import collect_media

        progress("running the data through the model")
        return Collected(**collect_media(place, Path(calibrate)))
    if naming is not None and calibrate is not None:
        _check_recording(naming, Path(calibrate))
    progress(f"reading {place.name}")
    heads = open_model(place, naming)
    if calibrate is None and heads.family == OWN and (place / HIDDEN).is_file():
        calibrate = place / HIDDEN  # beside the weights, as `neuromorph record` leaves it
    known = ("images", "labels") if heads.family == DIGITS else _hidden_names(heads)
    where = "" if calibrate is None else Path(calibrate).name
    arrays = None if calibrate is None else load_arrays(
        calibrate, lambda found: check_names(found, known, where))
    if heads.family == DIGITS:
        return _collect_digits(place, heads, arrays, where)
    if arrays is None:
        # Text is read by models that transformers knows.
        text = "" if heads.family == OWN else "FILE.txt (one passage a line) or "
        raise CalibrationError("this model needs calibration data", where=place,
                               found=f"family {heads.family}",
                               hint=f"give --{option} {text}FILE.npz of hidden.0, hidden.1, …")
    return _collect_hidden(heads, arrays, where)


def _check_recording(naming: Naming, data: Path) -> None:
    """What is said of a model, against what `neuromorph record` wrote beside its hidden states."""
    config = data.parent / CONFIG_NAME
    if data.name != HIDDEN or not config.is_file():
        return
    found = read_config(config)
    if found.fields.get("model_type") == OWN:
        check_recorded(naming, naming_of(found.fields, found.where))


def is_media(model: Path, data: Path) -> bool:
    """Whether data are images or recordings that a Hugging Face folder's model is run on."""
    if data.is_dir():
        return True
    if data.suffix.lower() != ".npz" or not (model / CONFIG_NAME).is_file():
        return False
    names = names_in(data)
    return bool(names) and all(name in MEDIA for name in names)


def check_names(arrays: Mapping[str, object], known: Collection[str], where: object) -> None:
    """Refuse an array that nobody would look at: its name is misspelt, or not meant for us.

    Raises
    ------
    CalibrationError
    """
    for name in arrays:
        if name not in known:
            raise CalibrationError("an array of this name has no use here", where=where or None,
                                   found=name, hint=did_you_mean(name, known))


def _collect_digits(
    path: Path, heads: AttentionModel, arrays: Mapping[str, NDArray[Any]] | None, where: str
) -> Collected:
    weights = path / WEIGHTS_NAME if path.is_dir() else path
    vit = DigitsViT.load(weights)
    images, source = digits_images(arrays, where)
    tokens = (vit.config.image // vit.config.patch) ** 2 + 1
    require(3 * len(images) * vit.config.layers * tokens * vit.config.width * WORD, "calibration")
    provenance = {**heads.provenance, "calibration": f"{len(images)} images, {source}"}
    return Collected(DIGITS, False, digits_samples(vit, images, heads), provenance,
                     _content(weights), heads.notes, any_length=False)


def digits_images(
    arrays: Mapping[str, NDArray[Any]] | None, where: str
) -> tuple[NDArray[Any], str]:
    """The images that a digits model is calibrated on, and whose they are.

    Raises
    ------
    CalibrationError
        If there are none.
    """
    if arrays is None:
        return load_split().calibration.images, "the packaged calibration split"
    if "images" not in arrays:
        raise CalibrationError("the digits model calibrates on images", where=where,
                               found=", ".join(arrays), expected="images")
    images = arrays["images"]
    if not images.size:
        raise CalibrationError("there are no images", where=where, found=images.shape)
    return images, where


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError("the file cannot be read", where=path, found=error.strerror) from error


def digits_samples(
    vit: DigitsViT, images: NDArray[Any], heads: AttentionModel
) -> dict[str, list[Sample]]:
    """One sample an image and layer, from a float forward pass."""
    samples: dict[str, list[Sample]] = defaultdict(list)

    def watch(
        layer: int, q: NDArray[Any], k: NDArray[Any], v: NDArray[Any]
    ) -> NDArray[Any]:
        trained = heads.layers[layer]
        everywhere = np.ones((q.shape[2], k.shape[2]), bool)
        samples[trained.name].extend(
            Sample(q[i] * trained.logit_scale, k[i], v[i], everywhere) for i in range(len(q)))
        return softmax_attention(layer, q, k, v)

    vit.logits(images, watch)
    return dict(samples)


def _collect_hidden(
    heads: AttentionModel, arrays: Mapping[str, NDArray[Any]], where: str
) -> Collected:
    names = _hidden_names(heads)
    missing = [name for name in names if name not in arrays]
    if missing:
        raise CalibrationError("the file lacks a layer's hidden states", where=where,
                               found=", ".join(arrays), expected=missing[0])
    require(sum(_hidden_bytes(layer, arrays[name])
                for name, layer in zip(names, heads.layers, strict=True)), "calibration")
    samples = {layer.name: hidden_samples(layer, arrays[name], heads.causal)
               for name, layer in zip(names, heads.layers, strict=True)}
    counts = sorted({len(seen) for seen in samples.values()})
    if len(counts) > 1:
        raise CalibrationError("layers differ in the number of sequences", where=where,
                               found=f"{counts[0]} to {counts[-1]}")
    provenance = {**heads.provenance, "calibration": f"{counts[0]} sequences, {where}"}
    return Collected(heads.family, heads.causal, samples, provenance, notes=heads.notes,
                     positions=heads.positions)


def _hidden_names(heads: AttentionModel) -> tuple[str, ...]:
    return tuple(f"hidden.{i}" for i in range(len(heads.layers)))


def _hidden_bytes(layer: AttentionLayer, hidden: NDArray[Any]) -> int:
    """Queries, keys, values, and a mask a sequence."""
    tokens = hidden.size // max(1, hidden.shape[-1] if hidden.ndim else 1)
    longest = hidden.shape[-2] if hidden.ndim > 1 else 1
    channels = layer.heads * layer.head_size + layer.kv_heads * (
        layer.head_size + layer.value_size)
    return tokens * (channels * WORD + longest)


def hidden_samples(layer: AttentionLayer, hidden: NDArray[Any], causal: bool) -> list[Sample]:
    """Samples of hidden states (tokens, width) or (sequences, tokens, width)."""
    if hidden.ndim not in (2, 3) or hidden.shape[-1] != layer.width or not hidden.size:
        raise CalibrationError("hidden states have the wrong shape", where=layer.name,
                               found=hidden.shape, expected=f"(tokens, {layer.width}) or "
                               f"(sequences, tokens, {layer.width})")
    sequences = hidden[None] if hidden.ndim == 2 else hidden
    result = []
    for sequence in sequences:
        q, k, v = layer.project(sequence)
        result.append(Sample(q * layer.logit_scale, k, v,
                             visible(len(sequence), len(sequence), causal, layer.window)))
    return result


def visible(
    queries: int, keys: int, causal: bool, window: int | None = None
) -> NDArray[np.bool_]:
    """Who may look where, (queries, keys), when the last query belongs to the last key.

    A window counts the token itself where it looks back only, and not where it looks both ways.
    """
    age = np.arange(queries)[:, None] + (keys - queries) - np.arange(keys)[None, :]
    seen = age >= 0 if causal else np.ones_like(age, bool)
    if window is None:
        return seen
    return seen & (age < window) if causal else abs(age) <= window
