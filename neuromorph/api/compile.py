"""Compile: a bundle for a chip, placed, checked, estimated, and told in a report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from neuromorph.api.own_layers import load_layers
from neuromorph.bundle import Bundle
from neuromorph.bundle.kinds import AnyBundle, load_any
from neuromorph.bundle.memories import MemoriesBundle
from neuromorph.bundle.whole import WholeBundle
from neuromorph.compile import Compiled, Unit, check_pass, compile_units, to_lines
from neuromorph.cost import costs_of
from neuromorph.deploy.any_units import all_units
from neuromorph.deploy.boards import Chosen, fitting, named, whole_fitting
from neuromorph.deploy.layers import (
    Laid,
    OwnLayers,
    laid,
    layers_not_placed,
    layers_placed,
    layers_values,
)
from neuromorph.deploy.look import check_seconds, look, search_values
from neuromorph.deploy.memories import (
    memories_not_placed,
    memories_placed,
    memories_values,
)
from neuromorph.deploy.outcome import CompileReport, not_placed, placed
from neuromorph.deploy.units import Memory
from neuromorph.deploy.values import head_values
from neuromorph.deploy.whole import whole_not_placed, whole_placed, whole_values
from neuromorph.errors import FitError, UsageError
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown

Source: TypeAlias = str | os.PathLike[str] | AnyBundle | OwnLayers

Ensembles: TypeAlias = int | Literal["found"]

NO_BLOCKS: Mapping[type[AnyBundle], str] = {
    Bundle: "heads of attention are dense, every key hears its whole query",
    WholeBundle: "a whole model is proved part by part, and one that is cut has no such parts",
    MemoriesBundle: "memories are dense, every key reaches every value"}
"""Why no bundle is laid by groups."""


def compile_bundle(
    path: Source, profile: str | None = None, *,
    memory: Memory = "static", programmable: bool = False, ensembles: Ensembles | None = None,
    costs: str | None = None, dump: Sequence[str] = (), search: float = 0.0, seed: int = 0,
    progress: Progress = silent,
) -> CompileReport:
    """Place a bundle, or layers, on a chip or board, check the result, estimate its costs.

    Heads of attention and memories are a network each; a whole model is one network, and so are
    layers of one's own.

    Parameters
    ----------
    path : path, Bundle, WholeBundle, MemoriesBundle or OwnLayers
        Of a bundle's folder, or of an ``.npz`` of layers, as `own_layers.read_own` takes it.
    profile : str, optional
        Name of a hardware profile, or path of one. If left out, the smallest chip or board that
        is known to take the bundle: its kind of spikes and its registers decide between chips.
    memory : {"static", "plastic"}
        Keys and values of the bundle's sample in static synapses, repeated to fill the slots;
        or synapses that plasticity will write.
    programmable : bool
        Let a Loihi 2 board run neurons of our own, which graded spikes need.
    ensembles : int or "found", optional
        Lay layers that are wired group to group on cores by their groups: so many, or as many as
        are found in the weights. No bundle has such layers.
    costs : str, optional
        Set of energy and time constants; the profile's default if left out.
    dump : sequence of str
        Passes after which the program is kept as text.
    search : float
        Seconds to spend on a better program than the plain one: never more chips or cores.
    seed : int
        Of the search.
    progress : callable, optional

    Returns
    -------
    CompileReport
        With ``fits`` false, the reason and what would help, if it does not fit.

    Raises
    ------
    NeuromorphError
        If the bundle or the profile cannot be read.
    UsageError
        Also if groups are asked for where there are none.
    DisagreementError
        If the placed program does not give what the networks give, or the checker objects.
    """
    wanted, search = set(map(check_pass, dump)), check_seconds(search)
    job = _begun(path, profile, memory, programmable, progress, costs, ensembles)
    costs_of(job.target.profile, costs)
    dumps: dict[str, str] = {}

    def keep(name: str, state: Compiled) -> None:
        if name in wanted:
            dumps[name] = to_lines(state)

    try:
        compiled = compile_units(job.units, job.target.profile, done=keep,
                                 told=lambda name: progress(f"pass: {name}"))
    except FitError as error:
        progress("looking for what would fit")
        return replace(job.not_placed(error), dumps=dumps)
    looked = look(compiled, search, seed, progress) if search else None
    report = job.placed(compiled if looked is None else looked.compiled, costs, progress)
    return replace(report, dumps=dumps, report=report.report | search_values(looked, seed))


def unfit(bundle: Bundle, profile: str, progress: Progress = silent) -> FitError | None:
    """Why a bundle of heads does not fit a chip or board, and what would help; None if it does.

    Raises
    ------
    NeuromorphError
        If there is no such profile.
    """
    job = _begun(bundle, profile, "static", False, progress)
    try:
        compile_units(job.units, job.target.profile, told=lambda name: progress(f"pass: {name}"))
    except FitError as error:
        progress("looking for what would fit")
        return job.not_placed(error).refusal
    return None


@dataclass(frozen=True, eq=False, repr=False)
class _OfHeads(Shown):
    """Attention alone, a unit a head."""

    bundle: Bundle
    units: tuple[Unit, ...]
    target: Chosen
    memory: Memory

    def placed(self, compiled: Compiled, costs: str | None, progress: Progress) -> CompileReport:
        return placed(self.bundle, compiled, self.memory, costs, self._head, progress)

    def not_placed(self, error: FitError) -> CompileReport:
        return not_placed(self.bundle, self.units, self.target.profile, self.memory, error,
                          self._head)

    @property
    def _head(self) -> dict[str, Any]:
        return head_values(self.bundle, self.units, self.target, self.memory)


@dataclass(frozen=True, eq=False, repr=False)
class _OfAWhole(Shown):
    """A whole model, one unit."""

    bundle: WholeBundle
    units: tuple[Unit, ...]
    target: Chosen

    def placed(self, compiled: Compiled, costs: str | None, progress: Progress) -> CompileReport:
        return whole_placed(self.bundle, compiled, costs, whole_values(self.bundle, self.target),
                            progress)

    def not_placed(self, error: FitError) -> CompileReport:
        return whole_not_placed(self.units, self.target.profile, error,
                                whole_values(self.bundle, self.target))


@dataclass(frozen=True, eq=False, repr=False)
class _OfMemories(Shown):
    """Memories alone, a unit each."""

    bundle: MemoriesBundle
    units: tuple[Unit, ...]
    target: Chosen

    def placed(self, compiled: Compiled, costs: str | None, progress: Progress) -> CompileReport:
        return memories_placed(self.bundle, compiled, costs, self._head, progress)

    def not_placed(self, error: FitError) -> CompileReport:
        return memories_not_placed(self.bundle, self.units, self.target.profile, error,
                                   self._head)

    @property
    def _head(self) -> dict[str, Any]:
        return memories_values(self.bundle, self.units, self.target)


@dataclass(frozen=True, eq=False, repr=False)
class _OfLayers(Shown):
    """Layers of one's own, one unit."""

    own: OwnLayers
    found: Laid
    target: Chosen

    @property
    def units(self) -> tuple[Unit, ...]:
        return (self.found.unit,)

    def placed(self, compiled: Compiled, costs: str | None, progress: Progress) -> CompileReport:
        return layers_placed(self.own, compiled, costs, self._head, progress)

    def not_placed(self, error: FitError) -> CompileReport:
        return layers_not_placed(self.units, self.target.profile, error, self._head)

    @property
    def _head(self) -> dict[str, Any]:
        return layers_values(self.own, self.found, self.target)


