"""Tune: what a wanted fidelity costs, and the bundle that has it at least cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from neuromorph.api.evaluation.windows import Bounds
from neuromorph.api.export import check_apart, export
from neuromorph.api.seed import check_seed
from neuromorph.api.tuning.heads import HeadLoss, worst_heads
from neuromorph.api.tuning.search import Search
from neuromorph.api.tuning.source import Data, Subject, read_subject
from neuromorph.api.tuning.space import slots_tried
from neuromorph.api.tuning.trial import COMPILED, COSTS, By, Trial, frontier
from neuromorph.api.tuning.trials import Chip, Maker, There, Trials, stamp_of
from neuromorph.api.tuning.wish import Wish, check_known, parse_keep
from neuromorph.bundle import BUNDLE_FOLDER
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.files.atomic import check_target
from neuromorph.files.opening import StrPath
from neuromorph.parallel import HERE, Spread
from neuromorph.profiles import load_profile
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown
from neuromorph.translate import TranslateOptions

WORK = Path("out/tune")
"""Where trials are kept, in a folder for each model, its data and its chip."""

TRIALS = 32
"""Trials at most, if nobody says how many."""


@dataclass(frozen=True, eq=False, repr=False)
class TuneReport(Shown):
    """What a search found.

    Attributes
    ----------
    wishes : tuple of Wish
    by : str
        The cost that counted.
    trials : list of Trial
        All, in the order in which they were made; the first has the default options.
    best : Trial or None
        Of least cost among those that keep what was wished; None if none does.
    nearest : Trial or None
        What comes nearest, if none does.
    path : Path or None
        The bundle that was written.
    heads : list of HeadLoss
        Worst first, if they were asked about.
    about : dict
        What was tuned.
    refusal : UsageError or None
        That nothing keeps what was wished.
    """

    wishes: tuple[Wish, ...]
    by: By
    trials: list[Trial]
    best: Trial | None
    nearest: Trial | None = None
    path: Path | None = None
    heads: list[HeadLoss] = field(default_factory=list)
    about: Mapping[str, Any] = field(default_factory=dict)
    refusal: UsageError | None = None

    @property
    def default(self) -> Trial:
        """The trial of the options that it started from."""
        return self.trials[0]

    @property
    def default_is_best(self) -> bool:
        """Whether nothing that was tried is better than what it started from."""
        return self.best is self.default

    @property
    def frontier(self) -> list[Trial]:
        """Trials that no other beats in both cost and fidelity, cheapest first."""
        return frontier(self.trials, self.wishes[0], self.by)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            **self.about, "keep": [str(wish) for wish in self.wishes], "by": self.by,
            "kept": self.best is not None, "default_is_best": self.default_is_best,
            "best": None if self.best is None else self.best.as_dict(),
            "nearest": None if self.nearest is None else self.nearest.as_dict(),
            "bundle": None if self.path is None else str(self.path),
            "frontier": [self.trials.index(trial) for trial in self.frontier],
            "trials": [trial.as_dict() for trial in self.trials],
            "heads": [head.as_dict() for head in self.heads]}


def tune(
    source: StrPath, keep: str, *, against: StrPath | None = None,
    calibrate: StrPath | None = None, text: StrPath | None = None, bounds: Bounds | None = None,
    by: By = "steps", profile: str | None = None, programmable: bool = False,
    options: TranslateOptions | None = None, output: StrPath | None = None,
    trials: int = TRIALS, heads: int = 0, seed: int = 0, work: StrPath | None = None,
    spread: Spread = HERE, force: bool = False, progress: Progress = silent,
) -> TuneReport:
    """Search kinds of spikes, slots and options; write the bundle that keeps what is wished.

    Parameters
    ----------
    source : path
        A model, as `export` takes it, or a bundle of attention that was made from one.
    keep : str
        As ``"kl<=0.01"``; see `neuromorph.api.tuning.wish.METRICS`. With commas, several.
    against : path, optional
        The model that a bundle was made from, where the bundle does not hold it.
    calibrate, text : path, optional
        What trials are calibrated on, and the other text that the model judges them by. The
        digits model has images of its own for both.
    bounds : Bounds, optional
        How much of the text is asked about; 4096 tokens, if left out.
    by : {"steps", "spikes", "energy", "cores"}
        The cost that counts.
    profile : str, optional
        Compile each trial for this board, which tells its cores and energy. By energy or cores it
        is compiled anyway, for the smallest board that takes it.
    programmable : bool
        Let a Loihi 2 board run neurons of our own, which graded spikes need.
    options : TranslateOptions, optional
        What a model starts from; a bundle starts from its own.
    output : path, optional
        Folder of the new bundle; without, none is written.
    trials : int
        At most so many; all kinds and slots are tried anyway.
    heads : int
        Of so many heads it is asked what the model loses with each alone in spikes.
    seed : int
        Of the samples that are held out and of intervals; the search draws nothing.
    work : path, optional
        Folder in which trials are kept, so that a search that was stopped goes on.
    spread : Spread, optional
        Where trials are made: in this process, in several, or on a Dask cluster whose workers see
        the same files, to the same figures.
    force : bool
        Replace a bundle that stands there.
    progress : callable, optional

    Returns
    -------
    TuneReport
        With a ``refusal``, and nothing written, if no trial keeps what was wished.

    Raises
    ------
    NeuromorphError
        If something is missing or cannot be read.
    """
    wishes = parse_keep(keep)
    check_seed(seed)
    _check(by, trials, heads)
    if output is not None:
        check_apart(source, output)
        check_target(output, ours=BUNDLE_FOLDER, force=force)
    data = Data(Path(source).absolute(), _path(against), _path(calibrate), _path(text),
                bounds or Bounds())
    subject = read_subject(data, options, seed, progress)
    check_known(wishes, subject.judge.metrics)
    compiled = by in COMPILED or profile is not None or programmable
    chip = Chip(profile, programmable) if compiled else None
    maker = Maker(subject, chip, progress)
    there = There(data, options, seed, chip, stamp_of(subject, seed, chip))
    made = Trials(maker, there, _path(work), spread)
    longer = subject.collected.any_length and (options is None or options.slots is None)
    slots = slots_tried(subject.default.slots or 1, subject.collected.positions, longer=longer)
    fitted = (by in COMPILED and profile is not None
              and load_profile(profile).synapse.weight_bits_fitted)
    search = Search(subject.default, wishes, by, made.of, trials, fitted)
    found = search.run(slots)
    report = _report(search, found, data, subject)
    told = report.best or report.nearest
    if heads and told is not None:
        report = replace(report, heads=worst_heads(
            maker.bundle(told.options), subject.measured, subject.judge, heads, progress))
    if output is not None and report.best is not None:
        done = export(subject.model, output, calibrate=data.calibrate,
                      options=report.best.options, seed=seed, force=force, progress=progress)
        report = replace(report, path=done.path)
    return report


def _path(given: StrPath | None) -> Path | None:
    return None if given is None else Path(given).absolute()  # other processes stand elsewhere


def _check(by: str, trials: int, heads: int) -> None:
    if by not in COSTS:
        raise UsageError("no such cost", where="by", found=by, hint=did_you_mean(by, COSTS))
    for name, value, least in (("trials", trials, 1), ("heads", heads, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"{name} must be a whole number of at least {least}",
                             found=repr(value))


def _report(search: Search, found: Trial | None, data: Data, subject: Subject) -> TuneReport:
    about = {"source": str(data.source), "family": subject.collected.family,
             "layers": len(subject.fitted), "default": asdict(subject.default)}
    wishes = tuple(search.wishes)
    if found is not None and found.keeps(wishes):
        return TuneReport(wishes, search.by, search.trials, found, about=about)
    return TuneReport(wishes, search.by, search.trials, None, found, about=about,
                      refusal=_refusal(wishes, found, search))


def _refusal(wishes: Sequence[Wish], nearest: Trial | None, search: Search) -> UsageError:
    asked = ", ".join(map(str, wishes))
    if nearest is None:
        why = next((trial.refused for trial in search.trials if trial.refused), "none has a cost")
        return UsageError("no trial fits", found=why, hint="name another --profile, or leave it "
                          "out (in Python profile=)")
    values = ", ".join(f"{wish.metric.name} {wish.value(nearest.found):.5g}" for wish in wishes)
    options = nearest.options
    return UsageError(
        "nothing that was tried keeps what is wished", expected=asked,
        found=f"{values} at the nearest: {nearest.kind}, {options.slots} slots, step "
        f"{options.step_nats:.3g}, window {options.window_nats:g}, margin "
        f"{options.margin_nats:g}", hint="wish for less, allow more --trials, or calibrate on "
        "more data")
