"""Report: a page of one's own bundle, with pictures, that a browser opens."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neuromorph.api.compile import compile_bundle
from neuromorph.api.digits_source import digits_original
from neuromorph.api.evaluate import WORK, Evaluation, evaluate
from neuromorph.api.evaluation.models import is_digits
from neuromorph.api.evaluation.windows import Bounds
from neuromorph.api.inspect import describe
from neuromorph.api.plots import bundle_figures, pngs, whole_figures
from neuromorph.api.simulate import SimulationReport, simulate
from neuromorph.api.tokens import tokens_of
from neuromorph.bundle import Bundle
from neuromorph.bundle.kinds import AnyBundle, load_any
from neuromorph.bundle.whole import WholeBundle
from neuromorph.deploy.outcome import CompileReport
from neuromorph.errors import UsageError
from neuromorph.files.atomic import check_new, write_file
from neuromorph.files.opening import StrPath
from neuromorph.look import chips, energy, hidden
from neuromorph.models.digits import load_split
from neuromorph.parallel import HERE, Spread
from neuromorph.progress import Progress, silent
from neuromorph.report.bundle_page import BundleFacts, render_bundle_page
from neuromorph.report.canvas import require_matplotlib
from neuromorph.shown import Shown
from neuromorph.translate import HeadFidelity
from neuromorph.translate.transformer.digits import digits_patches

TOKENS = 64
"""Of a whole language model's text, those whose attention is looked at."""


@dataclass(frozen=True, eq=False, repr=False)
class PageReport(Shown):
    """What a page holds.

    Attributes
    ----------
    page : Path
    facts : BundleFacts
    evaluation : Evaluation, optional
    """

    page: Path
    facts: BundleFacts
    evaluation: Evaluation | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"page": str(self.page), "bundle": self.facts.described["path"],
                "pictures": list(self.facts.pictures),
                "evaluation": None if self.evaluation is None else self.evaluation.as_dict(),
                "fits": None if self.facts.compiled is None else self.facts.compiled["fits"],
                "warnings": list(self.facts.warnings)}


@dataclass(frozen=True, repr=False)
class Asked(Shown):
    """What a page shall hold besides.

    Attributes
    ----------
    text, against : path, optional
        What the bundle is evaluated on, and the float model; see `evaluate`.
    bounds : Bounds
    profile : str, optional
        A chip or board that it is placed on.
    seed : int
        Of the intervals.
    """

    text: StrPath | None = None
    against: StrPath | None = None
    bounds: Bounds = field(default_factory=Bounds)
    profile: str | None = None
    seed: int = 0


def report_page(
    bundle: StrPath, page: StrPath, asked: Asked | None = None, *, force: bool = False,
    work: StrPath | None = WORK, spread: Spread = HERE, progress: Progress = silent,
) -> PageReport:
    """Look at a bundle from all sides, and write one HTML file: no script, nothing fetched.

    Parameters
    ----------
    bundle : path
        Of attention, or of a whole model.
    page : path
        The file.
    asked : Asked, optional
        Without a text there is no evaluation, but of the digits model, which has its own images;
        without a profile no chip.
    force : bool
        Replace a file that stands there.
    work, spread
        Where windows of the evaluation are kept, and run; see `evaluate`.
    progress : callable, optional

    Raises
    ------
    MissingExtraError
        Without matplotlib, before anything is done.
    OutputExistsError, WriteError
    NeuromorphError
        If the bundle cannot be read, evaluated or placed.
    """
    wanted = asked or Asked()
    check_new(Path(page), force=force)
    require_matplotlib()
    loaded = load_any(bundle)
    if not isinstance(loaded, Bundle | WholeBundle):
        raise UsageError("a page is made of bundles of attention, and of whole models",
                         where=bundle, found="a bundle of memories",
                         hint="neuromorph simulate has tables of what memories lose")
    place = Path(os.fspath(bundle))
    compiled = None if wanted.profile is None else compile_bundle(
        place, wanted.profile, progress=progress)
    evaluation = _evaluated(loaded, place, wanted, work, spread, progress)
    seen = _seen(loaded, wanted, progress)
    progress("drawing")
    facts = BundleFacts(
        describe(place), sum(file.stat().st_size for file in place.iterdir() if file.is_file()),
        _command(place, Path(page), wanted), seen.fidelity, seen.on,
        seen.simulated.as_dict() if seen.simulated else {},
        None if evaluation is None else evaluation.as_dict(),
        None if compiled is None else compiled.report,
        pngs(seen.figures | _more_figures(evaluation, compiled)),
        [str(caution) for caution in (seen.simulated or loaded).cautions],
        _next(place, loaded, wanted))
    write_file(page, render_bundle_page(facts), force=force)
    return PageReport(Path(page), facts, evaluation)


