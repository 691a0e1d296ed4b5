"""Calibrate on text: a Hugging Face folder or GGUF file, and one passage a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from neuromorph.errors import CalibrationError, FileFormatError, MissingExtraError, MissingFileError
from neuromorph.huggingface.attachment import record

TEXT_LIMIT = 1 << 24
TOKENS = 512
"""Longest passage, in tokens; the rest of a line is left out."""


def load_model(path: Path) -> tuple[Any, Any]:
    """A model and its tokenizer, in float32 and ``eval`` mode; nothing is downloaded.

    Raises
    ------
    MissingExtraError, MissingFileError, FileFormatError
    """
    try:
        from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("calibration on text needs torch and transformers",
                                found=str(error), hint="pip install 'neuromorph[hf]'") from error
    if not path.exists():
        raise MissingFileError("there is no such model", where=path)
    gguf = path.suffix == ".gguf"
    where = path.parent if gguf else path
    named: dict[str, Any] = {"gguf_file": path.name} if gguf else {}
    kind = AutoModelForCausalLM if gguf else AutoModel
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, local_files_only=True, **named)
        model = kind.from_pretrained(where, local_files_only=True, dtype="float32",
                                     use_safetensors=None if gguf else True, **named)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise FileFormatError("transformers cannot load this model", where=path,
                              found=f"{type(error).__name__}: {error}") from error
    return model.eval(), tokenizer


def read_passages(path: Path) -> list[str]:
    """Lines of a text file that hold anything.

    Raises
    ------
    MissingFileError, CalibrationError
    """
    if not path.is_file():
        raise MissingFileError("there is no such text file", where=path)
    if path.stat().st_size > TEXT_LIMIT:
        raise CalibrationError("the text is too long", where=path,
                               found=f"{path.stat().st_size} bytes",
                               expected=f"at most {TEXT_LIMIT}")
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise CalibrationError("the text is not UTF-8", where=path, found=error) from error
    passages = [line for line in lines if line.strip()]
    if not passages:
        raise CalibrationError("the text is empty", where=path, expected="one passage a line")
    return passages


def collect_text(model_path: Path, text_path: Path) -> Mapping[str, Any]:
    """Queries, keys and values of every layer over the text; fields of ``Collected``."""
    passages = read_passages(text_path)
    model, tokenizer = load_model(model_path)
    samples = record(model, tokenised(tokenizer, passages))
    first = next(iter(samples.values()))[0].mask
    causal = bool(first.shape[0] > 1 and not first[0, 1:].any())
    return {
        "family": str(model.config.model_type),
        "causal": causal,
        "samples": samples,
        "provenance": {"model": model_path.name, "calibration":
                       f"{len(passages)} passages, {text_path.name}"},
    }


def tokenised(tokenizer: Any, passages: list[str]) -> Iterator[Mapping[str, Any]]:
    """One batch a passage: no padding, so nothing but text is calibrated on."""
    for passage in passages:
        yield tokenizer(passage, return_tensors="pt", truncation=True, max_length=TOKENS)
