"""Calibrate on text: a Hugging Face folder or GGUF file, and one passage a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from neuromorph.errors import (
    CalibrationError,
    FileFormatError,
    InputError,
    MissingExtraError,
    MissingFileError,
    NeuromorphError,
)
from neuromorph.huggingface.recording import (
    TOKENS,
    is_causal,
    positions,
    record,
    size_of,
    tokenised,
    unknown_tokens,
)
from neuromorph.models.opening import RegularFile
from neuromorph.translate import cautions

TEXT_LIMIT = 1 << 24
SAMPLE_BYTES = 1 << 31
"""What calibration samples may take; if a text would give more, passages are left out."""

_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_NOT_NEEDED = "pooler"
"""Weights that may be missing: nothing that attends comes after them."""


def collect_text(
    model_path: Path, text_path: Path, tokens: int = TOKENS
) -> Mapping[str, Any]:
    """Queries, keys and values of every layer over the text; fields of ``Collected``.

    Parameters
    ----------
    model_path : path
        A folder as `save_pretrained` writes it, with safetensors, or a ``.gguf`` file.
    text_path : path
        UTF-8, one passage a line.
    tokens : int
        Longest passage; the rest of a longer one is left out.

    Raises
    ------
    MissingExtraError, InputError, UnsupportedError
    """
    passages = read_passages(text_path)
    files = weight_files(model_path)
    model, tokenizer = load_model(model_path)
    with _as_error(CalibrationError, "the model cannot be run on this text", model_path):
        batches = tokenised(model, tokenizer, passages, tokens)
        if not batches:
            raise CalibrationError("the text holds no tokens", where=text_path)
        chosen, notes = _affordable(model, batches)
        samples = record(model, chosen)
    return {
        "family": str(model.config.model_type), "causal": is_causal(samples), "samples": samples,
        "provenance": {"model": model_path.name, "files": _digests(files),
                       "calibration": f"{len(chosen)} passages, {text_path.name}"},
        "notes": notes, "positions": positions(model),
        "cautions": cautions.of_unknown(*unknown_tokens(tokenizer, chosen)),
    }


def load_model(path: Path) -> tuple[Any, Any]:
    """A model and its tokenizer, in float32 and ``eval`` mode.

    Nothing is downloaded, no code that came with the model is run and nothing is unpickled.

    Raises
    ------
    MissingExtraError, MissingFileError, FileFormatError
    """
    try:
        import torch  # noqa: F401
        from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("calibration on text needs torch and transformers",
                                found=str(error), hint="pip install 'neuromorph[hf]'") from error
    weight_files(path)
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if path.is_dir():
        kind, where, weights = AutoModel, path, {"use_safetensors": True}
    else:
        kind, where, weights = AutoModelForCausalLM, path.parent, {}
        local["gguf_file"] = path.name
    with _quietly(), _as_error(FileFormatError, "transformers cannot load this model", path):
        tokenizer = AutoTokenizer.from_pretrained(where, **local)
        if path.is_dir():
            _check_vocabulary(path, tokenizer)
        model, loaded = kind.from_pretrained(where, dtype="float32", output_loading_info=True,
                                             **weights, **local)
    _check_complete(path, loaded)
    return model.eval(), tokenizer


def weight_files(path: Path) -> list[Path]:
    """The files that hold a model's weights: safetensors in a folder, or one GGUF file.

    Raises
    ------
    MissingFileError, FileFormatError
    """
    if not path.exists():
        raise MissingFileError("there is no such model", where=path)
    if path.is_file() and path.suffix.lower() == ".gguf":
        return [path]
    if not path.is_dir():
        raise FileFormatError("a model that is calibrated on text is a folder or a GGUF file",
                              where=path, hint="give the Hugging Face folder")
    names = sorted(path.iterdir())
    found = [name for name in names if name.suffix == ".safetensors"]
    pickled = [name.name for name in names if name.suffix in _PICKLED]
    if not found and pickled:
        raise FileFormatError("the weights are pickled, and reading them would run code in them",
                              where=path, found=pickled[0], expected="model.safetensors",
                              hint="save it again with save_pretrained")
    if not found:
        raise MissingFileError("the folder has no weights", where=path,
                               expected="model.safetensors",
                               hint="give a folder that save_pretrained wrote, or a .gguf file")
    return found


def read_passages(path: Path) -> list[str]:
    """Lines of a text file that hold anything.

    Raises
    ------
    MissingFileError, FileFormatError, CalibrationError
    """
    with RegularFile(path) as file:
        if file.size > TEXT_LIMIT:
            raise CalibrationError("the text is too long", where=path, found=f"{file.size} bytes",
                                   expected=f"at most {TEXT_LIMIT}")
        content = file.read(0, file.size)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise CalibrationError("the text is not UTF-8", where=path, found=error) from error
    passages = [line for line in lines if line.strip()]
    if not passages:
        raise CalibrationError("the text is empty", where=path, expected="one passage a line")
    return passages


def _affordable(
    model: Any, batches: Sequence[Mapping[str, Any]]
) -> tuple[Sequence[Mapping[str, Any]], tuple[str, ...]]:
    """All passages, or every second, third, … so that their samples fit in `SAMPLE_BYTES`."""
    longest = max(batches, key=_tokens)
    tried = record(model, [longest])
    a_token = sum(map(size_of, tried.values())) / _tokens(longest)
    step = next(n for n in count(1)
                if n >= len(batches) or sum(map(_tokens, batches[::n])) * a_token <= SAMPLE_BYTES)
    if step == 1:
        return batches, ()
    chosen = batches[::step]
    note = (f"calibrated on {len(chosen)} of {len(batches)} passages, evenly spread: more would "
            f"not fit in {SAMPLE_BYTES >> 20} MiB")
    return chosen, (note,)


def _tokens(batch: Mapping[str, Any]) -> int:
    return int(batch["input_ids"].shape[1])


def _check_complete(path: Path, loaded: Mapping[str, Any]) -> None:
    """transformers fills in what a file lacks with random numbers."""
    missing = sorted(name for name in loaded["missing_keys"] if _NOT_NEEDED not in name)
    if missing:
        raise FileFormatError("the file lacks weights that the model needs", where=path,
                              found=f"{len(missing)} missing", expected=f"{missing[0]}, …")


def _check_vocabulary(folder: Path, tokenizer: Any) -> None:
    """Without its files, transformers makes a tokenizer that knows no word."""
    names = list(tokenizer.vocab_files_names.values())
    if names and not any((folder / name).exists() for name in names):
        raise MissingFileError("the folder has no tokenizer", where=folder,
                               expected=" or ".join(names),
                               hint="save it there with tokenizer.save_pretrained")


def _digests(files: Sequence[Path]) -> dict[str, Any]:
    result = {}
    for path in files:
        with RegularFile(path) as file:
            result[path.name] = {"bytes": file.size, "sha256": file.sha256()}
    return result


@contextmanager
def _quietly() -> Iterator[None]:
    """No progress bars and no advice on standard error; the caller has words of its own."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _as_error(kind: type[InputError], what: str, where: Path) -> Iterator[None]:
    """Whatever a library raises on files and inputs that do not fit, as one error of ours."""
    try:
        yield
    except (NeuromorphError, MemoryError):
        raise
    except Exception as error:
        raise kind(what, where=where, found=f"{type(error).__name__}: {error}") from error
