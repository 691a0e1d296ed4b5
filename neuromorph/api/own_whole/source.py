"""A model of a person's own, whole, and the tokens that it is calibrated on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.collect import check_names
from neuromorph.api.original import SOURCE
from neuromorph.api.own_whole.floats import own_transformer
from neuromorph.api.tokens import Tokens
from neuromorph.api.whole_source import LICENCE, Source
from neuromorph.bundle.whole import Text
from neuromorph.errors import CalibrationError, InputError, ModelStructureError, UsageError
from neuromorph.files.arrays import load_arrays
from neuromorph.files.opening import RegularFile
from neuromorph.models import Naming, open_tensors
from neuromorph.models.config import read_config
from neuromorph.models.door import CONFIG_NAME, ONNX, said_of
from neuromorph.models.licence import licence_of
from neuromorph.models.onnx_graph import OnnxTensors
from neuromorph.models.own import OWN
from neuromorph.models.own.telling import way
from neuromorph.models.source import TensorSource, digests
from neuromorph.models.torch_file import SUFFIXES
from neuromorph.progress import Progress
from neuromorph.translate.transformer import FloatTransformer
from neuromorph.translate.transformer.windows import MOST, WINDOW, windows_of

MAP = "map"
"""Where provenance keeps what was said of names."""

FITS = 0.02
"""Relative error below which two answers are the same."""

_TOKENIZER = "tokenizer.json"
_TOKENIZER_BYTES = 1 << 26
_HELD = 64
"""Tokens and sequences that answers are held against."""

Ids = NDArray[np.int64]


def is_own(model: Path, naming: Naming | None) -> bool:
    """Whether a model is read by a map: one is given, or no configuration of transformers is."""
    if naming is not None or model.suffix.lower() in (*SUFFIXES, ONNX, ".safetensors"):
        return True
    try:
        return read_config(model / CONFIG_NAME).fields.get("model_type") == OWN
    except InputError:  # whoever reads it as another model says what is wrong
        return False


def own_source(
    model: Path, calibrate: Path | None, naming: Naming | None, progress: Progress
) -> Source:
    """What a whole export of such a model starts from.

    Parameters
    ----------
    model : path
        ``.safetensors``, a PyTorch or ONNX file, or a folder with weights and a map as its
        configuration.
    calibrate : path
        ``.npz`` with ``tokens`` (sequences, tokens), and the float model's ``outputs`` for them,
        if they shall be held against what the map says; or text, if ``tokenizer.json`` stands
        beside the weights.
    naming : Naming, optional
    progress : callable

    Raises
    ------
    InputError, UsageError
    """
    if calibrate is None:
        raise UsageError("a whole model of your own is calibrated on tokens", where=model,
                         hint="give --calibrate FILE.npz with tokens (sequences, tokens)")
    progress(f"reading {model.name}")
    with closing(open_own(model)) as source:
        config, said = said_of(source, model, naming)
        if said is None:
            raise UsageError("the model's configuration is no map of names", where=config.where,
                             found=config.text("model_type", default="no model_type")[:80],
                             hint="of a model that transformers knows give its folder, and text "
                             f"to calibrate on; of your own {way(source)}")
        floats, files = own_transformer(source, said), digests(source.files)
    text = _text(model if model.is_dir() else model.parent)
    sequences, notes, told = (_of_text if calibrate.suffix.lower() == ".txt" else _of_arrays)(
        floats, calibrate, text)
    provenance: dict[str, Any] = {
        "model": model.name, SOURCE: str(model.resolve()), "files": files, MAP: said.fields(),
        LICENCE: licence_of(model), "calibration": told}
    return Source(floats, sequences, text, provenance, notes)


def open_own(model: Path) -> TensorSource:
    """The tensors of such a model, unread. Close it after use."""
    return (OnnxTensors if model.suffix.lower() == ONNX else open_tensors)(model)


def _text(folder: Path) -> Text | None:
    """The tokenizer beside the weights, if there is one."""
    path = folder / _TOKENIZER
    if not path.exists():
        return None
    with RegularFile(path) as file:
        if file.size > _TOKENIZER_BYTES:
            raise CalibrationError("the tokenizer is too large", where=path,
                                   found=f"{file.size} bytes", expected=f"{_TOKENIZER_BYTES}")
        return Text(bytes(file.read(0, file.size)))


_Calibration = tuple[list[Ids], tuple[str, ...], str]


def _of_text(floats: FloatTransformer, path: Path, text: Text | None) -> _Calibration:
    if text is None:
        raise UsageError("there is no tokenizer beside the model that makes tokens of text",
                         where=path, expected=f"{_TOKENIZER} beside the weights, or an .npz file "
                         "with tokens (sequences, tokens)")
    from neuromorph.huggingface.texts import read_passages

    end = "\n" if floats.causal else ""
    encode = Tokens(text).encode
    passages = [np.array(encode(f"{passage}{end}"), np.int64) for passage in read_passages(path)]
    passages = [passage for passage in passages if len(passage)]
    if not passages:
        raise CalibrationError("the text holds no tokens", where=path)
    longest = min(WINDOW, floats.positions)
    if not floats.causal:
        passages = [passage[:longest] for passage in passages]
    sequences, used = windows_of(passages, longest if floats.causal else 1, MOST)
    sequences = [one[:longest] for one in sequences]
    _check_tokens(np.concatenate(sequences), len(floats.embedding.table), str(path))
    return sequences, (_UNCHECKED,), f"{used} passages, {path.name}"


def _of_arrays(floats: FloatTransformer, path: Path, text: Text | None) -> _Calibration:  # noqa: ARG001
    arrays = read_tokens(path, len(floats.embedding.table), "outputs")
    tokens = arrays["tokens"]
    if tokens.shape[1] > floats.positions:
        raise CalibrationError("the sequences are longer than the model takes", where=path,
                               found=tokens.shape[1], expected=f"at most {floats.positions}")
    sequences = list(tokens)
    if "outputs" not in arrays:
        return sequences, (_UNCHECKED,), f"{len(tokens)} sequences, {path.name}"
    error = _error(floats, sequences, arrays, path)
    if error > FITS:
        raise ModelStructureError(
            "the model as the map describes it does not answer what outputs say", where=path,
            found=f"relative error {error:.2g}", expected=f"at most {FITS}",
            hint="look at norm, norms, epsilon, activation, heads, fused_order, scale, rope_theta, "
            "embedding_scale, and at what the model does that no map says")
    return sequences, (f"the map's model answers what outputs say, but for {error:.1g} of it",), (
        f"{len(tokens)} sequences, {path.name}")


def read_tokens(path: Path, rows: int, *more: str) -> dict[str, NDArray[Any]]:
    """Arrays of a file: ``tokens``, shape (sequences, tokens), and ``more`` that it may hold.

    Raises
    ------
    MissingFileError, FileFormatError, CalibrationError
        Also of a token that is not below ``rows``, those of the embedding.
    """
    arrays = load_arrays(path, lambda found: check_names(found, ("tokens", *more), path.name))
    if "tokens" not in arrays:
        raise CalibrationError("there are no tokens in the file", where=path,
                               found=", ".join(arrays), expected="tokens (sequences, tokens)")
    tokens = np.atleast_2d(arrays["tokens"])
    if tokens.ndim != 2 or not tokens.size or tokens.dtype.kind not in "iu":
        raise CalibrationError("tokens have the wrong shape or kind", where=path,
                               found=f"{arrays['tokens'].shape}, {tokens.dtype}",
                               expected="(sequences, tokens), whole numbers")
    _check_tokens(tokens, rows, str(path))
    return arrays | {"tokens": tokens.astype(np.int64)}


_UNCHECKED = ("nothing was held against the float model: give its answers as outputs beside "
              "tokens, so that a wrong map is found")


def _check_tokens(tokens: Ids, rows: int, where: str) -> None:
    if tokens.min() < 0 or tokens.max() >= rows:
        raise CalibrationError("there are tokens that the embedding has no row for", where=where,
                               found=f"{tokens.min()} to {tokens.max()}",
                               expected=f"0 to {rows - 1}")


def _error(floats: FloatTransformer, sequences: list[Ids], arrays: Mapping[str, NDArray[Any]],
           path: Path) -> float:
    """Of some sequences' answers, relative to all of theirs."""
    outputs = arrays["outputs"]
    wrong = norm = 0.0
    for ids, given in list(zip(sequences, outputs, strict=False))[:_HELD]:
        found = floats.run(ids)[1]
        expected = np.asarray(given, np.float64)
        if floats.head.read != "each" and expected.ndim == 1:
            expected = expected[None]
        if len(outputs) != len(sequences) or found.shape != expected.shape:
            raise CalibrationError("outputs are not as many as the model gives", where=path,
                                   found=outputs.shape,
                                   expected=(len(sequences), *found.shape))
        wrong += float(((found - expected) ** 2).sum())
        norm += float((expected**2).sum())
    return float(np.sqrt(wrong / max(norm, 1e-60)))