def _evaluated(
    loaded: AnyBundle, place: Path, asked: Asked, work: StrPath | None, spread: Spread,
    progress: Progress,
) -> Evaluation | None:
    own = isinstance(loaded, WholeBundle) and is_digits(loaded)
    if asked.text is None and not own:
        if asked.against is not None:
            raise UsageError("a float model is named, and no text to hold it against",
                             where=place, hint="add --text FILE (in Python text=)")
        return None
    return evaluate(place, asked.text, against=asked.against, bounds=asked.bounds, seed=asked.seed,
                    work=work, spread=spread, progress=progress)


class _Seen(NamedTuple):
    """What attention was looked at, and on what."""

    figures: dict[str, Any]
    fidelity: Sequence[HeadFidelity]
    on: str
    simulated: SimulationReport | None = None


def _seen(loaded: Bundle | WholeBundle, asked: Asked, progress: Progress) -> _Seen:
    """Heads, maps and a raster: of a bundle's sample, or of a whole model on one sequence."""
    if isinstance(loaded, Bundle):
        done = simulate(loaded, progress=progress)
        if not isinstance(done, SimulationReport):
            raise UsageError("this is no bundle of attention", where=loaded.path)
        return _Seen(bundle_figures(loaded, done.fidelity, progress), done.fidelity,
                     "the bundle's own sample", done)
    if is_digits(loaded):
        patch = digits_original(loaded, asked.against).config.patch
        inputs, on = digits_patches(load_split().test.images[:1], patch)[0], "the first test image"
    elif asked.text is None:
        return _Seen({}, (), "")
    else:
        from neuromorph.huggingface.texts import read_passages

        most = min(TOKENS, loaded.model.slots, loaded.model.positions or TOKENS)
        inputs = np.array(tokens_of(loaded).encode(read_passages(Path(asked.text))[0])[:most])
        on = f"the first {len(inputs)} tokens of the text"
    figures, fidelity = whole_figures(loaded, inputs, progress)
    return _Seen(figures, fidelity, on)


def _more_figures(evaluation: Evaluation | None, compiled: CompileReport | None) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if evaluation is not None and evaluation.found["cosine_by_layer"]:
        figures["hidden"] = hidden(evaluation)
    if compiled is not None and compiled.report["fits"]:
        figures["chips"] = chips(compiled)
        if compiled.report["energy_joules"] is not None:
            figures["energy"] = energy(compiled)
    return figures


def _command(place: Path, page: Path, asked: Asked) -> str:
    given = {"--text": asked.text, "--against": asked.against, "--windows": asked.bounds.windows,
             "--length": asked.bounds.length, "--tokens": asked.bounds.tokens,
             "--profile": asked.profile, "--seed": asked.seed or None}
    words = ["neuromorph", "report", str(place), "-o", str(page)]
    for option, value in given.items():
        words += [] if value is None else [option, str(value)]
    return shlex.join(words)


def _next(place: Path, loaded: AnyBundle, asked: Asked) -> Mapping[str, str]:
    """Lines to type; words in capitals are yours to choose."""
    here, lines = shlex.quote(str(place)), {}
    heads = isinstance(loaded, Bundle)
    named = " --against MODEL" if isinstance(loaded, Bundle) and not loaded.model_file else ""
    if asked.text is None and not (isinstance(loaded, WholeBundle) and is_digits(loaded)):
        against = " --against MODEL" if heads else ""
        lines["Say what the whole model loses, on a text that it was not calibrated on"] = (
            f"neuromorph report {here} -o PAGE --text TEXT{against}")
    if asked.profile is None:
        lines["See where it lies on a chip, and what it may take"] = (
            f"neuromorph report {here} -o PAGE --profile kapoho_point")
    lines["Get a folder with a checked program that a lab can run"] = (
        f"neuromorph compile {here} -o LAB")
    if heads:
        lines |= {
            "Run it on inputs of your own, and keep spike times and pictures":
                f"neuromorph simulate {here} --inputs INPUTS.npz -o RUN --plot PICTURES",
            "Make windows follow text of another kind, where many spikes are forced":
                f"neuromorph adapt {here} --text TEXT{named} -o ADAPTED",
            "Run a PyTorch model of your own with it: its answers, and who looks at whom":
                'python -c "import neuromorph; '
                f'help(neuromorph.attach)"   # attach(model, {str(place)!r}).attention(0)'}
    elif loaded.report()["tokenizer"] if isinstance(loaded, WholeBundle) else False:
        lines["Let it write"] = f'neuromorph generate {here} "PROMPT"'
    return lines