def _begun(
    path: Source, profile: str | None, memory: Memory, programmable: bool, progress: Progress,
    costs: str | None = None, ensembles: Ensembles | None = None,
) -> _OfHeads | _OfAWhole | _OfMemories | _OfLayers:
    """The bundle, its networks, and what they are compiled for."""
    if memory not in ("static", "plastic"):
        raise UsageError("no such memory", found=memory, expected="static or plastic")
    _check_groups(ensembles)
    source = _loaded(path)
    if isinstance(source, OwnLayers):
        return _of_layers(source, profile, memory, progress, costs, ensembles)
    if ensembles is not None:
        raise UsageError(f"{NO_BLOCKS[type(source)]}: there are no groups to lay on cores",
                         where=source.path, found=f"ensembles {ensembles}",
                         hint="it is for layers of your own, wired by network.blocks: `neuromorph "
                              "compile LAYERS.npz --ensembles found`, see docs/ensembles.md")
    return _of_bundle(source, profile, memory, programmable, progress, costs)


def _check_groups(ensembles: object) -> None:
    several = isinstance(ensembles, int) and ensembles > 1  # True is none of these
    if not several and ensembles not in (None, "found"):
        raise UsageError("there is no such number of groups", where="ensembles",
                         found=repr(ensembles), expected="a whole number of 2 or more, or found")


