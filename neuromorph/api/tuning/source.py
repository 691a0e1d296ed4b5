"""What is tuned: a model, or a bundle made from one, with data to calibrate and to judge by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from neuromorph.api.collect import DIGITS, Collected, collect
from neuromorph.api.digits_source import weights_of
from neuromorph.api.evaluation.windows import LENGTH, Bounds, Window, cut
from neuromorph.api.original import check_same
from neuromorph.api.tuning.judge import Judge, OfImages, OfText
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.bundle.manifest import kind_said
from neuromorph.bundle.whole.bundle import KIND
from neuromorph.errors import CalibrationError, UsageError
from neuromorph.files.outputs import MANIFEST
from neuromorph.models.digits import DigitsViT, load_split
from neuromorph.progress import Progress
from neuromorph.shown import Shown
from neuromorph.translate import Sample, TranslateOptions, with_slots

JUDGED = 4096
"""Tokens that a model is asked about, if nobody says how many: each trial asks about all."""


@dataclass(frozen=True, repr=False)
class Data(Shown):
    """Where all comes from.

    Attributes
    ----------
    source : path
        A model or a bundle of attention.
    against : path, optional
        The model that the bundle was made from, where it does not lie in the bundle.
    calibrate : path, optional
    text : path, optional
        What the model is asked about; other text than what it is calibrated on.
    bounds : Bounds
    """

    source: Path
    against: Path | None = None
    calibrate: Path | None = None
    text: Path | None = None
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, eq=False, repr=False)
class Subject(Shown):
    """All that trials start from.

    Attributes
    ----------
    model : Path
        What is exported in the end.
    default : TranslateOptions
        The bundle's own options, or the usual ones; with slots.
    collected : Collected
    fitted, measured : dict of layer name to list of Sample
        What trials are calibrated on, and what their bundles keep a sample of.
    judge : Judge
    calibrated_on : tuple of bytes and str
        The data, as it lies on disk, and as how long sequences it is read.
    """

    model: Path
    default: TranslateOptions
    collected: Collected
    fitted: Mapping[str, Sequence[Sample]]
    measured: Mapping[str, Sequence[Sample]]
    judge: Judge
    calibrated_on: tuple[bytes | str, ...] = ()


def read_subject(
    data: Data, options: TranslateOptions | None, seed: int, progress: Progress
) -> Subject:
    """Read model and data, and run the calibration data through the model.

    Parameters
    ----------
    data : Data
    options : TranslateOptions, optional
        What a model starts from; a bundle has its own.
    seed : int
        Of the samples that calibration leaves out, as in an export.
    progress : callable

    Raises
    ------
    UsageError, InputError
        If something is missing, cannot be read, or does not fit.
    """
    bundle = _bundle(data.source)
    if bundle is not None and options is not None:
        raise UsageError("a bundle has options of its own", where=data.source,
                         hint="name the model in its place to start from others")
    model = data.source if bundle is None else _model_of(bundle, data.against)
    start = options or TranslateOptions() if bundle is None else _options_of(bundle)
    _check_text(model, data)
    collected = collect(model, data.calibrate, progress, start.slots)
    if bundle is not None:
        check_same(bundle, dict(collected.provenance.get("files", {})), model)
    content = b"" if data.calibrate is None else data.calibrate.read_bytes()
    told = (content, str(start.slots))
    if start.slots is None:
        start = _with_slots(start, collected)
    judge = _judge(model, collected, data, start, seed, progress)
    kept, tried = collected.divide(seed)
    return Subject(model, start, collected, collected.chosen(kept),
                   collected.chosen(tried or kept), judge, told)


def _bundle(source: Path) -> Bundle | None:
    """The bundle, if it is one."""
    if not (source.is_dir() and (source / MANIFEST).is_file()):
        return None
    if kind_said(source) == KIND:
        raise UsageError("a whole model is not tuned: attention alone is", where=source,
                         hint="each trial would translate and prove every block anew: tune the "
                         "model's attention, and export it with --whole and the options that "
                         "come out")
    return load_bundle(source)


def _model_of(bundle: Bundle, against: Path | None) -> Path:
    if against is not None:
        return against
    if bundle.model_file is None:
        raise UsageError("codes are made anew from the model, which is not in the bundle",
                         where=bundle.path, hint="name the model with --against, and what it is "
                         "calibrated on with --calibrate (in Python against=, calibrate=)")
    return bundle.model_file


def _options_of(bundle: Bundle) -> TranslateOptions:
    """Those that it was made with; what a later version knows besides has its usual value.

    A mass that windows keep would hide the axis of windows.
    """
    names = {one.name for one in fields(TranslateOptions)} - {"keep_mass"}
    given: dict[str, Any] = {name: value for name, value in bundle.options.items()
                             if name in names}
    return TranslateOptions(**given)


def _check_text(model: Path, data: Data) -> None:
    """Models that take text are asked about some; it is said before minutes of work."""
    if data.calibrate is not None and data.calibrate.suffix.lower() == ".txt":
        if data.text is None:
            raise UsageError("there is no text to judge by", where=model,
                             hint="give --text FILE, one passage a line, that it is not "
                             "calibrated on (in Python text=)")
        if data.text.exists() and data.text.samefile(data.calibrate):
            raise UsageError("it would be judged by what it is calibrated on", where=data.text,
                             hint="give another text")


def _with_slots(options: TranslateOptions, collected: Collected) -> TranslateOptions:
    """As an export chooses them."""
    if collected.any_length:
        return with_slots(options, collected.samples, most=collected.positions)
    longest = max(sample.keys.shape[1] for seen in collected.samples.values() for sample in seen)
    return replace(options, slots=longest)


def _judge(
    model: Path, collected: Collected, data: Data, options: TranslateOptions, seed: int,
    progress: Progress,
) -> Judge:
    if collected.family == DIGITS:
        if data.text is not None:
            raise UsageError("the digits model takes no text", where=model, found=str(data.text),
                             hint="leave it out: its own images are taken")
        part = load_split().validation  # the test images are not chosen by
        return OfImages(DigitsViT.load(weights_of(model)), part, seed)
    if data.text is None:
        raise CalibrationError("a model is judged by itself, on text", where=model,
                               found=str(data.calibrate),
                               hint="calibrate on text (--calibrate FILE.txt), and give other "
                               "text to judge by (--text FILE.txt)")
    progress("reading the model")
    from neuromorph.huggingface.loading import load_model

    live, tokenizer = load_model(model, causal=collected.causal)
    return OfText(live, _windows(tokenizer, data.text, data.bounds, collected, options), seed)


def _windows(
    tokenizer: Any, text: Path, bounds: Bounds, collected: Collected, options: TranslateOptions
) -> list[Window]:
    """What is asked about: windows as long as a context has room, some thousand tokens."""
    from neuromorph.huggingface.loading import quietly
    from neuromorph.huggingface.texts import read_passages

    if bounds.windows is None and bounds.tokens is None:
        bounds = replace(bounds, tokens=JUDGED)
    slots = options.slots or LENGTH
    length = bounds.length_for(slots, min(slots, collected.positions or slots))
    with quietly():
        return cut(read_passages(text), lambda one: tokenizer(one)["input_ids"], bounds,
                   length, only_first=not collected.causal)
