"""Adapt: a bundle and other text in, a bundle whose windows follow that text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph.api.collect import Collected, collect
from neuromorph.api.export import MEASURED, check_apart, layer_fidelity
from neuromorph.api.original import check_same
from neuromorph.api.seed import check_seed
from neuromorph.bundle import Bundle, load_bundle, save_bundle
from neuromorph.bundle.bundle import BUNDLE_FOLDER
from neuromorph.bundle.manifest import kind_said
from neuromorph.bundle.whole.bundle import KIND
from neuromorph.dynamics.homeostasis import ALPHA, check_alpha
from neuromorph.errors import CalibrationError, UsageError
from neuromorph.files.atomic import check_target
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import MANIFEST
from neuromorph.models import Naming
from neuromorph.models.own import OWN
from neuromorph.progress import Progress, silent
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.shown import Shown
from neuromorph.translate import Caution, LayerCode, Sample, cautions
from neuromorph.translate.adapt import ROWS, Follow, adapt_layer, check_follow

HELD_OUT = 3
"""One passage in so many measures, and is not adapted to."""

WORSE = 1e-3
"""Of the mean cosine: what is lost to be warned of, and what at least is gained."""

RARE = 0.01
"""Forced spikes a query that do no harm, however few there were before."""


@dataclass(frozen=True)
class Fit:
    """How codes and windows fit some text.

    Attributes
    ----------
    clipped : float
        Share of codes.
    forced : float
        Forced spikes a query of a head.
    worst_forced : float
        The same of the layer with most.
    cosine : float
        To float attention, the mean over heads.
    steps : float
        A query, the mean over heads.
    """

    clipped: float
    forced: float
    worst_forced: float
    cosine: float
    steps: float


@dataclass(frozen=True, eq=False, repr=False)
class AdaptReport(Shown):
    """What adaptation did.

    Attributes
    ----------
    bundle : Bundle
    path : Path or None
        Where it was written, if it was.
    passages : tuple of int
        Adapted to, and measured on.
    before, after : Fit
        On other passages of the new text.
    own_before, own_after : Fit
        On the sample in the bundle, which it was made for.
    cautions : tuple of Caution
    """

    bundle: Bundle
    path: Path | None
    passages: tuple[int, int]
    before: Fit
    after: Fit
    own_before: Fit
    own_after: Fit
    cautions: tuple[Caution, ...] = field(default=())

    @property
    def gained(self) -> bool:
        """Whether heads got better on the new text: nearer to float, or with less forced."""
        return (self.after.cosine - self.before.cosine > WORSE
                or self.before.forced > max(2 * self.after.forced, RARE))

    @property
    def notes(self) -> tuple[str, ...]:
        """That nothing was gained, why, and what else to try."""
        if self.gained:
            return ()
        old, new = self.before, self.after
        found = (f"Nothing is gained: on the new text the mean cosine is {old.cosine:.5f} before "
                 f"and {new.cosine:.5f} after, forced spikes a query {old.forced:.2g} and "
                 f"{new.forced:.2g}, steps a query {old.steps:.1f} and {new.steps:.1f}.")
        fits = old.forced <= RARE and old.clipped <= RARE
        more = ("The bundle's windows and codes fit this text as they are: keep the bundle. If the "
                "model still answers worse on it, see `neuromorph evaluate`." if fits else
                f"Wider windows do not mend it: {old.clipped:.1%} of codes are clipped. Try "
                "--follow centres, or export anew, calibrated on text of both kinds.")
        return (f"{found} {more}",)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "bundle": None if self.path is None else str(self.path),
            "adapted_to": self.passages[0], "measured_on": self.passages[1],
            **{name: asdict(getattr(self, name))
               for name in ("before", "after", "own_before", "own_after")},
            "gained": self.gained, "notes": list(self.notes),
            "warnings": [caution.as_dict() for caution in self.cautions]}


def adapt(
    source: StrPath,
    text: StrPath | None = None,
    output: StrPath | None = None,
    *,
    against: StrPath | None = None,
    alpha: float = ALPHA,
    follow: Follow = "windows",
    naming: Naming | None = None,
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> AdaptReport:
    """Let the windows of a bundle's heads follow other text than it was calibrated on.

    A third of the passages is held out: what it was before and after is measured on these, and on
    the sample in the bundle.

    Parameters
    ----------
    source : path
        A bundle of attention.
    text : path, optional
        As `export` takes it to calibrate on; the digits model brings its own.
    output : path, optional
        Folder of the new bundle; without one none is written.
    against : path, optional
        The model that the bundle was made from, where it is not in the bundle.
    alpha : float
        Share of a drift that a passage makes up for, in (0, 1].
    follow : {"windows", "centres", "scales"}
        What follows, each with those before it: windows, which only widen; centres of keys;
        scales of queries and keys. See `neuromorph.translate.adapt`.
    naming : Naming, optional
        Of a model with names of its own, as `export` had it.
    seed : int
        Chooses the passages that are held out.
    force : bool
        Replace a bundle that stands there.
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        Before anything is written, if something is missing, or not sound.
    """
    check_seed(seed)
    check_alpha(alpha)
    check_follow(follow)
    bundle = _opened(source)
    model = _model_of(bundle, against)
    if output is not None:
        check_apart(source, output)
        check_target(output, ours=BUNDLE_FOLDER, force=force)
    slots = max(head.slots for code in bundle.codes.values() for head in code.heads)
    collected = collect(model, text, progress, slots, naming, "text")
    check_same(bundle, dict(collected.provenance.get("files", {})), Path(model))
    learned, held = _divided(bundle, collected, slots, seed)
    codes = {}
    for name, code in bundle.codes.items():
        progress(f"adapting {name}")
        codes[name] = adapt_layer(code, bundle.samples[name], learned[name], alpha, follow=follow,
                                  where=name)
    own = {name: [sample] for name, sample in bundle.samples.items()}
    progress("measuring before and after")
    before, after, own_before, own_after = (
        _fit(how, seen) for seen in (held, own) for how in (bundle.codes, codes))
    found = (*_of_reference(bundle), *_of_fits("the new text", before, after),
             *_of_fits("the sample in the bundle", own_before, own_after))
    counts = (len(next(iter(learned.values()))), len(next(iter(held.values()))))
    noted = {**bundle.provenance, "adapted": f"{counts[0]} passages, "
             f"{'its own' if text is None else Path(text).name}, alpha {alpha:g}"}
    adapted = replace(bundle, codes=codes, provenance=cautions.noted(
        noted, (*bundle.cautions, *found)), path=None)
    path = None
    if output is not None:
        progress("writing the bundle")
        path = save_bundle(adapted, output, force=force)
    cautions.warn(found)
    return AdaptReport(replace(adapted, path=path), path, counts, before, after, own_before,
                       own_after, found)


def _opened(source: StrPath) -> Bundle:
    place = Path(source)
    if (place / MANIFEST).is_file() and kind_said(place) == KIND:
        raise UsageError("a whole model is not adapted: attention alone is", where=place,
                         hint="export the model's attention without --whole")
    return load_bundle(place)


def _model_of(bundle: Bundle, against: StrPath | None) -> StrPath:
    if against is not None:
        return against
    if bundle.model_file is None:
        own = bundle.family == OWN
        raise UsageError("data is run through the model, which is not in the bundle",
                         where=bundle.path, hint="name it with --against (in Python against=)" + (
                             ", with the --map and options that export had (naming=); data of such "
                             "a model are hidden states (.npz)" if own else
                             "; a model of your own also needs --map, --heads and whether it is "
                             "causal (naming=), and hidden states (.npz): docs/models.md"))
    return bundle.model_file


Layers = dict[str, list[Sample]]


def _divided(bundle: Bundle, collected: Collected, slots: int, seed: int) -> tuple[Layers, Layers]:
    """Passages of every layer of the bundle: to adapt to, and to measure on.

    Raises
    ------
    CalibrationError
        If layers differ, or there are not two passages.
    """
    missing = bundle.codes.keys() - collected.samples.keys()
    if missing or collected.count < 2:
        raise CalibrationError(
            "the text does not do to adapt to", where=bundle.path,
            found=f"no {min(missing)}" if missing else f"{collected.count} passage",
            expected="the bundle's layers, and two passages at least")
    tokens = [seen.keys.shape[1] for seen in next(iter(collected.samples.values()))]
    if max(tokens) > slots:
        raise CalibrationError("a passage is longer than the circuit's slots", where=bundle.path,
                               found=max(tokens), expected=f"at most {slots}",
                               hint="export with more slots, or give shorter passages")
    held = max(1, collected.count // HELD_OUT)
    order = np.random.default_rng(seed).permutation(collected.count).tolist()
    learned, measured = ({name: [collected.samples[name][i] for i in sorted(some)]
                          for name in bundle.codes} for some in (order[held:], order[:held]))
    return learned, measured


def _fit(codes: Mapping[str, LayerCode], seen: Mapping[str, Sequence[Sample]]) -> Fit:
    fidelity, tallies = [], []
    for name, code in codes.items():
        tally = Tally()
        fidelity += layer_fidelity(name, SpikingLayer(code, tally=tally), seen[name][:MEASURED])
        tallies.append(tally)
    heads = len(fidelity)
    return Fit(sum(t.clipped for t in tallies) / max(1, sum(t.codes for t in tallies)),
               sum(t.forced for t in tallies) / max(1, sum(t.queries for t in tallies)),
               max(t.forced_a_query for t in tallies),
               sum(one.cosine for one in fidelity) / heads,
               sum(one.steps for one in fidelity) / heads)


def _of_reference(bundle: Bundle) -> list[Caution]:
    """Too little in the bundle to measure a drift against."""
    queries = next(iter(bundle.samples.values())).queries.shape[1]
    if queries >= ROWS:
        return []
    return [Caution("few-tokens", "the sample in the bundle",
                    f"the bundle's sample has {queries} queries, which a drift is measured "
                    f"against: {ROWS} or more say what is usual. Export on longer passages")]


def _of_fits(where: str, old: Fit, new: Fit) -> list[Caution]:
    """Whether it got worse."""
    if old.cosine - new.cosine <= WORSE and new.forced <= max(2 * old.forced, RARE):
        return []
    return [Caution(
        "adapted-worse", where,
        f"on {where} the adapted heads are worse: cosine {old.cosine:.4f} before, "
        f"{new.cosine:.4f} after; forced spikes a query {old.forced:.2g} before, {new.forced:.2g} "
        "after. Keep the bundle as it was, or calibrate anew on both kinds of text")]
