"""What a report says of a placed program, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from neuromorph.bundle import Bundle
from neuromorph.compile import Compiled, Program, Unit, cores_taken
from neuromorph.compile.check import Usage
from neuromorph.compile.packing.balance import KEYS, VALUES, Loads
from neuromorph.compile.packing.demand import used_synapses
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.place import hops, place, row_by_row
from neuromorph.compile.packing.swaps import swapped
from neuromorph.compile.packing.traffic import Traffic, traffic
from neuromorph.cost.band import Band, band
from neuromorph.cost.break_even import LITERATURE
from neuromorph.cost.estimate import Estimate
from neuromorph.cost.events import Events, count_packets
from neuromorph.cost.links import fullest_link
from neuromorph.cost.phases import side_by_side, step_classes
from neuromorph.cost.steps import count_steps, work_of
from neuromorph.cost.work import PhaseWork
from neuromorph.deploy.boards import Chosen
from neuromorph.deploy.run import READ, Tried, trains_like
from neuromorph.deploy.units import Memory
from neuromorph.profiles import Profile
from neuromorph.profiles.second_limits import with_compiler_memory, with_routers
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Caution, HeadFidelity, measure_fidelity, worst_first

PER = "one query of every head"

FAR = 8
"""Slots a token of the sample, beyond which a report asks whether they are meant."""


def head_values(
    bundle: Bundle, units: Sequence[Unit], target: Chosen, memory: Memory
) -> dict[str, Any]:
    """What it was compiled for, from what, and what works badly."""
    heads = [head for code in bundle.codes.values() for head in code.heads]
    periods = [head.period for head in heads]
    schedule = units[0].network.schedule
    slots = max(head.slots for head in heads)
    tokens = max(sample.keys.shape[1] for sample in bundle.samples.values())
    return {
        "profile": target.profile.name, "title": target.profile.title, "chosen": target.why,
        "bundle": "" if bundle.path is None else str(bundle.path), "memory": memory,
        "spikes": heads[0].spikes, "neurons_per_key": heads[0].neurons_per_key,
        "heads": len(heads), "slots": slots, "sample_tokens": tokens,
        "steps": {"median": float(np.median(periods)), "most": max(periods)},
        "schedule": [] if schedule is None else
                    [[p.name, p.start, p.stop] for p in schedule.phases],
        "warnings": [caution.as_dict() for caution in
                     (*bundle.cautions, *_too_many_slots(slots, tokens))],
    }


def _too_many_slots(slots: int, tokens: int) -> Iterator[Caution]:
    if slots > FAR * tokens:
        yield Caution("many-slots", "slots",
                      f"the heads have {slots} slots, the bundle's sample {tokens} tokens: every "
                      "slot takes synapses, energy and time, used or not. For short contexts "
                      "export with fewer (--slots)")


COLUMNS = ("neurons", "synapse_bits", "in_axons", "out_axons")
"""Resources in the report's table of cores."""


def cores_values(
    compiled: Compiled, usage: Usage, second: dict[str, Any] | None
) -> dict[str, Any]:
    """How full the cores are, each and together; ``second`` is what `second_memory` says."""
    program, limits = compiled.program, compiled.limits
    capacities = {name: limits.core()[name] for name in COLUMNS}
    table = [[*map(int, place), *(int(usage[name][core]) for name in COLUMNS)]
             for core, place in enumerate(program.places)]
    cut_units = sum(len({s.core for s in pieces}) > 1 for pieces in program.by_unit)
    loads = Loads(program.units)
    return {
        "balance": {"keys": loads.balance(program.slices, KEYS),
                    "values": loads.balance(program.slices, VALUES)},
        "chips_used": program.chips, "chips": compiled.profile.board.chips,
        "cores_used": program.cores, "cores_usable": compiled.profile.cores_usable,
        "cores_lower_bound": compiled.lower_bound, "worst_resource": compiled.worst_resource,
        "utilisation": {name: float(usage[name].sum() / (program.cores * capacities[name]))
                        for name in COLUMNS},
        "cut": {"heads_cut": cut_units, "slices": len(program.slices)},
        "core_table": table, "capacities": capacities,
        "second_memory": second,
        "mesh": [limits.columns, limits.rows], "cores_per_tile": limits.tile,
        "chip_grid_columns": limits.chip_columns,
    }


def second_memory(compiled: Compiled) -> dict[str, Any] | None:
    """Cores that the same heads take by the other memory limit that is known; None without one."""
    other = with_compiler_memory(compiled.profile)
    if other is None:
        return None
    return {"source": compiled.profile.quantities["core.compiler_bits"].source,
            "bits": other.core.synapse_bits, "cores": cores_taken(compiled.given, other)}


def second_plan(compiled: Compiled, links: Traffic) -> dict[str, Any] | None:
    """Traffic over the chip's other plan, cores laid on it as on the first; None without one."""
    other = with_routers(compiled.profile)
    if other is None:
        return None
    limits = limits_of(other)
    places = swapped(place(compiled.program.cores, limits), traffic(compiled.program), limits)
    chip = other.chip
    return {"plan": [chip.mesh_columns, chip.mesh_rows, chip.cores_per_tile],
            "spikes_times_hops": hops(links, places, limits),
            "fullest_link": fullest_link(links, places, limits)}


