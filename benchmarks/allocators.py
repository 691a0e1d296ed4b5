"""Our packing and nengo-loihi's allocators on one Loihi 1 network: cores, and traffic of chips.

Needs nengo-loihi (`make test-nengo` installs it). The network has the wiring of attention heads
in plain spikes: match, control, normaliser and done of 60 heads, 128 slots of 16 dimensions.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import Any

import numpy as np

from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.traffic import traffic
from neuromorph.network import CubaLIF, Network, Population, Projection, Source
from neuromorph.profiles import load_profile

HEADS, SLOTS, SIZE, CHIPS = 60, 128, 16, 2


def measure() -> dict[str, Any]:
    if importlib.util.find_spec("nengo_loihi") is None:
        return {"skipped": "nengo-loihi is not installed: make test-nengo"}
    network = plain_heads()
    return {"heads": HEADS, "chips": CHIPS, "neuromorph": ours(network), **theirs(network)}


def plain_heads() -> Network:
    """All heads in one network; every spike of match goes to its own head's readers."""
    rng = np.random.default_rng(0)
    populations: list[Population] = []
    projections: list[Projection] = []
    for h in range(HEADS):
        sizes = {"match": SLOTS, "control": SIZE, "normaliser": 1, "done": 1}
        populations += [Population(f"query{h}", SIZE, Source()),
                        *(Population(f"{name}{h}", size, CubaLIF(dv=0, vth=100))
                          for name, size in sizes.items())]
        projections += [
            Projection(f"key{h}", f"query{h}", f"match{h}", even(rng, (SLOTS, SIZE))),
            *(Projection(f"{name}{h}.in", f"match{h}", f"{name}{h}", even(rng, (size, SLOTS)))
              for name, size in sizes.items() if name != "match")]
    return Network("plain heads", "fixed", tuple(populations), tuple(projections))


def even(rng: Any, shape: tuple[int, int]) -> Any:
    return (2 * rng.integers(1, 64, shape) * rng.choice([-1, 1], shape)).astype(np.int32)


def ours(network: Network) -> dict[str, Any]:
    """The heads as units of their own, which is what they are."""
    profile = load_profile("kapoho_bay")
    units = []
    for h in range(HEADS):
        names = {f"{name}{h}" for name in ("query", "match", "control", "normaliser", "done")}
        units.append(Unit(f"head {h}", replace(
            network, populations=tuple(p for p in network.populations if p.name in names),
            projections=tuple(p for p in network.projections if p.post in names))))
    state = compile_units(units, profile)
    links, chip = traffic(state.program), state.program.places[:, 0]
    return {"cores": state.program.cores, "bound": state.lower_bound,
            "violations": len(check_program(*program_as_dict(state.program),
                                            profile).violations),
            "chips": state.program.chips,
            "spikes_between_chips": float(
                links.packets[chip[links.source] != chip[links.target]].sum()),
            "spikes_between_cores": links.between_cores}


def theirs(network: Network) -> dict[str, Any]:
    from nengo_loihi.hardware.allocators import Greedy, GreedyInterchip, RoundRobin

    from neuromorph.backends.loihi_emulator.model import Lowered

    found = {}
    for allocator in (Greedy, RoundRobin, GreedyInterchip):
        lowered = Lowered(network)
        lowered.finish()
        board = lowered.place(CHIPS, allocator())
        home = {id(block): (c, k) for c, chip in enumerate(board.chips)
                for k, core in enumerate(chip.cores) for block in core.blocks}
        cores, chips = spread(lowered.model.blocks, home)
        found[allocator.__name__] = {
            "cores": sum(board.n_cores_per_chip), "spikes_between_chips": chips,
            "spikes_between_cores": cores}
    return found


def spread(blocks: list[Any], home: dict[int, tuple[int, int]]) -> tuple[float, float]:
    """Spikes that leave their core, and their chip, if every neuron fires once."""
    owner = {id(synapse): id(block) for block in blocks for synapse in block.synapses}
    cores = chips = 0.0
    for block in blocks:
        here = home[id(block)]
        for axon in block.axons:
            there = home[owner[id(axon.target)]]
            spikes = int(np.count_nonzero(np.asarray(axon.compartment_map) >= 0))
            cores += spikes * (there != here)
            chips += spikes * (there[0] != here[0])
    return cores, chips
