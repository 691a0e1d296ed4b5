"""Trials are made here: calibrate, ask the model, compile where a chip's costs are wanted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from neuromorph.api.compile import compile_bundle
from neuromorph.api.evaluation.kept import key_of
from neuromorph.api.tuning.source import Subject
from neuromorph.api.tuning.store import Store
from neuromorph.api.tuning.trial import Trial
from neuromorph.bundle import Bundle
from neuromorph.errors import FitError, RangeProofError
from neuromorph.progress import Progress
from neuromorph.runtime import Tally
from neuromorph.shown import Shown
from neuromorph.translate import TranslateOptions, calibrate_layer, kept_samples


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
class Trials(Shown):
    """Makes trials of one subject, and keeps each as soon as it is done.

    Attributes
    ----------
    subject : Subject
    chip : Chip or None
        None leaves compiling out.
    work : Path, optional
        Folder of what is kept.
    seed : int
    progress : callable
    """

    subject: Subject
    chip: Chip | None
    work: Path | None
    seed: int
    progress: Progress

    def of(self, options: Sequence[TranslateOptions]) -> list[Trial]:
        """Trials of some options, in their order; those that are kept are not made again."""
        store = Store(None if self.work is None else self.work / self._key)
        made = []
        for one in options:
            known = store.get(one)
            if known is None:
                known = self._made(one)
                store.put(known)
            made.append(known)
        return made

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
            codes[name] = calibrate_layer(samples, options, name)
        collected = self.subject.collected
        return Bundle(collected.family, collected.causal, codes,
                      kept_samples(self.subject.measured), asdict(options))

    def _made(self, options: TranslateOptions) -> Trial:
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

    @property
    def _key(self) -> str:
        """Of what trials are made of: of other data they are others."""
        about: dict[str, Any] = {
            "files": self.subject.collected.provenance.get("files"), "seed": self.seed,
            "chip": None if self.chip is None else asdict(self.chip)}
        return key_of([json.dumps(about, sort_keys=True, default=str),
                       *self.subject.calibrated_on, *self.subject.judge.described()])


def costs_of(bundle: Bundle, tally: Tally) -> dict[str, float | None]:
    """Steps from one query to the next, mean over heads; and spikes of a query, measured."""
    steps = fmean(head.period for code in bundle.codes.values() for head in code.heads)
    return {"steps": steps, "spikes": tally.spikes / max(1, tally.queries),
            "forced": tally.forced_a_query}


def _said(options: TranslateOptions) -> str:
    """The options in a few words."""
    return (f"{options.spikes}, {options.slots} slots, step {options.step_nats:.3g}, window "
            f"{options.window_nats:g}, margin {options.margin_nats:g}")
