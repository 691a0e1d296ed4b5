"""Layers of one's own on a board: laid by groups if so wished, judged, run, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import Inputs
from neuromorph.circuits.ensembles import Layer, answers, build, closed_form, trains
from neuromorph.compile import Compiled, Unit, ensembles, fits
from neuromorph.compile.ensembles import groups_of
from neuromorph.deploy.boards import Chosen, smallest_board
from neuromorph.deploy.fit import needs_of
from neuromorph.deploy.outcome import CompileReport, Kind, placed_units, refused
from neuromorph.deploy.run import Tried, try_units
from neuromorph.deploy.values import OF_PROGRAMS, said_values
from neuromorph.errors import DisagreementError, FitError
from neuromorph.network import Probe
from neuromorph.profiles import Profile
from neuromorph.progress import Progress
from neuromorph.shown import Shown

KIND = "layers"

INPUTS = 4
"""Inputs that are tried."""

ANSWER = "answer"

ASSUMPTIONS = (
    "A host sends each input as payloads, one input a step, and hears the last layer.",
    *OF_PROGRAMS,
)


@dataclass(frozen=True, eq=False, repr=False)
class OwnLayers(Shown):
    """Integer layers of one's own, and inputs to try them on.

    Attributes
    ----------
    where : str
        The file that they are from.
    layers : sequence of Layer
    codes : int array, shape (inputs, size)
        0 to 127.
    """

    where: str
    layers: Sequence[Layer]
    codes: NDArray[np.int64]

    def unit(self) -> Unit:
        """As one network, layers whole."""
        return Unit(KIND, build(self.layers))


@dataclass(frozen=True, eq=False, repr=False)
class Laid(Shown):
    """Layers as they are packed.

    Attributes
    ----------
    unit : Unit
        What is packed: a network of its own, which knows nothing of cuts.
    groups : mapping of population to int
        Into how many groups it was cut; empty if layers are packed whole.
    """

    unit: Unit
    groups: Mapping[str, int]


def laid(own: OwnLayers, groups: int | str | None) -> Laid:
    """The layers whole, or cut by groups and shown to say the same.

    Raises
    ------
    UsageError
        If no layer is made of blocks, or the groups divide none.
    DisagreementError
        If the cut network does not say what the layers say.
    """
    unit = own.unit()
    if groups is None:
        return Laid(unit, {})
    asked = groups if isinstance(groups, int) else None
    cut = ensembles(unit, asked)
    inputs, steps = trains(own.layers, own.codes[:INPUTS])
    said = cut.run(backends.get(backends.DEFAULT).run, inputs, [Probe(ANSWER)], steps)
    if not np.array_equal(answers(own.layers, said.spikes(ANSWER)),
                          closed_form(own.layers, own.codes[:INPUTS])):
        raise DisagreementError("layers cut by groups do not say what they say whole",
                                where=own.where)
    return Laid(Unit(KIND, cut.network, together=cut.together), groups_of(unit.network, asked))


def layers_values(own: OwnLayers, found: Laid, target: Chosen) -> dict[str, Any]:
    """What they were compiled for, and from what."""
    sizes = [own.layers[0].weights.shape[1], *(len(layer.weights) for layer in own.layers)]
    kept = sum(int(np.count_nonzero(layer.weights)) for layer in own.layers)
    return {"kind_of_bundle": KIND, "profile": target.profile.name,
            "title": target.profile.title, "chosen": target.why, "bundle": own.where,
            "sizes": sizes, "weights": kept,
            "density": kept / sum(layer.weights.size for layer in own.layers),
            "ensembles": dict(found.groups),
            "wired_by_groups": dict(found.groups or groups_of(found.unit.network)),
            "steps": {"an_input": len(own.layers)}, "schedule": [], "warnings": []}


def layers_placed(
    own: OwnLayers, compiled: Compiled, costs: str | None, head: dict[str, Any],
    progress: Progress,
) -> CompileReport:
    """What was placed: checked, run and estimated.

    Raises
    ------
    DisagreementError
        If it does not give what the network gives, or the checker objects.
    """
    kind = Kind(KIND, "inputs", "one input", _named(compiled.program.units[0], ANSWER),
                ASSUMPTIONS)

    def sent(_: int) -> tuple[Inputs, int]:
        return trains(own.layers, own.codes[:INPUTS])

    def run() -> Tried:
        return replace(try_units(compiled, sent, 1, len(own.codes[:INPUTS])), heads=len(own.layers))

    found = placed_units(compiled, kind, run, costs, {**head, "fidelity": [], "compared": []},
                         progress)
    return replace(found, report={**found.report, "cut": {
        "neurons": sum(len(layer.weights) for layer in own.layers),
        "slices": len(compiled.program.slices)}})


def layers_not_placed(
    units: Sequence[Unit], profile: Profile, error: FitError, head: dict[str, Any]
) -> CompileReport:
    """Why not, what they need, and what would help."""
    board = smallest_board(units, profile, programmable=True)
    changes = [] if board is None else [
        f"Compile for `--profile {board}`, the smallest that would do."]
    if head["wired_by_groups"] and not head["ensembles"] and fits(
            [ensembles(unit) for unit in units], profile):
        changes.insert(0, "Lay its layers by their groups, which fit: --ensembles found.")
    return refused(head | said_values(profile, ASSUMPTIONS), profile, error,
                   needs_of(units, profile), board, changes)


def _named(unit: Unit, population: str) -> tuple[str, ...]:
    """The population, or its parts."""
    return tuple(p.name for p in unit.neurons
                 if p.name == population or p.name.rpartition(".")[0] == population)