def traffic_values(compiled: Compiled, links: Traffic) -> dict[str, Any]:
    """Spikes between cores, and how far they go."""
    program, limits = compiled.program, compiled.limits
    away = links.source != links.target
    return {
        "packets": links.between_cores, "spikes_times_hops": hops(links, program.places, limits),
        "spikes_times_hops_row_by_row": hops(links, row_by_row(program.cores, limits), limits),
        "fullest_link": fullest_link(links, program.places, limits),
        "second_plan": second_plan(compiled, links),
        "links": [[int(a), int(b), float(n)] for a, b, n in
                  zip(links.source[away], links.target[away], links.packets[away], strict=True)],
    }


def costs_values(
    compiled: Compiled, trial: Tried, links: Traffic, costs: str | None, *, per: str = PER,
    read: Collection[str] = READ,
) -> dict[str, Any]:
    """Energy and time of one query of every head, as a band over the profile's cost sets.

    ``per`` says of what else, ``read`` which populations a host reads at the end of it.
    """
    program = compiled.program
    like = [program.units[unit] for unit in trial.like]
    schedules = [unit.network.schedule for unit in like]
    steps = [trial.runs[unit][1] for unit in trial.like]
    at = side_by_side([schedule.period if schedule else length for schedule, length
                       in zip(schedules, steps, strict=True)], steps)
    work = work_of(
        count_steps(program, [trains_like(program, unit, trial)
                              for unit in range(len(trial.like))], at),
        step_classes(schedules, at), runs=trial.queries,
        hops=count_packets(links, program.places, compiled.limits), link=most_packets(
            compiled, links))
    found = band((*work[:-1], _with_reading(work[-1], program, read)), compiled.profile,
                 chips=program.chips, cores=program.cores, synapses=synapses_of(program),
                 costs=costs)
    values = band_values(found) | {"per": per}
    return values if any(schedules) else values | {"by_phase": []}


def band_values(found: Band | None) -> dict[str, Any]:
    """A band, and the figures of the set that is shown, by kind and phase."""
    if found is None:
        return dict.fromkeys(("energy_joules", "energy_total_joules", "costs", "latency_seconds",
                              "step_seconds", "band")) | {"by_phase": []}
    shown = found.shown
    static = {} if shown.static is None else {"static": shown.static}
    return {"energy_joules": static | shown.joules, "energy_total_joules": shown.total,
            "costs": shown.costs, "latency_seconds": shown.seconds,
            "step_seconds": None if shown.seconds is None else
                            shown.seconds / shown.events.steps,
            "events": asdict(shown.events),
            "band": found.as_dict() | {"break_even": [
                {"spikes_per_synapse": str(each), "source": each.source} for each in LITERATURE]},
            "by_phase": _by_phase(shown)}


def most_packets(compiled: Compiled, links: Traffic) -> float:
    """Packets over the fullest link, on whichever of the chip's plans that is more."""
    second = second_plan(compiled, links)
    first = fullest_link(links, compiled.program.places, compiled.limits)
    return first if second is None else max(first, second["fullest_link"])


def _with_reading(work: PhaseWork, program: Program, read: Collection[str]) -> PhaseWork:
    """The steps at the end, and with them what the host reads of every head."""
    values = sum(p.size for unit in program.units for p in unit.neurons if p.name in read)
    return replace(work, events=work.events.then(Events(host_spikes=float(values))))


def synapses_of(program: Program) -> float:
    """Synapses of all units."""
    return float(sum(np.count_nonzero(used_synapses(projection)) for unit in program.units
                     for projection in unit.network.projections))


def _by_phase(found: Estimate) -> list[dict[str, Any]]:
    """Steps by the phases that are active in them; an empty list of phases is none."""
    return [{"phases": list(phase.phases), "steps": phase.events.steps, "core": phase.core,
             "step_seconds": phase.step_seconds, "seconds": phase.seconds,
             "binding": phase.binding, "time_share": _share(phase.seconds, found.seconds),
             "energy_joules": phase.joules,
             "energy_share": _share(phase.joules, found.dynamic)} for phase in found.phases]


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


OF_PROGRAMS = (
    ("Products and quotients of programs: no price of Loihi 2's is public; at most what a "
     "32-bit product takes in 45 nm, or within a measured neuron's update."),
    "Every neuron counts as active in every step, every synapse as dense.",
    "What the host sends and reads is a time of its own; no energy of it is public.",
    ("A step lasts as long as the largest of: neurons of the fullest core, synaptic "
     "operations and memory reads of the busiest, packets of the fullest link, barrier."),
)
"""What an estimate of programmable neurons assumes, whatever they are for."""


def said_values(profile: Profile, assumptions: Sequence[str]) -> dict[str, Any]:
    """Evidence, notes and assumptions."""
    return {
        "evidence": "bit-exact model; energy and time: estimate; nothing has run on a chip",
        "notes": list(profile.notes), "assumptions": list(assumptions)}


OF_HEADS = (
    "These are attention heads alone, not the model around them.",
    *OF_PROGRAMS,
    "Heads begin each query together; those that are done wait for the longest.",
    "A head that was not run counts as the nearest that was.",
    "Other layers of the model, and the division that ends a query, are not on the chip.",
)
"""What an estimate of attention alone assumes."""


def fidelity_values(bundle: Bundle) -> list[dict[str, Any]]:
    """Heads of the bundle's sample, the worst by cosine or KL first."""
    found = list[HeadFidelity]()
    for name, code in bundle.codes.items():
        sample = bundle.samples[name]
        run = SpikingLayer(code).run_sample(sample)
        found += measure_fidelity(name, code, [sample], [run])
    return [head.as_dict() for head in worst_first(found)]
