"""The compiler: named passes over a program, each a function of its own.

::

    quantise   floats to integers
    features   the target has what the networks need, in registers as wide
    ranges     every accumulator is bounded
    lower      graded sources to plain spikes, where the target has no graded ones
    relays     neurons with more synapses than a core holds get them in parts
    split      populations cut into slices, slices packed on cores
    place      cores laid on the mesh
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from neuromorph.compile.features import lacking_features
from neuromorph.compile.lower import lower
from neuromorph.compile.packing.choose import packed
from neuromorph.compile.packing.demand import Demand, lower_bound
from neuromorph.compile.packing.limits import Limits, limits_of
from neuromorph.compile.packing.place import place
from neuromorph.compile.packing.swaps import swapped
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.program import Program, Unit
from neuromorph.compile.program_text import program_to_text
from neuromorph.compile.quantise import quantise
from neuromorph.compile.reasons import refuse
from neuromorph.compile.registers import unfit_registers
from neuromorph.compile.relays.insert import has_relays, relayed
from neuromorph.compile.stages import check_stage
from neuromorph.errors import (
    FitError,
    RangeProofError,
    UnsupportedError,
    UsageError,
    did_you_mean,
)
from neuromorph.network import Network
from neuromorph.numerics.registers import Registers
from neuromorph.profiles import Profile
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Compiled(Shown):
    """A program on its way, and what the passes know of it.

    Attributes
    ----------
    profile, limits : Profile, Limits
    given : tuple of Unit
        The units as they came, or with their floats as integers: what a program must equal.
    program : Program
    demands : tuple of tuple of Demand
        By unit, from the pass `relays` on.
    lower_bound : int
        Cores that any packing needs, from then on too.
    worst_resource : str
        The resource that says so.
    """

    profile: Profile
    limits: Limits
    given: tuple[Unit, ...]
    program: Program
    demands: tuple[tuple[Demand, ...], ...] = ()
    lower_bound: int = 0
    worst_resource: str = ""


Pass = Callable[[Compiled], Compiled]


def _quantise(state: Compiled) -> Compiled:
    units = tuple(unit if unit.network.domain == "fixed"
                  else replace(unit, network=_fixed(unit.network, state.profile.registers))
                  for unit in state.given)
    return replace(state, given=units, program=replace(state.program, units=units))


def _fixed(network: Network, registers: Registers) -> Network:
    """In integers that fit the registers; in Loihi's, if there are none: `features` says why."""
    try:
        return quantise(network, registers).network
    except UnsupportedError:
        return quantise(network).network


def _features(state: Compiled) -> Compiled:
    refuse(reason for unit in state.program.units
           for reason in (*lacking_features(unit, state.profile),
                          *unfit_registers(unit, state.profile)))
    return state


def _ranges(state: Compiled) -> Compiled:
    for unit in state.program.units:
        _prove(unit, state.profile)
    return state


def _prove(unit: Unit, profile: Profile) -> None:
    """A sum that only the profile's own width is too narrow for is a matter of the profile."""
    from neuromorph.compile.ranges.prove import require_proof

    bits = profile.neuron.input_bits
    try:
        require_proof(unit.network, input_bits=bits)
    except RangeProofError as error:
        require_proof(unit.network)
        raise FitError(f"neuron.input_bits of {profile.title} is not what this circuit needs: "
                       f"{error.what}", where=error.where, found=bits,
                       expected=f"enough for {error.found}", hint=error.hint) from error


def _lower(state: Compiled) -> Compiled:
    if state.profile.neuron.graded_spikes:
        return state
    units = tuple(map(lower, state.program.units))
    return replace(state, program=replace(state.program, units=units))


def _relays(state: Compiled) -> Compiled:
    able = has_relays(state.profile)
    found = [relayed(unit, state.limits, able) for unit in state.program.units]
    refuse(reason for (unit, _), given in zip(found, state.given, strict=True)
           if unit is not given  # other synapses than `features` has seen
           for reason in unfit_registers(unit, state.profile))
    bound, worst = lower_bound([asked for _, asked in found], state.limits)
    return replace(state, demands=tuple(tuple(asked) for _, asked in found),
                   program=replace(state.program, units=tuple(unit for unit, _ in found)),
                   lower_bound=bound, worst_resource=worst)


def _split(state: Compiled) -> Compiled:
    slices = packed(state.program, state.demands, state.limits)
    return replace(state, program=replace(state.program, slices=slices))


