"""The stages of a program on its way to a chip, and what each takes.

::

    given       sound networks, see `verify`
    quantised   integers
    lowered     payloads, programs and rules that the target has
    relayed     no neuron that needs more than an empty core, no delay beyond a synapse's
    placed      every neuron on one core, every core on the board in a place of its own

A stage takes what those before it take; soundness is asked of what is given, and each pass asks it
of what it makes. What a network lacks for a target the passes themselves
refuse, with what would help; here is refused what a pass has let through or made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from neuromorph.compile.packing.demand import Demand, first_too_large
from neuromorph.compile.packing.limits import Limits
from neuromorph.compile.program import Program, Slice
from neuromorph.compile.spec import At, Core, Row, Table
from neuromorph.errors import NetworkError
from neuromorph.network import Network, Population, Projection, verify
from neuromorph.profiles import Profile

HINT = "a pass has let this through; please report it"


def check_stage(
    stage: str, program: Program, profile: Profile, limits: Limits,
    demands: Sequence[Sequence[Demand]] = (),
) -> None:
    """Refuse a program that is not what a stage takes.

    Parameters
    ----------
    stage : str
        One of `STAGES`.
    program : Program
    profile, limits : Profile, Limits
        Of the target.
    demands : sequence of sequence of Demand
        By unit, from the pass `relays` on.

    Raises
    ------
    NetworkError
        Naming the stage and each part that no row of its tables accepts.
    """
    names = list(STAGES)
    last = names.index(stage)
    tables = [table for name in names[min(1, last) : last + 1] for table in STAGES[name]]
    faults = [fault for at in _units(program, profile, limits, demands)
              for table in tables for fault in table.faults(at)]
    if faults:
        first, *more = faults
        raise NetworkError(f"this {first.part} is not {stage}", where=first.where,
                           found=first.found, expected=first.expected, hint=HINT,
                           more=[f"{fault.where}: {fault.found} without {fault.expected}"
                                 for fault in more])


def _units(
    program: Program, profile: Profile, limits: Limits, demands: Sequence[Sequence[Demand]]
) -> Iterator[At]:
    places: dict[int, Core] = dict(enumerate(map(tuple, program.places.tolist())))
    taken = Counter(places.values())
    for number, unit in enumerate(program.units):
        asked = demands[number] if demands else ()
        yield At(unit, profile, limits, {d.population.name: d for d in asked},
                 program.by_unit[number], program.times_placed(number), places, taken)


# --- the parts of a unit


def _networks(at: At) -> Iterable[tuple[str, Network]]:
    yield at.network.name, at.network


def _populations(at: At) -> Iterable[tuple[str, Population]]:
    return ((p.name, p) for p in at.network.populations)


def _projections(at: At) -> Iterable[tuple[str, Projection]]:
    return ((p.name, p) for p in at.network.projections)


def _slices(at: At) -> Iterable[tuple[str, Slice]]:
    return ((f"{s.population}[{s.start}:{s.stop}]", s) for s in at.slices)


# --- of what kind they are


def _every(_: object) -> bool:
    return True


def _is_source(population: Population) -> bool:
    return population.is_source


def _is_neuron(population: Population) -> bool:
    return not population.is_source


def _is_stock(population: Population) -> bool:
    return _is_neuron(population) and not population.model.programmable


def _is_programmable(population: Population) -> bool:
    return _is_neuron(population) and population.model.programmable


def _learns(projection: Projection) -> bool:
    return projection.rule is not None


def _is_graded(projection: Projection) -> bool:
    return projection.graded and not _learns(projection)


def _is_plain(projection: Projection) -> bool:
    return not projection.graded and not _learns(projection)


# --- what is asked of them


def _always(_: object, __: At) -> bool:
    return True


def _is_sound(network: Network, _: At) -> bool:
    return verify(network) is network  # or says itself what is not


def _has_integers(population: Population, at: At) -> bool:
    values = population.model.parameters().values()
    return at.network.domain == "fixed" and all(map(_is_whole, values))


def _is_whole(value: Any) -> bool:
    return bool(np.issubdtype(np.asarray(value).dtype, np.integer))


def _weighs_integers(projection: Projection, at: At) -> bool:
    return at.network.domain == "fixed" and _is_whole(projection.weights)


def _sends_what_spikes_carry(population: Population, at: At) -> bool:
    neuron = at.profile.neuron
    return population.model.payload_bits <= (neuron.payload_bits if neuron.graded_spikes else 0)


def _can_be_programmed(population: Population, at: At) -> bool:
    return at.profile.neuron.programmable and _sends_what_spikes_carry(population, at)


def _counts_payloads(projection: Projection, at: At) -> bool:
    return (at.profile.neuron.graded_spikes
            and at.network.population(projection.pre).model.payload_bits > 0)


def _can_learn(projection: Projection, at: At) -> bool:
    learning = at.profile.learning
    return (learning.allowed and (learning.three_factor or not projection.modulated)
            and (not projection.graded or _counts_payloads(projection, at)))


def _fits_an_empty_core(population: Population, at: At) -> bool:
    demand = at.demands.get(population.name)
    return demand is not None and first_too_large(demand, at.limits) is None


def _has_a_delay_of_synapses(projection: Projection, at: At) -> bool:
    return 0 <= projection.delay <= at.profile.synapse.delay_max


def _is_in_one_slice(population: Population, at: At) -> bool:
    return bool((at.times[population.name] == 1).all())


def _is_of_neurons(piece: Slice, at: At) -> bool:
    times = at.times.get(piece.population)
    return times is not None and 0 <= piece.start < piece.stop <= len(times)


def _has_a_place(piece: Slice, at: At) -> bool:
    place, limits = at.places.get(piece.core), at.limits
    if place is None or at.taken[place] > 1:
        return False
    chip, column, row = place
    return 0 <= chip < limits.chips and 0 <= column < limits.columns and 0 <= row < limits.rows


# --- the stages

INTEGERS = "whole numbers in the fixed domain"
CARRIED = "a payload that the target's spikes carry"
PROGRAMS = f"a target with programmable neurons, and {CARRIED}"
COUNTED = "a target with graded spikes, and a payload to count"
RULES = "a target with their learning rule"
CORES = "no more synapses, axons and memory than an empty core has"
DELAYS = "a delay that the target's synapses have"
ONCE = "each neuron in one slice"
INSIDE = "neurons of a population that needs a core"
PLACES = "a core on the board, in a place of its own"
NOTHING = "nothing more"

STAGES: dict[str, tuple[Table[Any], ...]] = {
    "given": (
        Table("network", _networks, (
            Row("a network", _every, "soundness", _is_sound),)),),
    "quantised": (
        Table("population", _populations, (
            Row("a population", _every, INTEGERS, _has_integers),)),
        Table("projection", _projections, (
            Row("a projection", _every, INTEGERS, _weighs_integers),))),
    "lowered": (
        Table("population", _populations, (
            Row("a source", _is_source, CARRIED, _sends_what_spikes_carry),
            Row("stock neurons", _is_stock, CARRIED, _sends_what_spikes_carry),
            Row("programmable neurons", _is_programmable, PROGRAMS, _can_be_programmed))),
        Table("projection", _projections, (
            Row("synapses of plain spikes", _is_plain, NOTHING, _always),
            Row("synapses of graded spikes", _is_graded, COUNTED, _counts_payloads),
            Row("synapses that learn", _learns, RULES, _can_learn)))),
    "relayed": (
        Table("population", _populations, (
            Row("a source", _is_source, NOTHING, _always),
            Row("neurons", _is_neuron, CORES, _fits_an_empty_core))),
        Table("projection", _projections, (
            Row("a projection", _every, DELAYS, _has_a_delay_of_synapses),))),
    "placed": (
        Table("population", _populations, (
            Row("a source", _is_source, NOTHING, _always),
            Row("neurons", _is_neuron, ONCE, _is_in_one_slice))),
        Table("slice", _slices, (
            Row("a slice", _every, INSIDE, _is_of_neurons),)),
        Table("slice", _slices, (
            Row("a slice", _every, PLACES, _has_a_place),))),
}
"""By stage, in order, the tables that it adds to those before."""
