"""The compiler: named passes over a program, each a function of its own.

::

    features   the target has what the networks need
    ranges     every accumulator is bounded
    split      populations cut into slices, slices packed on cores
    place      cores laid on the mesh
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from neuromorph.compile.cut import cut
from neuromorph.compile.demand import Demand, demands, lower_bound
from neuromorph.compile.limits import Limits, limits_of
from neuromorph.compile.lower import check_features
from neuromorph.compile.place import place
from neuromorph.compile.program import Program, Unit
from neuromorph.errors import FitError, UsageError, did_you_mean
from neuromorph.network import to_text, verify
from neuromorph.profiles import Profile


@dataclass(frozen=True, eq=False)
class Compiled:
    """A program on its way, and what the passes know of it.

    Attributes
    ----------
    profile, limits : Profile, Limits
    program : Program
    demands : tuple of tuple of Demand
        By unit.
    lower_bound : int
        Cores that any packing needs.
    worst_resource : str
        The resource that says so.
    """

    profile: Profile
    limits: Limits
    program: Program
    demands: tuple[tuple[Demand, ...], ...] = ()
    lower_bound: int = 0
    worst_resource: str = ""


Pass = Callable[[Compiled], Compiled]


def _features(state: Compiled) -> Compiled:
    for unit in state.program.units:
        check_features(unit, state.profile)
    return state


def _ranges(state: Compiled) -> Compiled:
    from neuromorph.compile.ranges import require_proof

    for unit in state.program.units:
        require_proof(unit.network)
    return state


def _split(state: Compiled) -> Compiled:
    found = tuple(tuple(demands(unit, state.limits)) for unit in state.program.units)
    bound, worst = lower_bound([list(unit) for unit in found], state.limits)
    return replace(state, program=replace(state.program, slices=cut(found, state.limits)),
                   demands=found, lower_bound=bound, worst_resource=worst)


def _place(state: Compiled) -> Compiled:
    places = place(state.program.cores, state.limits)
    return replace(state, program=replace(state.program, places=places))


PASSES: dict[str, Pass] = {"features": _features, "ranges": _ranges, "split": _split,
                           "place": _place}


def compile_units(
    units: Sequence[Unit], profile: Profile, *, stop_after: str | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Compiled:
    """Run the passes one after the other; the verifier looks at every network first.

    Parameters
    ----------
    units : sequence of Unit
    profile : Profile
    stop_after : str, optional
        Name of the last pass to run.
    told : callable
        Told the name of each pass.

    Raises
    ------
    FitError
        If something does not fit the profile.
    UsageError
        If there is no such pass, or nothing to compile.
    """
    if not units:
        raise UsageError("there is nothing to compile")
    if stop_after is not None and stop_after not in PASSES:
        raise UsageError("there is no such pass", found=stop_after,
                         hint=did_you_mean(stop_after, PASSES))
    for unit in units:
        verify(unit.network)
    state = Compiled(profile, limits_of(profile), Program(profile.name, tuple(units)))
    for name, apply in PASSES.items():
        told(name)
        state = apply(state)
        if name == stop_after:
            break
    return state


def fits(units: Sequence[Unit], profile: Profile) -> bool:
    """Whether units whose ranges are proved fit a profile; a proof is the same on every board."""
    state = Compiled(profile, limits_of(profile), Program(profile.name, tuple(units)))
    try:
        _place(_split(_features(state)))
    except FitError:
        return False
    return True


def to_lines(state: Compiled) -> str:
    """A stable text form of a program: units, slices by core, places."""
    lines = [f"program {state.program.profile}"]
    for number, unit in enumerate(state.program.units):
        lines.append(f"unit {number} {unit.name}")
        lines += [f"  {line}" for line in to_text(unit.network).splitlines()]
    places = state.program.places.tolist()
    core = -1
    for piece in state.program.slices:
        if piece.core != core:
            core = piece.core
            at = f" chip={places[core][0]} at={places[core][1]},{places[core][2]}" if places else ""
            lines.append(f"core {core}{at}")
        lines.append(f"  unit {piece.unit} {piece.population} {piece.start}:{piece.stop}")
    return "\n".join(lines) + "\n"
