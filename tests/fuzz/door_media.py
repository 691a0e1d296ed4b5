"""Folders of images and recordings, and the steps that are said of them."""

from __future__ import annotations

import io
import wave
from copy import deepcopy
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
from fuzz_engine import Reader
from fuzz_values import JSON_RAWS, as_json
from mutate_bytes import maybe
from mutate_tree import edited

from neuromorph.huggingface.media.files import read_folder
from neuromorph.huggingface.media.inputs import inputs_of

IMAGE_STEPS: dict[str, Any] = {
    "do_resize": False, "do_center_crop": True, "crop_size": {"height": 6, "width": 6},
    "do_rescale": True, "do_normalize": True, "rescale_factor": 0.01, "image_mean": [.5, .5, .5],
    "image_std": [.5, .5, .5]}
SOUND_STEPS = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 8000,
               "do_normalize": True}


def _wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(range(200)))
    return out.getvalue()


def _npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


FILES = (("pixel_values", "a.npy", _npy(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))),
         ("pixel_values", "a.npy", _npy(np.ones((3, 6, 6), np.float32))),
         ("input_values", "a.npy", _npy(np.linspace(-1, 1, 50))),
         ("input_values", "a.wav", _wav()))


def make(rng: Random | None, folder: Path) -> Path:
    kind, name, content = FILES[0 if rng is None else rng.randrange(len(FILES))]
    fields = IMAGE_STEPS if kind == "pixel_values" else SOUND_STEPS
    text = as_json(fields)
    if rng is not None:
        if rng.random() < 0.5:
            content = maybe(rng, content, 1.0)
        if rng.random() < 0.5:
            text = maybe(rng, as_json(edited(rng, deepcopy(fields), JSON_RAWS)), 0.05)
    (folder / "preprocessor_config.json").write_bytes(text)
    data = folder / "data"
    data.mkdir(exist_ok=True)
    for old in data.iterdir():
        old.unlink()
    (data / name).write_bytes(content)
    (folder / "kind").write_text(kind)
    return folder


def read(folder: Path) -> None:
    kind = (folder / "kind").read_text()
    model = SimpleNamespace(main_input_name=kind, config=SimpleNamespace(num_channels=3))
    inputs_of(model, folder, read_folder(folder / "data"))


READER = Reader("media", make, read)
