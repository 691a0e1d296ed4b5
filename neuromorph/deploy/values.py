"""What a report says of a placed program, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from neuromorph.bundle import Bundle
from neuromorph.compile import Compiled, Unit
from neuromorph.compile.check import Usage
from neuromorph.compile.packing.place import hops, row_by_row
from neuromorph.compile.packing.traffic import Traffic
from neuromorph.cost.estimate import Estimate, estimate_phases
from neuromorph.cost.events import count_packets
from neuromorph.cost.phases import side_by_side, step_classes
from neuromorph.cost.steps import count_steps
from neuromorph.deploy.boards import Chosen
from neuromorph.deploy.run import Tried
from neuromorph.deploy.units import Memory
from neuromorph.profiles import Profile
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Caution, measure_fidelity

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
        "spikes": heads[0].spikes, "heads": len(heads), "slots": slots, "sample_tokens": tokens,
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


def cores_values(compiled: Compiled, usage: Usage) -> dict[str, Any]:
    """How full the cores are, each and together."""
    program, limits = compiled.program, compiled.limits
    capacities = {name: limits.core()[name] for name in COLUMNS}
    table = [[*map(int, place), *(int(usage[name][core]) for name in COLUMNS)]
             for core, place in enumerate(program.places)]
    cut_units = sum(len({s.core for s in pieces}) > 1 for pieces in program.by_unit)
    return {
        "chips_used": program.chips, "chips": compiled.profile.board.chips,
        "cores_used": program.cores, "cores_usable": compiled.profile.cores_usable,
        "cores_lower_bound": compiled.lower_bound, "worst_resource": compiled.worst_resource,
        "utilisation": {name: float(usage[name].sum() / (program.cores * capacities[name]))
                        for name in COLUMNS},
        "cut": {"heads_cut": cut_units, "slices": len(program.slices)},
        "core_table": table, "capacities": capacities,
        "mesh": [limits.columns, limits.rows], "cores_per_tile": limits.tile,
        "chip_grid_columns": limits.chip_columns,
    }


def traffic_values(compiled: Compiled, links: Traffic) -> dict[str, Any]:
    """Spikes between cores, and how far they go."""
    program, limits = compiled.program, compiled.limits
    away = links.source != links.target
    return {
        "packets": links.between_cores, "spikes_times_hops": hops(links, program.places, limits),
        "spikes_times_hops_row_by_row": hops(links, row_by_row(program.cores, limits), limits),
        "links": [[int(a), int(b), float(n)] for a, b, n in
                  zip(links.source[away], links.target[away], links.packets[away], strict=True)],
    }


def costs_values(
    compiled: Compiled, trial: Tried, links: Traffic, costs: str | None
) -> dict[str, Any]:
    """Energy and time of one query of every head."""
    program = compiled.program
    like = [program.units[unit] for unit in trial.like]
    schedules = [unit.network.schedule for unit in like]
    steps = [trial.runs[unit][1] for unit in trial.like]
    at = side_by_side([schedule.period if schedule else length for schedule, length
                       in zip(schedules, steps, strict=True)], steps)
    found = estimate_phases(
        count_steps(program, [trial.trains[unit] for unit in trial.like], at),
        step_classes(schedules, at), compiled.profile, chips=program.chips, runs=trial.queries,
        hops=count_packets(links, program.places, compiled.limits), costs=costs)
    if found is None:
        return dict.fromkeys(("energy_joules", "energy_total_joules", "costs", "latency_seconds",
                              "step_seconds")) | {"per": "one query of every head", "by_phase": []}
    return {"energy_joules": found.joules, "energy_total_joules": found.total,
            "costs": found.costs, "latency_seconds": found.seconds,
            "step_seconds": found.step_seconds, "per": "one query of every head",
            "events": {name: float(value) for name, value in vars(found.events).items()},
            "by_phase": _by_phase(found) if any(schedules) else []}


def _by_phase(found: Estimate) -> list[dict[str, Any]]:
    """Steps by the phases that are active in them; an empty list of phases is none."""
    return [{"phases": list(phase.phases), "steps": phase.events.steps, "core": phase.core,
             "step_seconds": phase.step_seconds, "seconds": phase.seconds,
             "time_share": phase.seconds / found.seconds, "energy_joules": phase.joules,
             "energy_share": phase.joules / found.total} for phase in found.phases]


def said_values(profile: Profile) -> dict[str, Any]:
    """Evidence, notes and assumptions."""
    return {
        "evidence": "bit-exact model; energy and time: estimate; nothing has run on a chip",
        "notes": list(profile.notes),
        "assumptions": [
            "Products and quotients of programs are counted, not priced: no price is public.",
            "Every neuron counts as active in every step, every synapse as dense.",
            "Queries, drive and masks enter from outside; their way to the cores is not counted.",
            "Heads begin each query together; those that are done wait for the longest.",
            "A step lasts as long as its busiest core; synapses work as the spike is sent.",
            "A head that was not run counts as the nearest that was.",
            "Other layers of the model, and the division that ends a query, are not on the chip.",
        ],
    }


def fidelity_values(bundle: Bundle) -> list[dict[str, Any]]:
    """Heads of the bundle's sample, the worst first."""
    found = []
    for name, code in bundle.codes.items():
        sample = bundle.samples[name]
        run = SpikingLayer(code).run_sample(sample)
        found += measure_fidelity(name, code, [sample], [run])
    found.sort(key=lambda head: head.cosine)
    return [{"layer": h.layer, "head": h.head, "cosine": h.cosine} for h in found]