def _loaded(path: Source) -> AnyBundle | OwnLayers:
    """Layers, if it is a file with the name of one; else a bundle."""
    if isinstance(path, OwnLayers):
        return path
    if isinstance(path, str | os.PathLike) and Path(path).suffix == ".npz" and Path(path).is_file():
        return load_layers(path)
    return load_any(path)


def _of_layers(
    own: OwnLayers, profile: str | None, memory: Memory, progress: Progress, costs: str | None,
    ensembles: Ensembles | None,
) -> _OfLayers:
    if memory != "static":
        raise UsageError("layers have no memory that plasticity writes", where=own.where,
                         found=f"memory {memory}", hint="leave it out")
    target = None if profile is None else named(profile, programmable=True)
    if target is not None:
        costs_of(target.profile, costs)
    progress("building the network")
    found = laid(own, ensembles)
    if target is None:
        progress("choosing a board")
        target = whole_fitting((found.unit,), "the layers")
    return _OfLayers(own, found, target)


def _of_bundle(
    bundle: AnyBundle, profile: str | None, memory: Memory, programmable: bool,
    progress: Progress, costs: str | None,
) -> _OfHeads | _OfAWhole | _OfMemories:
    ours = isinstance(bundle, WholeBundle | MemoriesBundle)  # no neurons but programmable ones
    if ours and memory != "static":
        raise UsageError("the memories of a whole model are always written by plasticity"
                         if isinstance(bundle, WholeBundle) else
                         "such memories are always written by plasticity",
                         found=f"memory {memory}", hint="leave it out")
    target = None if profile is None else named(profile, programmable=programmable or ours)
    if target is not None:
        costs_of(target.profile, costs)  # before minutes of building
    progress("building the networks")
    units = all_units(bundle, memory)
    if target is None:
        progress("choosing a board")
        target = (whole_fitting(units) if isinstance(bundle, WholeBundle | MemoriesBundle)
                  else fitting(bundle, units, programmable=programmable))
    if isinstance(bundle, Bundle):
        return _OfHeads(bundle, units, target, memory)
    if isinstance(bundle, WholeBundle):
        return _OfAWhole(bundle, units, target)
    return _OfMemories(bundle, units, target)


def program_text(
    path: Source, profile: str | None, stop_after: str, *,
    memory: Memory = "static", programmable: bool = False, ensembles: Ensembles | None = None,
    progress: Progress = silent,
) -> str:
    """The program after a pass, as stable text.

    Raises
    ------
    FitError
        If it does not get that far.
    """
    check_pass(stop_after)
    job = _begun(path, profile, memory, programmable, progress, ensembles=ensembles)
    return to_lines(compile_units(job.units, job.target.profile, stop_after=stop_after,
                                  told=lambda name: progress(f"pass: {name}")))
