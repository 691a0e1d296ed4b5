"""Evaluate: what a bundle or an attached model lost against the float model, on a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.crosstalk import crosstalk as mix
from neuromorph.api.digits_source import digits_original
from neuromorph.api.evaluation.figures import Figures, of_classes, of_encoder, of_language
from neuromorph.api.evaluation.models import (
    Models,
    Where,
    in_python,
    is_digits,
    models_of,
    models_of_attached,
    source_digest,
)
from neuromorph.api.evaluation.summary import summary
from neuromorph.api.evaluation.windows import Bounds, Window, cut
from neuromorph.api.own_whole import read_tokens
from neuromorph.api.seed import check_seed
from neuromorph.bundle import Bundle
from neuromorph.bundle.kinds import AnyBundle, load_any
from neuromorph.bundle.whole import WholeBundle
from neuromorph.errors import UsageError
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import MANIFEST
from neuromorph.models.digits import load_split
from neuromorph.parallel import ARRAYS, HERE, Doing, Spread, Work, carry_out
from neuromorph.parallel.journal import digest_of
from neuromorph.progress import Progress, silent
from neuromorph.report.evaluation import evaluation_rows, place
from neuromorph.shown import Shown, sentences
from neuromorph.translate import Caution
from neuromorph.translate.transformer.digits import digits_patches

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
    crosstalk : list of dict
        As of `CrosstalkReport.curve`, if it was asked for.
    """

    found: dict[str, Any]
    resumed: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    crosstalk: Sequence[dict[str, float]] = ()

    def glance(self) -> dict[str, Any]:
        """What a notebook shows: figures with their intervals, and the worst hidden states."""
        cosines = self.found["cosine_by_layer"]
        worst = min(range(len(cosines)), key=lambda n: cosines[n], default=None)
        return {**self.about, **evaluation_rows(self.as_dict()),
                "cosine of hidden states, at worst": None if worst is None else
                f"{cosines[worst]:.6f}, {place(worst, len(cosines) - 1)}",
                "notes": sentences(self.notes),
                "warnings": sentences(self.cautions)}

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        mixed = {"crosstalk": list(self.crosstalk)} if self.crosstalk else {}
        return {**self.about, **self.found, **mixed, "notes": list(self.notes),
                "warnings": [caution.as_dict() for caution in self.cautions]}


@dataclass(frozen=True, eq=False, repr=False)
class Task(Shown):
    """Two models, and the windows that both are asked about.

    Attributes
    ----------
    models : Models
    windows : list of Window
    where : Where, optional
        Models on disk, which other processes can load; those in memory stay in this one.
    known_by : mapping of str to str
        Digests of all that figures depend on; empty, if nothing is kept.
    """

    models: Models
    windows: Sequence[Window]
    where: Where | None = None
    known_by: Mapping[str, str] = field(default_factory=dict)


def evaluate(
    bundle: AnyBundle | StrPath, text: StrPath | None = None, *,
    against: StrPath | None = None, bounds: Bounds | None = None,
    crosstalk: Sequence[float] = (), seed: int = 0, work: StrPath | None = None,
    spread: Spread = HERE, progress: Progress = silent,
) -> Evaluation:
    """Run a text through a bundle and through the float model that it was made from.

    Parameters
    ----------
    bundle : WholeBundle, Bundle, MemoriesBundle or path
        A whole model in integers; or attention in spikes, or memories in integers, which are
        attached to the model.
    text : path, optional
        UTF-8, one passage a line; other text than what it was calibrated on. The digits model
        takes none, and is asked about the images of its test split. Of a whole model also an
        ``.npz`` with ``tokens`` (sequences, tokens), each sequence a document: what one of a
        person's own, without a tokenizer, takes.
    against : path, optional
        The float model; where it was when the bundle was made, if left out.
    bounds : Bounds, optional
        How much of the text is evaluated, and in windows of how many tokens.
    crosstalk : sequence of float, optional
        Strengths of mixing, as of `neuromorph.crosstalk`: what each head of a bundle of attention
        loses by it on the bundle's sample, beside what the model loses without.
    seed : int
        Of the interval's resampling, and of which slots mix.
    work : path, optional
        Folder for what is done so far. An evaluation of the same inputs that was stopped goes on
        from there, to the same figures; it is empty again when it is done.
    spread : Spread, optional
        Where windows are evaluated: in this process, in several, or on a Dask cluster, to the
        same figures.
    progress : callable, optional

    Raises
    ------
    MissingExtraError
        Without torch and transformers.
    InputError, UsageError
        If the bundle, the model or the text cannot be read, or do not fit each other.
    """
    check_seed(seed)
    loaded = load_any(bundle)
    mixed = _mixed(loaded, crosstalk, seed, progress) if crosstalk else []
    progress("reading the models")
    documents = _documents(loaded, None if text is None else Path(text))
    task = _task(loaded, documents, against, bounds or Bounds(),
                 asked=spread.here or loaded.path is None)
    done = run(task, seed=seed, work=work, spread=spread, progress=progress)
    about = {"bundle": None if loaded.path is None else str(loaded.path), "family": loaded.family}
    return replace(done, about=about, cautions=loaded.cautions, crosstalk=mixed)


