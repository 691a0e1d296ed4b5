"""Our packing and nengo-loihi's allocators on one Loihi 1 network: cores, and traffic of chips.

Needs nengo-loihi (`make test-nengo` installs it). Attention heads, lowered to plain spikes: those
of the packaged digits model, exported here, and more of SmolLM2's shape with random codes.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from neuromorph.api.export import export
from neuromorph.circuits.latency_attention import LatencyAttention, build
from neuromorph.compile import Compiled, Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.program_file import program_as_dict
from neuromorph.deploy.units import units_of
from neuromorph.models.digits import WEIGHTS
from neuromorph.network import Network
from neuromorph.profiles import load_profile
from neuromorph.translate import TranslateOptions

HEADS, SLOTS, SIZE, CHIPS = 64, 512, 64, 8
"""Of the larger case, and how many chips nengo-loihi may take."""


def measure() -> dict[str, Any]:
    if importlib.util.find_spec("nengo_loihi") is None:
        return {"skipped": "nengo-loihi is not installed: make test-nengo"}
    return {"digits model, 12 heads of 17 slots": both(digits_heads()),
            f"SmolLM2's shape, {HEADS} heads of {SLOTS} slots": both(large_heads())}


def both(units: Sequence[Unit]) -> dict[str, Any]:
    state = compile_units(units, load_profile("nahuku32"))
    return {"neuromorph": ours(state), **theirs(joined(state.program.units))}


def digits_heads() -> tuple[Unit, ...]:
    with TemporaryDirectory() as folder:
        options = TranslateOptions(spikes="binary", target="loihi1")
        return units_of(export(WEIGHTS, Path(folder) / "digits", options=options).bundle, "static")


def large_heads() -> tuple[Unit, ...]:
    """As `neuromorph export --target loihi1` makes SmolLM2's, but for the codes."""
    rng = np.random.default_rng(0)
    head = LatencyAttention(
        slots=SLOTS, key_size=SIZE, value_size=SIZE, spikes="binary", key_shift=5, ramp=48,
        window=19, score_bound=15_749, latest=424, query_limit=31, key_limit=127, value_limit=127,
        value_shift=0, control_decay=2048, unit=254, input_bits=22)
    codes = rng.integers(-127, 128, (HEADS, 2, SLOTS, SIZE))
    return tuple(Unit(f"head {h}", build(head, keys, values))
                 for h, (keys, values) in enumerate(codes))


def joined(units: Sequence[Unit]) -> Network:
    """All units in one network, as nengo-loihi wants them."""
    populations = tuple(replace(p, name=f"{u}.{p.name}")
                        for u, unit in enumerate(units) for p in unit.network.populations)
    projections = tuple(replace(p, name=f"{u}.{p.name}", pre=f"{u}.{p.pre}", post=f"{u}.{p.post}")
                        for u, unit in enumerate(units) for p in unit.network.projections)
    return Network("all heads", "fixed", populations, projections)


def ours(state: Compiled) -> dict[str, Any]:
    links, chip = traffic(state.program), state.program.places[:, 0]
    found = check_program(*program_as_dict(state.program), state.profile)
    return {"cores": state.program.cores, "bound": state.lower_bound,
            "violations": len(found.violations), "chips": state.program.chips,
            "spikes_between_chips": float(
                links.packets[chip[links.source] != chip[links.target]].sum()),
            "spikes_between_cores": links.between_cores}


def theirs(network: Network) -> dict[str, Any]:
    from nengo_loihi.hardware.allocators import Greedy, GreedyInterchip, RoundRobin

    from neuromorph.backends.loihi_emulator.model import Lowered
    from neuromorph.errors import BackendError

    found: dict[str, Any] = {}
    lowered = Lowered(network)
    lowered.finish()
    for allocator in (Greedy, RoundRobin, GreedyInterchip):
        try:
            board = lowered.place(CHIPS, allocator())
        except BackendError as error:
            found[allocator.__name__] = {"refused": str(error)}
            continue
        home = {id(block): (c, k) for c, chip in enumerate(board.chips)
                for k, core in enumerate(chip.cores) for block in core.blocks}
        cores, chips = spread(lowered.model.blocks, home)
        found[allocator.__name__] = {
            "cores": sum(board.n_cores_per_chip), "chips": sum(map(bool, board.n_cores_per_chip)),
            "spikes_between_chips": chips, "spikes_between_cores": cores}
    return found


def spread(blocks: list[Any], home: dict[int, tuple[int, int]]) -> tuple[float, float]:
    """Spikes that leave their core, and their chip, if every neuron fires once.

    A spike counts once for every core that it goes to, as it does in ours.
    """
    owner = {id(synapse): id(block) for block in blocks for synapse in block.synapses}
    cores = chips = 0.0
    for block in blocks:
        here = home[id(block)]
        sent: dict[tuple[int, int], set[int]] = {}
        for axon in block.axons:
            firing = np.flatnonzero(np.asarray(axon.compartment_map) >= 0).tolist()
            sent.setdefault(home[owner[id(axon.target)]], set()).update(firing)
        cores += sum(len(who) for there, who in sent.items() if there != here)
        chips += sum(len(who) for there, who in sent.items() if there[0] != here[0])
    return cores, chips
