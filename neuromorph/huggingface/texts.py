"""Calibrate on text: a Hugging Face folder or GGUF file, and one passage a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from neuromorph.errors import CalibrationError
from neuromorph.files.opening import RegularFile
from neuromorph.files.sniff import HEAD_BYTES, refuse_not_fetched
from neuromorph.huggingface.intercept.uncaught import Uncaught, stays_float
from neuromorph.huggingface.loading import as_error, load_model, open_weights, quietly
from neuromorph.huggingface.recording import (
    TOKENS,
    counted_tokens,
    is_causal,
    positions,
    record,
    size_of,
    tokenised,
)
from neuromorph.models.source import digests
from neuromorph.translate import Sample, cautions

TEXT_LIMIT = 1 << 24
SAMPLE_BYTES = 1 << 31
"""What calibration samples may take; if a text would give more, passages are left out."""


class ReadText(NamedTuple):
    """A live model, its tokenizer, its files with their checksums, and a text as its batches."""

    model: Any
    tokenizer: Any
    files: Mapping[str, Any]
    batches: Sequence[Mapping[str, Any]]


@contextmanager
def running_text(model_path: Path, text_path: Path, tokens: int = TOKENS) -> Iterator[ReadText]:
    """Read a model and a text for it; what fails while it runs on it is a `CalibrationError`."""
    passages = read_passages(text_path)
    with closing(open_weights(model_path)) as weights:
        model, tokenizer = load_model(model_path)
        files = digests(weights.files)
    with quietly(), as_error(CalibrationError, "the model cannot be run on this text", model_path):
        batches = tokenised(model, tokenizer, passages, tokens)
        if not batches:
            raise CalibrationError("the text holds no tokens", where=text_path)
        check_ids(model, batches, model_path)
        yield ReadText(model, tokenizer, files, batches)


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
    with running_text(model_path, text_path, tokens) as read:
        model, batches = read.model, read.batches
        uncaught = Uncaught()
        lengths = [int(batch["input_ids"].shape[1]) for batch in batches]
        samples, chosen, notes = recorded(model, batches, lengths, uncaught, "passages")
    return {
        "family": str(model.config.model_type), "causal": is_causal(samples), "samples": samples,
        "provenance": {"model": model_path.name, "files": read.files,
                       "calibration": f"{len(chosen)} passages, {text_path.name}"},
        "notes": notes, "positions": positions(model),
        "cautions": [*cautions.of_tokens(*counted_tokens(read.tokenizer, chosen)),
                     *stays_float(model, samples, uncaught)],
    }


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
    refuse_not_fetched(bytes(content[:HEAD_BYTES]), "a text to calibrate on", path)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise CalibrationError("the text is not UTF-8", where=path, found=error) from error
    passages = [line for line in lines if line.strip()]
    if not passages:
        raise CalibrationError("the text is empty", where=path, expected="one passage a line")
    return passages


def check_ids(model: Any, batches: Sequence[Mapping[str, Any]], where: Path) -> None:
    """The tokenizer of another model can give ids that this one has no row for.

    Raises
    ------
    CalibrationError
    """
    rows = _rows(model)
    highest = max(int(batch["input_ids"].max()) for batch in batches)
    if rows is not None and highest >= rows:
        raise CalibrationError("the tokenizer gives tokens that the model does not know",
                               where=where, found=f"token {highest}", expected=f"below {rows}",
                               hint="it belongs to another model")


def _rows(model: Any) -> int | None:
    """How many tokens a model has numbers for; None where it makes them otherwise."""
    try:
        table = model.get_input_embeddings()
    except NotImplementedError:
        return None
    weight = getattr(table, "weight", None)
    return None if weight is None else len(weight)


def recorded(
    model: Any, batches: Sequence[Mapping[str, Any]], lengths: Sequence[int], uncaught: Uncaught,
    what: str,
) -> tuple[dict[str, list[Sample]], Sequence[Mapping[str, Any]], tuple[str, ...]]:
    """Samples of all inputs, or of every second, third, … so that they fit in `SAMPLE_BYTES`.

    The first input is among them whatever the step, and says how much room a token takes.

    Parameters
    ----------
    model : transformers model
    batches : sequence of mapping
        Of one input each.
    lengths : sequence of int
        Tokens of each, or as many as in proportion to the first.
    uncaught : Uncaught
    what : str
        What inputs are called.

    Returns
    -------
    samples, the batches that were run, notes
    """
    first = record(model, batches[:1], uncaught)
    a_token = sum(map(size_of, first.values())) / lengths[0]
    masks = len({id(sample.mask) for seen in first.values() for sample in seen})

    def needed(step: int) -> float:
        return sum(n * a_token + masks * n * n for n in lengths[::step])

    step = next(n for n in count(1) if n >= len(batches) or needed(n) <= SAMPLE_BYTES)
    chosen = batches[::step]
    others = record(model, chosen[1:], uncaught) if len(chosen) > 1 else {}
    samples = {name: [*first.get(name, ()), *others.get(name, ())] for name in first | others}
    if step == 1:
        return samples, chosen, ()
    return samples, chosen, (some_only(len(chosen), len(batches), what),)


def some_only(chosen: int, count: int, what: str = "passages") -> str:
    """The note that some inputs were left out."""
    return (f"calibrated on {chosen} of {count} {what}, evenly spread: more would not fit in "
            f"{SAMPLE_BYTES >> 20} MiB")
