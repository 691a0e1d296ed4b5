"""Evaluate: what a bundle or an attached model lost against the float model, on a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from neuromorph.api.collect import DIGITS
from neuromorph.api.digits_source import digits_original
from neuromorph.api.evaluation.figures import Figures, Kind, of_classes, of_encoder, of_language
from neuromorph.api.evaluation.kept import Kept, key_of
from neuromorph.api.evaluation.sides import FloatNumpy, FloatTorch, Integers, Side, Spiking
from neuromorph.api.evaluation.summary import summary
from neuromorph.api.evaluation.windows import Bounds, Window, cut
from neuromorph.api.original import load_original
from neuromorph.api.seed import check_seed
from neuromorph.api.tokens import tokens_of
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.bundle.manifest import kind_said
from neuromorph.bundle.whole import WholeBundle, load_whole
from neuromorph.bundle.whole.bundle import KIND
from neuromorph.circuits.transformer.numbers import Read
from neuromorph.errors import UsageError
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import MANIFEST
from neuromorph.models.digits import load_split
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown
from neuromorph.translate import Caution
from neuromorph.translate.transformer.digits import digits_patches, digits_transformer

WORK = Path("out/evaluate")
"""Where what is done so far is kept, in a folder for each evaluation."""


@dataclass(frozen=True, repr=False)
class Evaluation(Shown):
    """What an evaluation found.

    Attributes
    ----------
    found : dict
        Figures: ``perplexity_ratio`` with its ``interval`` and ``kl``, ``top1`` and ``tokens`` of
        a language model; ``cosine`` of an encoder; ``cosine_by_layer``.
    resumed : int
        Windows that an earlier run, which was stopped, had done.
    about : dict
        Which bundle, of which family.
    notes : tuple of str
    cautions : tuple of Caution
        Those of the bundle.
    """

    found: dict[str, Any]
    resumed: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**self.about, **self.found, "notes": list(self.notes),
                "warnings": [caution.as_dict() for caution in self.cautions]}


@dataclass(frozen=True, eq=False, repr=False)
class Task(Shown):
    """Two models, and the windows that both are asked about.

    Attributes
    ----------
    ours, floats : Side
    windows : list of Window
    kind : str
        What they answer with.
    key : str
        What the evaluation is known by when it goes on; empty, if it cannot.
    """

    ours: Side
    floats: Side
    windows: Sequence[Window]
    kind: Kind
    key: str = ""


def evaluate(
    bundle: WholeBundle | Bundle | StrPath, text: StrPath | None = None, *,
    against: StrPath | None = None, bounds: Bounds | None = None, seed: int = 0,
    work: StrPath | None = None, progress: Progress = silent,
) -> Evaluation:
    """Run a text through a bundle and through the float model that it was made from.

    Parameters
    ----------
    bundle : WholeBundle, Bundle or path
        A whole model in integers; or attention in spikes, which is attached to the model.
    text : path, optional
        UTF-8, one passage a line; other text than what it was calibrated on. The digits model
        takes none, and is asked about the images of its test split.
    against : path, optional
        The float model; where it was when the bundle was made, if left out.
    bounds : Bounds, optional
        How much of the text is evaluated, and in windows of how many tokens.
    seed : int
        Of the interval's resampling.
    work : path, optional
        Folder for what is done so far. An evaluation of the same inputs that was stopped goes on
        from there, to the same figures; it is empty again when it is done.
    progress : callable, optional

    Raises
    ------
    MissingExtraError
        Without torch and transformers.
    InputError, UsageError
        If the bundle, the model or the text cannot be read, or do not fit each other.
    """
    check_seed(seed)
    bounds = bounds or Bounds()
    loaded = _loaded(bundle)
    progress("reading the models")
    task = _task(loaded, None if text is None else Path(text), against, bounds)
    done = run(task, seed=seed, work=work, progress=progress)
    about = {"bundle": None if loaded.path is None else str(loaded.path), "family": loaded.family}
    return replace(done, about=about, cautions=loaded.cautions)


def evaluate_attached(
    attachment: Any, texts: Sequence[str], tokenizer: Any, *, bounds: Bounds | None = None,
    seed: int = 0, progress: Progress = silent,
) -> Evaluation:
    """The same of a model whose attention was switched to spikes by `neuromorph.attach`.

    Parameters
    ----------
    attachment : Attachment
        It is attached afterwards if it was before.
    texts : sequence of str
        Documents.
    tokenizer : transformers tokenizer
    bounds, seed, progress
        As of `evaluate`.

    Raises
    ------
    UsageError
        If the model says neither logits nor hidden states of each token.
    """
    check_seed(seed)
    attached = attachment.attached
    try:
        attachment.detach()
        slots = min(code.shared.slots for code in attachment.codes.values())
        task = _spiking(attachment, tokenizer, texts, bounds or Bounds(), slots)
        done = run(task, seed=seed, progress=progress)
    finally:
        if attached:
            attachment.attach()
    return replace(done, cautions=tuple(attachment.cautions))


def run(
    task: Task, *, seed: int = 0, work: StrPath | None = None, progress: Progress = silent
) -> Evaluation:
    """Ask both models about every window, and put the figures together.

    Raises
    ------
    WriteError
        If what is done cannot be kept.
    """
    kept = Kept(Path(work) / task.key if work is not None and task.key else None)
    figures: list[Figures] = []
    resumed = 0
    for number, window in enumerate(task.windows):
        known = kept.get(number, len(window.ids), task.kind)
        resumed += known is not None
        if known is None:
            progress(f"window {number + 1} of {len(task.windows)}")
            known = _figures(task, window)
            kept.put(number, known)
        figures.append(known)
    progress("drawing intervals")
    found = summary(figures, [window.document for window in task.windows], seed)
    tokens = sum(len(window.ids) for window in task.windows)
    kept.clear(len(task.windows))
    return Evaluation({**found, "tokens": tokens}, resumed)


def _figures(task: Task, window: Window) -> Figures:
    ours, floats = task.ours.said(window.ids), task.floats.said(window.ids)
    if task.kind == "language":
        return of_language(window.ids, ours, floats)
    if window.label is not None:
        return of_classes(window.label, ours, floats)
    return of_encoder(ours, floats)


def _loaded(bundle: WholeBundle | Bundle | StrPath) -> WholeBundle | Bundle:
    if isinstance(bundle, WholeBundle | Bundle):
        return bundle
    return load_whole(bundle) if kind_said(bundle) == KIND else load_bundle(bundle)


def _task(
    bundle: WholeBundle | Bundle, text: Path | None, against: StrPath | None, bounds: Bounds
) -> Task:
    if isinstance(bundle, WholeBundle) and bundle.family == DIGITS:
        if text is not None:
            raise UsageError("the digits model takes no text", where=bundle.path, found=str(text),
                             hint="leave it out: its own test images are taken")
        return _digits(bundle, against, bounds)
    if text is None:
        raise UsageError("there is no text to evaluate on", where=bundle.path,
                         hint="give --text FILE, one passage a line (in Python text=)")
    from neuromorph.huggingface.texts import read_passages

    passages = read_passages(text)
    if isinstance(bundle, WholeBundle):
        return _whole(bundle, passages, against, bounds)
    return _attention(bundle, passages, against, bounds)


def _digits(bundle: WholeBundle, against: StrPath | None, bounds: Bounds) -> Task:
    """Images of the test split: no text, no torch."""
    vit = digits_original(bundle, against)
    test = load_split().test
    patches = digits_patches(test.images, vit.config.patch)
    windows = [Window(n, image, int(label)) for n, (image, label) in enumerate(
        zip(patches, test.labels, strict=True))][: bounds.windows]
    return Task(Integers(bundle), FloatNumpy(digits_transformer(vit)), windows, "classes",
                _key_of(bundle.path, windows))


def _whole(
    bundle: WholeBundle, passages: Sequence[str], against: StrPath | None, bounds: Bounds
) -> Task:
    model, tokens = bundle.model, tokens_of(bundle)
    language = model.head.read == "each" and model.head.dense is not None
    if model.head.read == "each" and not language:
        raise UsageError("a model that ends before its head has no answer to compare",
                         where=bundle.path, hint="export all of it, without --partial")
    length = bounds.length_for(model.slots, model.positions)
    windows = cut(passages, tokens.encode, bounds, length, only_first=not language)
    floats = load_original(bundle, against, "against")[0]
    return Task(Integers(bundle), FloatTorch(floats, model.head.read), windows,
                "language" if language else "encoder", _key_of(bundle.path, windows))


def _attention(
    bundle: Bundle, passages: Sequence[str], against: StrPath | None, bounds: Bounds
) -> Task:
    if against is None:
        raise UsageError("a bundle of attention is evaluated inside its model",
                         where=bundle.path, hint="name the model with --against (in Python "
                         "against=)")
    from neuromorph.huggingface.attachment import attach
    from neuromorph.huggingface.loading import load_model

    model, tokenizer = load_model(Path(against), causal=bundle.causal)
    attachment = attach(model, bundle)
    attachment.detach()
    slots = min(code.shared.slots for code in bundle.codes.values())
    task = _spiking(attachment, tokenizer, passages, bounds, slots)
    return replace(task, key=_key_of(bundle.path, task.windows))


def _spiking(
    attachment: Any, tokenizer: Any, passages: Sequence[str], bounds: Bounds, slots: int,
) -> Task:
    from neuromorph.huggingface.loading import quietly
    from neuromorph.huggingface.recording import positions

    model = attachment.model
    language = model.get_output_embeddings() is not None
    length = bounds.length_for(slots, min(slots, positions(model) or slots))
    with quietly():
        windows = cut(passages, lambda text: tokenizer(text)["input_ids"], bounds, length,
                      only_first=not language)
    read: Read = "each" if language else "mean"
    return Task(Spiking(attachment, read), FloatTorch(model, read), windows,
                "language" if language else "encoder")


def _described(windows: Sequence[Window]) -> list[bytes | str]:
    """What windows hold: of another text, length or number of them it is another."""
    return [part for window in windows for part in (str(window.document), window.ids.tobytes())]


def _key_of(path: Path | None, windows: Sequence[Window]) -> str:
    """Of a bundle on disk, whose manifest has the checksums of all files; else there is none."""
    return "" if path is None else key_of([(path / MANIFEST).read_bytes(), *_described(windows)])