def _mixed(
    bundle: AnyBundle, strengths: Sequence[float], seed: int, progress: Progress
) -> list[dict[str, float]]:
    if not isinstance(bundle, Bundle):
        raise UsageError("only slots of heads mix", where=bundle.path, found="no bundle of "
                         "attention", hint="leave --crosstalk out, or export attention alone")
    return mix(bundle, strengths, seed=seed, progress=progress).curve()


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
        models = models_of_attached(attachment, tokenizer)
        task = Task(models, _windows(models, texts, bounds or Bounds()))
        done = run(task, seed=seed, progress=progress)
    finally:
        if attached:
            attachment.attach()
    return replace(done, cautions=tuple(attachment.cautions))


def run(
    task: Task, *, seed: int = 0, work: StrPath | None = None, spread: Spread = HERE,
    progress: Progress = silent,
) -> Evaluation:
    """Ask both models about every window, and put the figures together, in the windows' order.

    Raises
    ------
    UsageError
        If models in memory are to be asked in other processes.
    WriteError
        If what is done cannot be kept.
    """
    if not spread.here and task.where is None:
        raise UsageError("models in memory cannot be sent to other processes",
                         hint="save the bundle, and give its path")
    setup = task.where if task.where is not None and not spread.here else _In(task.models)
    done = carry_out(
        Work(f"evaluate {task.where.bundle if task.where else ''}".strip(),
             Doing(setup, figures_of, ARRAYS), task.windows, "window", task.known_by),
        spread, keep=work, progress=progress)
    progress("drawing intervals")
    found = summary([Figures(**one) for one in done.results],
                    [window.document for window in task.windows], seed)
    done.journal.clear()
    return Evaluation({**found, "tokens": sum(len(window.ids) for window in task.windows)},
                      done.resumed)


def figures_of(models: Models, window: Window) -> dict[str, NDArray[np.float64]]:
    """The figures of a window, by name."""
    ours, floats = models.ours.said(window.ids), models.floats.said(window.ids)
    if models.kind == "language":
        found = of_language(window.ids, ours, floats)
    elif window.label is not None:
        found = of_classes(window.label, ours, floats)
    else:
        found = of_encoder(ours, floats)
    return found._asdict()


class _In:
    """Models that are in memory already."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def __call__(self) -> Models:
        return self._models


def _task(
    bundle: AnyBundle, documents: Sequence[Any], against: StrPath | None, bounds: Bounds,
    *, asked: bool = True,
) -> Task:
    models = models_of(bundle, against, asked=asked)
    windows = (_digits(bundle, against, bounds) if isinstance(bundle, WholeBundle)
               and is_digits(bundle) else _windows(models, documents, bounds))
    if bundle.path is None:
        return Task(models, windows)
    # A bundle's manifest has the checksums of all of its files.
    known_by = {"bundle": digest_of([(bundle.path / MANIFEST).read_bytes()]),
                "against": source_digest(bundle, against),
                "windows": digest_of([part for window in windows for part in (
                    str(window.document), window.ids.tobytes())])}
    where = Where(bundle.path.absolute(), None if against is None else Path(against).absolute(),
                  digest_of([known_by["bundle"], known_by["against"]]))
    return Task(models, windows, where, known_by)


def _documents(
    bundle: AnyBundle, text: Path | None
) -> Sequence[str] | Sequence[NDArray[np.int64]]:
    """What is read: passages of a text, or tokens; nothing for the digits model."""
    if isinstance(bundle, WholeBundle) and is_digits(bundle):
        if text is not None:
            raise UsageError("the digits model takes no text", where=bundle.path,
                             found=str(text), hint="leave it out: its own test images are taken")
        return ()
    if text is None:
        raise UsageError("there is no text to evaluate on", where=bundle.path,
                         hint="give --text FILE, one passage a line (in Python text=)" + (
                             ", or an .npz of tokens" if isinstance(bundle, WholeBundle)
                             else f"; {in_python(bundle)}"))
    if text.suffix.lower() == ".npz":
        return _sequences(bundle, text)
    from neuromorph.huggingface.texts import read_passages

    return read_passages(text)


def _sequences(bundle: AnyBundle, path: Path) -> list[NDArray[np.int64]]:
    if not isinstance(bundle, WholeBundle) or not bundle.model.embedding.of_tokens:
        raise UsageError("tokens are for a whole model that hears them", where=bundle.path,
                         found=str(path), hint="give what the model takes, --text FILE of a "
                         "language model")
    return list(read_tokens(path, len(bundle.model.embedding.weights))["tokens"])


def _digits(bundle: WholeBundle, against: StrPath | None, bounds: Bounds) -> list[Window]:
    """Images of the test split: no text, no torch."""
    test = load_split().test
    patches = digits_patches(test.images, digits_original(bundle, against).config.patch)
    return [Window(n, image, int(label)) for n, (image, label) in enumerate(
        zip(patches, test.labels, strict=True))][: bounds.windows]


def _windows(models: Models, documents: Sequence[Any], bounds: Bounds) -> list[Window]:
    """Of passages, or of tokens as they are."""
    return cut(documents, lambda one: models.encode(one) if isinstance(one, str) else one, bounds,
               bounds.length_for(models.slots, models.positions),
               only_first=models.kind != "language")
