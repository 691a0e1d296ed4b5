"""A placed network of stock neurons, run by us and by SANA-FE's model of Loihi."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.compile import Program, Slice, Unit
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.traffic import Traffic, traffic
from neuromorph.cost.events import Events, count_events, count_packets
from neuromorph.network import CubaLIF, Network, Population, Probe, Projection
from neuromorph.profiles import load_profile

LOIHI = load_profile("loihi1")
STEPS = 60
CHILD = Path(__file__).with_name("loihi_child.py")
PLACES = np.array([[0, 1, 0], [0, 2, 0], [0, 9, 3]])
"""Chip, column and row of three cores: two of one tile, and one two tiles and three rows away."""


def placed(biases: Mapping[str, int], seed: int) -> Program:
    """Populations a and b, each cut over two of three cores, and c whole; all wired at random."""
    rng = np.random.default_rng(seed)
    neurons = tuple(Population(name, size, CubaLIF(dv=1024, vth=8, bias_mant=biases.get(name, 0)))
                    for name, size in (("a", 6), ("b", 5), ("c", 4)))
    sizes = {p.name: p.size for p in neurons}
    wires = tuple(Projection(pre + post, pre, post, sparse(rng, (sizes[post], sizes[pre])))
                  for pre, post in ("ab", "bc", "ca", "aa"))
    slices = (Slice(0, "a", 0, 4, 0), Slice(0, "b", 0, 2, 0), Slice(0, "a", 4, 6, 1),
              Slice(0, "c", 0, 4, 1), Slice(0, "b", 2, 5, 2))
    return Program("loihi1", (Unit("u", Network("lif", "fixed", neurons, wires)),), slices, PLACES)


def sparse(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Even weights of both signs, as synapses store them; two of five are absent."""
    return 2 * rng.integers(-1, 4, shape, dtype=np.int32) * (rng.random(shape) < 0.6)


@dataclass(frozen=True)
class Counted:
    """Our spikes, events and links between cores."""

    trains: NDArray[np.bool_]
    events: Events
    links: Traffic


def count(program: Program) -> Counted:
    """Run on `reference`, and count as the compiler does."""
    unit = program.units[0]
    recording = backends.get("reference").run(
        unit.network, {}, [Probe(p.name) for p in unit.neurons], STEPS)
    spikes = {p.name: recording.spikes(p.name) for p in unit.neurons}
    links = traffic(program, {f"0/{name}": np.count_nonzero(train, axis=0).astype(float)
                              for name, train in spikes.items()})
    events = count_events(unit, spikes, STEPS) + count_packets(links, program.places,
                                                              limits_of(LOIHI))
    return Counted(np.concatenate([*spikes.values()], axis=1) != 0, events, links)


def run_sanafe(program: Program, folder: Path, synapses: str) -> dict[str, Any]:
    """The same network on SANA-FE, in a child process; ``synapses`` names its lists."""
    job, result = folder / "job.json", folder / "result.json"
    job.write_text(json.dumps(as_job(program, synapses)), "utf-8")
    done = subprocess.run([sys.executable, str(CHILD), str(job), str(result)], timeout=300,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return found


def as_job(program: Program, synapses: str) -> dict[str, Any]:
    """Neurons and synapses by number; our potentials are 64 times SANA-FE's."""
    network = program.units[0].network
    first = dict(zip((p.name for p in network.populations),
                     np.cumsum([0, *(p.size for p in network.populations)]).tolist(), strict=False))
    neurons: list[Any] = [None] * sum(p.size for p in network.populations)
    for piece in program.slices:
        model = network.population(piece.population).model
        assert isinstance(model, CubaLIF)
        row = [*tile_and_core(program.places[piece.core]), model.vth, 1 - model.dv / 4096,
               model.bias_mant / 64]
        for neuron in range(piece.start, piece.stop):
            neurons[first[piece.population] + neuron] = row
    wires = [[first[p.pre] + int(pre), first[p.post] + int(post), int(p.weights[post, pre])]
             for p in network.projections for post, pre in np.argwhere(p.weights)]
    return {"neurons": neurons, "synapses": wires, "list": synapses, "steps": STEPS}


def tile_and_core(at: NDArray[np.int64]) -> tuple[int, int]:
    """SANA-FE numbers tiles down the columns; four columns of cores are one of tiles."""
    across, core = divmod(int(at[1]), LOIHI.chip.cores_per_tile)
    return across * LOIHI.chip.mesh_rows + int(at[2]), core
