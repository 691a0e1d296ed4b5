"""Trials are made here: calibrate, ask the model, compile where a chip's costs are wanted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from neuromorph._version import __version__
from neuromorph.api.compile import compile_bundle
from neuromorph.api.tuning.source import Data, Subject, read_subject
from neuromorph.api.tuning.store import Store, read
from neuromorph.api.tuning.trial import Trial
from neuromorph.bundle import Bundle
from neuromorph.errors import BackendError, FitError, RangeProofError
from neuromorph.parallel import HERE, JSON, Doing, Spread, Work, carry_out
from neuromorph.parallel.journal import digest_of
from neuromorph.progress import Progress, silent
from neuromorph.runtime import Tally, calibrated
from neuromorph.shown import Shown
from neuromorph.translate import TranslateOptions, kept_samples


@dataclass(frozen=True)
class Chip:
    """What trials are compiled for.

    Attributes
    ----------
    profile : str, optional
        The smallest that takes a trial, if left out.
    programmable : bool
        Let a Loihi 2 board run neurons of our own.
    """

    profile: str | None = None
    programmable: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Maker(Shown):
    """Makes trials of one subject.

    Attributes
    ----------
    subject : Subject
    chip : Chip or None
        None leaves compiling out.
    progress : callable
    """

    subject: Subject
    chip: Chip | None
    progress: Progress = silent

    def bundle(self, options: TranslateOptions) -> Bundle:
        """The bundle that an export would make.

        Raises
        ------
        RangeProofError
            If no circuit fits the options.
        """
        codes = {}
        for name, samples in self.subject.fitted.items():
            self.progress(f"{_said(options)}: translating {name}")
            codes[name] = calibrated(samples, options, name)[0]
        collected = self.subject.collected
        return Bundle(collected.family, collected.causal, codes,
                      kept_samples(self.subject.measured), asdict(options))

    def trial(self, options: TranslateOptions) -> Trial:
        """What comes of some options."""
        try:
            bundle = self.bundle(options)
        except RangeProofError as error:
            return Trial(options, {}, {}, refused=str(error))
        found, tally = self.subject.judge.verdict(
            bundle, lambda what: self.progress(f"{_said(options)}: {what}"))
        trial = Trial(options, found, costs_of(bundle, tally))
        return trial if self.chip is None else self._compiled(trial, bundle, self.chip)

    def _compiled(self, trial: Trial, bundle: Bundle, chip: Chip) -> Trial:
        try:
            report = compile_bundle(
                bundle, chip.profile, programmable=chip.programmable,
                progress=lambda what: self.progress(f"{_said(trial.options)}: {what}")).report
        except FitError as error:
            return replace(trial, refused=str(error), profile=chip.profile)
        if not report["fits"]:
            return replace(trial, refused=report["reason"], profile=report["profile"])
        joules = report.get("energy_total_joules")
        return replace(trial, profile=report["profile"], costs={
            **trial.costs, "cores": float(report["cores_used"]),
            "energy": None if joules is None else float(joules)})


@dataclass(frozen=True, repr=False)
class There(Shown):
    """How another process comes to a maker: it reads model and data itself.

    Attributes
    ----------
    data : Data
    options : TranslateOptions or None
    seed : int
    chip : Chip or None
    stamp : str
        Digest of all that is read.
    """

    data: Data
    options: TranslateOptions | None
    seed: int
    chip: Chip | None
    stamp: str

    def __call__(self) -> Maker:
        """Read it."""
        return Maker(read_subject(self.data, self.options, self.seed, silent), self.chip)


class _Here:
    """A maker that is in memory already."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker

    def __call__(self) -> Maker:
        return self._maker


def trial_of(maker: Maker, options: TranslateOptions) -> dict[str, Any]:
    """A trial, as plain values."""
    return maker.trial(options).as_dict()


@dataclass(frozen=True, eq=False, repr=False)
class Trials(Shown):
    """Trials of one subject, each kept as soon as it is done.

    Attributes
    ----------
    maker : Maker
    there : There
        The same for other processes.
    work : Path, optional
        Folder of what is kept.
    spread : Spread
        Where trials are made.
    """

    maker: Maker
    there: There
    work: Path | None = None
    spread: Spread = HERE

    def of(self, options: Sequence[TranslateOptions]) -> list[Trial]:
        """Trials of some options, in their order; those that are kept are not made again."""
        store = Store(None if self.work is None else self.work / self.there.stamp)
        found = {one: store.get(one) for one in options}
        left = [one for one, known in found.items() if known is None]

        def keep(number: int, made: Any) -> None:
            trial = read(made, left[number])
            if trial is None:
                raise BackendError("another process gave no trial of these options",
                                   found=_said(left[number]))
            found[left[number]] = trial
            store.put(trial)

        if left:
            setup = _Here(self.maker) if self.spread.here else self.there
            carry_out(Work("tune", Doing(setup, trial_of, JSON), left, "trial"), self.spread,
                      progress=self.maker.progress, each=keep)
        return [trial for one in options if (trial := found[one]) is not None]


def stamp_of(subject: Subject, seed: int, chip: Chip | None) -> str:
    """Of all that trials depend on besides their options: of other data they are others."""
    about: dict[str, Any] = {"files": subject.collected.provenance.get("files"), "seed": seed,
                             "chip": None if chip is None else asdict(chip),
                             "version": __version__}
    return digest_of([json.dumps(about, sort_keys=True, default=str), *subject.calibrated_on,
                      *subject.judge.described()])


def costs_of(bundle: Bundle, tally: Tally) -> dict[str, float | None]:
    """Steps from one query to the next, mean over heads; and spikes of a query, measured."""
    steps = fmean(head.period for code in bundle.codes.values() for head in code.heads)
    return {"steps": steps, "spikes": tally.spikes / max(1, tally.queries),
            "forced": tally.forced_a_query}


def _said(options: TranslateOptions) -> str:
    """The options in a few words."""
    return (f"{options.spikes}, {options.slots} slots, step {options.step_nats:.3g}, window "
            f"{options.window_nats:g}, margin {options.margin_nats:g}")
