"""A trained model and calibration data in, queries, keys and values of every layer out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.progress import Progress, silent
from neuromorph.errors import CalibrationError, UsageError
from neuromorph.models import AttentionLayer, AttentionModel, open_model
from neuromorph.models.arrays import load_arrays
from neuromorph.models.digits import DigitsViT, load_split, softmax_attention
from neuromorph.translate import Sample

DIGITS = "digits-vit"
HELD_OUT = 10
"""One sample in so many measures fidelity and is not calibrated on."""


@dataclass(frozen=True, eq=False)
class Collected:
    """What an export starts from.

    Attributes
    ----------
    family : str
    causal : bool
    samples : dict of layer name to list of Sample
    provenance : dict
        The model's files and their checksums, and what it was calibrated on.
    model : bytes, optional
        The model's file, when it travels with the bundle.
    notes : tuple of str
        Worth telling the user.
    any_length : bool
        Whether other sequences may be longer than these.
    """

    family: str
    causal: bool
    samples: Mapping[str, list[Sample]]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    model: bytes | None = None
    notes: tuple[str, ...] = ()
    any_length: bool = True

    def split(self, seed: int) -> tuple[dict[str, list[Sample]], dict[str, list[Sample]], bool]:
        """Samples to calibrate on, samples to measure on, and whether those are apart."""
        count = min(len(seen) for seen in self.samples.values())
        held = max(1, count // HELD_OUT) if count > 1 else 0
        order = np.random.default_rng(seed).permutation(count)
        kept = sorted(order[held:])
        tried = sorted(order[:held]) if held else kept
        fitted = {name: [seen[i] for i in kept] for name, seen in self.samples.items()}
        measured = {name: [seen[i] for i in tried] for name, seen in self.samples.items()}
        return fitted, measured, held > 0


def collect(
    model: str | os.PathLike[str],
    calibrate: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
) -> Collected:
    """Read a model and run calibration data through it, in float.

    Parameters
    ----------
    model : path
        A ``.safetensors`` file or a folder with one; with text, any Hugging Face folder or
        ``.gguf`` file that transformers can load.
    calibrate : path, optional
        ``.txt``: one passage a line (needs the ``hf`` extra). ``.npz``: ``images`` for the
        digits model, else ``hidden.0``, ``hidden.1``, … (tokens, width) or (sequences,
        tokens, width), what enters each layer's attention. The digits model brings its own.

    Raises
    ------
    InputError
        If the model or the data cannot be read or do not fit each other.
    """
    place = Path(model)
    if calibrate is not None and Path(calibrate).suffix == ".txt":
        from neuromorph.huggingface.texts import collect_text

        progress("running the text through the model")
        return Collected(**collect_text(place, Path(calibrate)))
    if place.suffix == ".gguf":
        raise UsageError("a GGUF model is calibrated on text", where=place,
                         hint="give --calibrate FILE.txt, one passage a line")
    progress(f"reading {place.name}")
    heads = open_model(place)
    if heads.family == DIGITS:
        return _collect_digits(place, heads, calibrate)
    if calibrate is None:
        raise CalibrationError("this model needs calibration data", where=place,
                               found=f"family {heads.family}",
                               hint="give --calibrate FILE.txt (one passage a line) or FILE.npz")
    return _collect_hidden(heads, load_arrays(calibrate), Path(calibrate))


def _collect_digits(
    path: Path, heads: AttentionModel, calibrate: str | os.PathLike[str] | None
) -> Collected:
    vit = DigitsViT.load(path)
    if calibrate is None:
        images, source = load_split().calibration.images, "the packaged calibration split"
    else:
        arrays = load_arrays(calibrate)
        if "images" not in arrays:
            raise CalibrationError("the digits model calibrates on images", where=calibrate,
                                   found=", ".join(sorted(arrays)), expected="images")
        images, source = arrays["images"], Path(calibrate).name
    provenance = {**heads.provenance, "calibration": f"{len(images)} images, {source}"}
    samples = digits_samples(vit, images, heads)
    return Collected(DIGITS, False, samples, provenance, path.read_bytes(), heads.notes,
                     any_length=False)


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
    heads: AttentionModel, arrays: Mapping[str, NDArray[Any]], path: Path
) -> Collected:
    samples = {}
    for i, layer in enumerate(heads.layers):
        name = f"hidden.{i}"
        if name not in arrays:
            raise CalibrationError("the file lacks a layer's hidden states", where=path,
                                   found=", ".join(sorted(arrays)), expected=name)
        samples[layer.name] = hidden_samples(layer, arrays[name], heads.causal)
    provenance = {**heads.provenance, "calibration": path.name}
    return Collected(heads.family, heads.causal, samples, provenance, notes=heads.notes)


def hidden_samples(layer: AttentionLayer, hidden: NDArray[Any], causal: bool) -> list[Sample]:
    """Samples of hidden states (tokens, width) or (sequences, tokens, width)."""
    if hidden.ndim not in (2, 3) or hidden.shape[-1] != layer.width:
        raise CalibrationError("hidden states have the wrong shape", where=layer.name,
                               found=hidden.shape, expected=f"(…, tokens, {layer.width})")
    sequences = hidden[None] if hidden.ndim == 2 else hidden
    result = []
    for sequence in sequences:
        q, k, v = layer.project(sequence)
        result.append(Sample(q * layer.logit_scale, k, v,
                             visible(len(sequence), causal, layer.window)))
    return result


def visible(tokens: int, causal: bool, window: int | None) -> NDArray[np.bool_]:
    """Who may look where in a sequence of its own: (tokens, tokens)."""
    age = np.arange(tokens)[:, None] - np.arange(tokens)[None, :]
    seen = age >= 0 if causal else np.ones_like(age, bool)
    return seen if window is None else seen & (age < window)