def _place(state: Compiled) -> Compiled:
    along = place(state.program.cores, state.limits)
    places = swapped(along, traffic(state.program), state.limits)
    return replace(state, program=replace(state.program, places=places))


PASSES: dict[str, Pass] = {"quantise": _quantise, "features": _features, "ranges": _ranges,
                           "lower": _lower, "relays": _relays, "split": _split, "place": _place}


STAGE_AFTER = {"quantise": "quantised", "lower": "lowered", "relays": "relayed", "place": "placed"}
"""What a program is after a pass, see `stages`; before the first it is given."""

OF_NO_CHIP = ("quantise", "ranges", "place")
"""Passes that make no difference between chips; the last one counts cores only."""


def compile_units(
    units: Sequence[Unit], profile: Profile, *, stop_after: str | None = None,
    told: Callable[[str], None] = lambda _: None,
    done: Callable[[str, Compiled], None] = lambda _, __: None,
) -> Compiled:
    """Run the passes one after the other; what each makes must be what its stage takes.

    Parameters
    ----------
    units : sequence of Unit
    profile : Profile
    stop_after : str, optional
        Name of the last pass to run.
    told : callable
        Told the name of each pass before it begins.
    done : callable
        Given the name of each pass, and what it made.

    Raises
    ------
    FitError
        If something does not fit the profile.
    UsageError
        If there is no such pass, or nothing to compile.
    """
    if not units:
        raise UsageError("there is nothing to compile")
    if stop_after is not None:
        check_pass(stop_after)
    state = _begun(units, profile)
    _check("given", state)
    for name, apply in PASSES.items():
        told(name)
        if name == "split":
            _check_bound(state)  # before minutes of packing
        state = apply(state)
        if name in STAGE_AFTER:
            _check(STAGE_AFTER[name], state)
        done(name, state)
        if name == stop_after:
            break
    return state


def _check_bound(state: Compiled) -> None:
    """Refuse what no packing fits on the board."""
    limits = state.limits
    if state.lower_bound > limits.total_cores:
        chips = -(-state.lower_bound // limits.cores)
        raise FitError(f"the board has too few cores, by {state.worst_resource} alone; no fewer "
                       f"than {chips} such chips would do",
                       found=f"at least {state.lower_bound}", expected=limits.total_cores)


def _check(stage: str, state: Compiled) -> None:
    check_stage(stage, state.program, state.profile, state.limits, state.demands)


def check_pass(name: str) -> str:
    """The name of a pass.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in PASSES:
        raise UsageError("there is no such pass", found=name,
                         hint=did_you_mean(name, PASSES) or f"the passes: {', '.join(PASSES)}")
    return name


def prepared(units: Sequence[Unit], profile: Profile) -> tuple[Unit, ...]:
    """The units as they are split; as they came, if the profile lacks what they need."""
    try:
        return _lower(_features(_begun(units, profile))).program.units
    except FitError:
        return tuple(units)


def fits(units: Sequence[Unit], profile: Profile) -> bool:
    """Whether units whose ranges are proved fit a profile; a proof is the same on every board."""
    cores = cores_taken(units, profile)
    return cores is not None and cores <= limits_of(profile).total_cores


def cores_taken(units: Sequence[Unit], profile: Profile) -> int | None:
    """Cores that units whose ranges are proved take on any board of the profile's chips.

    None if one of them lacks what the units need, or a core cannot hold a neuron.
    """
    state = _on_chips(units, profile, "place")
    return None if state is None else state.program.cores


def cores_at_least(units: Sequence[Unit], profile: Profile) -> int | None:
    """Cores that no packing takes fewer than; None as for `cores_taken`, but nothing is packed."""
    state = _on_chips(units, profile, "relays")
    return None if state is None else state.lower_bound


def _on_chips(units: Sequence[Unit], profile: Profile, stop_after: str) -> Compiled | None:
    state = _begun(units, profile)
    try:
        for name, apply in PASSES.items():
            if name not in OF_NO_CHIP:
                state = apply(state)
            if name == stop_after:
                break
    except FitError:
        return None
    return state


def _begun(units: Sequence[Unit], profile: Profile) -> Compiled:
    return Compiled(profile, limits_of(profile), tuple(units),
                    Program(profile.name, tuple(units)))


def to_lines(state: Compiled) -> str:
    """A stable text form of a program; see `program_text`."""
    return program_to_text(state.program)
