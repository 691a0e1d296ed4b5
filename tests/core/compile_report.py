"""Compile reports as `neuromorph compile` makes them, with made-up but possible numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.place import place
from neuromorph.cost import Events, PhaseWork, band
from neuromorph.cost.break_even import LITERATURE
from neuromorph.profiles import load_profile

RESOURCES = ("neurons", "synapse_bits", "in_axons", "out_axons")
ENERGIES = ("static", "neuron updates", "synaptic operations", "spikes", "hops", "plasticity")
PHASES = [["clear", 0, 2], ["lift", 2, 3], ["query", 3, 4], ["ramp", 4, 27], ["go", 27, 28]]


def digits() -> dict[str, Any]:
    """A vision transformer of 2 layers, 4 heads each, on one chip."""
    return placed("loihi2-graded", "out/demo/bundle", layers=2, heads=4, slots=17, cores=3,
                  name="layers.{}.attention", cut=(0, 8))


def smollm2() -> dict[str, Any]:
    """SmolLM2-135M, 30 layers of 9 heads, on two chips of Kapoho Point."""
    return placed("kapoho_point", "SmolLM2-135M.bundle", layers=30, heads=9, slots=512,
                  cores=148, name="model.layers.{}.self_attn", cut=(87, 357))


def hala_point() -> dict[str, Any]:
    """A larger model over many chips of Hala Point."""
    return placed("hala_point", "large.bundle", layers=80, heads=64, slots=2048, cores=9800,
                  name="blk.{}", cut=(5120, 20480))


def placed(
    profile: str, bundle: str, *, layers: int, heads: int, slots: int, cores: int, name: str,
    cut: tuple[int, int],
) -> dict[str, Any]:
    """The report of a program that fits."""
    draw = np.random.default_rng(0)
    loaded = load_profile(profile)
    limits = limits_of(loaded)
    places = place(cores, limits).tolist()
    capacities = {name: limits.core()[name] for name in RESOURCES}
    held = draw.uniform([0.05, 0.7, 0.01, 0.01], [0.15, 1.0, 0.2, 0.1], (cores, 4))
    table = [[*at, *row] for at, row in
             zip(places, (held * list(capacities.values())).astype(int).tolist(), strict=True)]
    links = [[a, b, float(draw.integers(1, 400))] for a in range(cores)
             for b in (a, a + 1, a + 2, a + 7) if b < cores]
    packets = sum(n for a, b, n in links if a != b)
    energy = dict(zip(ENERGIES, (cores * draw.uniform(0, 2e-6, 6)).tolist(), strict=True))
    work = PhaseWork(("ramp",), Events(
        neuron_steps=heads * layers * slots * 30.0, synaptic_ops=5e4 * heads * layers,
        spikes=slots * heads * layers, packets=packets, host_spikes=300.0 * heads * layers,
        steps=47), neurons=4000, synaptic_ops=3000)
    found = band([work], loaded, chips=len({at[0] for at in places}), cores=cores,
                 synapses=1e5 * heads * layers)
    assert found is not None
    return general(profile, bundle, layers * heads, slots) | {
        "fits": True, "chips_used": len({at[0] for at in places}), "chips": limits.chips,
        "cores_used": cores, "cores_usable": loaded.cores_usable,
        "cores_lower_bound": cores - cores // 20, "worst_resource": "synapse_bits",
        "utilisation": dict(zip(capacities, held.mean(axis=0).tolist(), strict=True)),
        "cut": {"heads_cut": cut[0], "slices": cut[1]},
        "steps": {"median": 28.0, "most": 47},
        "bit_exact": {"equal": True, "heads": 8, "queries": 40, "backend": "fast"},
        "violations": [], "packets": packets, "spikes_times_hops": 1.4 * packets,
        "spikes_times_hops_row_by_row": 3.1 * packets,
        "energy_joules": energy, "energy_total_joules": sum(energy.values()),
        "band": found.as_dict() | {"break_even": [
            {"spikes_per_synapse": str(each), "source": each.source} for each in LITERATURE]},
        "second_memory": {"source": "a log", "bits": 384_000, "cores": 2 * cores},
        "costs": "pilotnet_measured", "latency_seconds": 4.7e-4, "step_seconds": 1e-5,
        "per": "one query of every head",
        "by_phase": [
            {"phases": phases, "steps": steps, "core": 3, "step_seconds": seconds,
             "seconds": steps * seconds, "binding": "synaptic operations", "time_share": share,
             "energy_share": share / 2, "energy_joules": 1e-6}
            for phases, steps, seconds, share in (
                (["clear"], 2.0, 8e-6, 0.034), (["lift"], 1.0, 8e-6, 0.017),
                (["query"], 1.0, 2e-5, 0.043), (["ramp"], 26.0, 1e-5, 0.553),
                (["ramp", "go"], 14.0, 1e-5, 0.298), (["go"], 1.0, 1e-5, 0.021),
                ([], 1.5, 1e-5, 0.032))],
        "compared": [{"what": "energy of a synaptic operation", "value": 2.36e-11, "unit": "J",
                      "source": "Davies et al. 2018"}],
        "core_table": table, "capacities": capacities,
        "mesh": [limits.columns, limits.rows], "cores_per_tile": limits.tile,
        "chip_grid_columns": limits.chip_columns,
        "links": links, "fidelity": fidelity(draw, layers, heads, name), "schedule": PHASES,
        "evidence": "estimate",
    }


def fidelity(
    draw: np.random.Generator, layers: int, heads: int, name: str
) -> list[dict[str, Any]]:
    found = [{"layer": name.format(layer), "head": head, "cosine": 1 - 0.02 * draw.exponential(),
              "kl": 0.01 * draw.exponential(), "forced": 0, "queries": 5,
              "spikes_per_query": 16.5, "steps": 28}
             for layer in range(layers) for head in range(heads)]
    return sorted(found, key=lambda f: f["cosine"])


def not_fitting() -> dict[str, Any]:
    """SmolLM2 for a single chip."""
    return general("loihi2", "SmolLM2-135M.bundle", 270, 512) | {
        "fits": False, "reason": "148 cores are needed, the board has 120",
        "needs": {"cores": 148, "neurons": 156060, "synapse_bits": 141557760, "in_axons": 155520},
        "smallest_board": "kapoho_point",
        "changes": ["compile for --profile kapoho_point", "export with --slots 384 or fewer"],
        "evidence": "estimate",
    }


def general(profile: str, bundle: str, heads: int, slots: int) -> dict[str, Any]:
    loaded = load_profile(profile)
    return {"profile": profile, "title": loaded.title, "bundle": bundle, "memory": "static",
            "spikes": "graded", "heads": heads, "slots": slots,
            "assumptions": ["A head gets one query at a time."], "notes": list(loaded.notes)}
