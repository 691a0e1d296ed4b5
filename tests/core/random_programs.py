"""Random programs as the passes place them, on random profiles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from placed_programs import Arrays, Data, changed
from small_networks import random_network

from neuromorph.compile.packing.cut import cut
from neuromorph.compile.packing.demand import demands
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.place import place
from neuromorph.compile.program import Program, Unit
from neuromorph.compile.program_file import program_as_dict
from neuromorph.profiles import Profile, load_profile

PLENTY = 10**6
"""For what the passes do not count."""


def random_profile(rng: np.random.Generator) -> Profile:
    """Small cores and chips of any shape, synapses stored in any way, all features."""
    columns, rows, tile = (int(n) for n in rng.integers(1, 4, 3))
    usable = int(rng.integers(1, columns * rows * tile + 1))
    return changed(
        load_profile("loihi2-graded"), core=random_core(rng), learning={
            "tag_bits": int(rng.integers(1, 10)), "in_axon_slots": int(rng.integers(1, 3))},
        synapse={
            "index_bits_min": int(rng.integers(1, 7)), "delay_bits": int(rng.integers(6, 9)),
            "entry_synapses": int(rng.choice([2, 3, 64])),
            "entry_header_bits": int(rng.integers(12))},
        board={"chips": 60, "columns": int(rng.integers(1, 9)), "rows": 60},
        chip={"mesh_columns": columns, "mesh_rows": rows, "cores_per_tile": tile,
              "cores": columns * rows * tile, "cores_usable": usable})


def random_core(rng: np.random.Generator) -> dict[str, Any]:
    """Memory and axons for a few neurons; sometimes one memory for synapses and neurons."""
    shared, words = bool(rng.random() < 0.5), int(rng.choice([1, 8, 64]))
    bits = int(rng.integers(1000, 3000)) * (4 if words == 64 else 1)
    return {"neurons": int(rng.integers(5, 20)), "in_axons": int(rng.integers(20, 50)),
            "synapse_bits": bits, "memory_bits": bits + 200, "memory_shared": shared,
            "neuron_bits": int(rng.integers(65)), "word_bits": words,
            "neuron_settings": int(rng.integers(2, 9)),
            "threshold_settings": int(rng.integers(2, 9)),
            "synapse_formats": PLENTY, "out_axons": PLENTY}


def random_units(seed: int, count: int) -> tuple[Unit, ...]:
    """The networks of a random program."""
    return tuple(Unit(f"u{n}", random_network(1000 * seed + n)[0]) for n in range(count))


def random_placed(seed: int) -> tuple[Data, Arrays, Profile]:
    """What the passes make of some random networks and a random profile.

    Raises
    ------
    FitError
        Where a neuron does not fit a core, or the program the board.
    """
    rng = np.random.default_rng(seed)
    profile = random_profile(rng)
    limits = limits_of(profile)
    units = random_units(seed, int(rng.integers(1, 6)))
    slices = cut([demands(unit, limits) for unit in units], limits)
    program = Program(profile.name, units, slices)
    program = replace(program, places=place(program.cores, limits))
    return *program_as_dict(program), profile
