"""A transformer block: cores by stage, and how long it takes to build, prove, place and run it.

Random integers of three sizes, the last that of a SmolLM2 block. The clocked network is compared
with its closed form, to the bit, and so is the network as it lies on cores. All times are processor
time; a first run compiles.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from neuromorph import backends
from neuromorph.circuits.block.build import OUT, build
from neuromorph.circuits.block.closed_form import angles_of, run
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.block.stages import rows_of
from neuromorph.circuits.block.tiny import tiny_block, tiny_stream
from neuromorph.circuits.block.tokens import stimulate
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.program import Program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.compile.split import split
from neuromorph.network import Network, Probe
from neuromorph.profiles import load_profile

PROFILE = "loihi2-graded"
TOKENS = 8
SIZES: dict[str, dict[str, int]] = {
    "tiny": {},
    "width 128": {"width": 128, "heads": 8, "groups": 4, "size": 16, "hidden": 384, "slots": 32,
                  "window": 16, "turns": 4},
    "SmolLM2-135M": {"width": 576, "heads": 9, "groups": 3, "size": 64, "hidden": 1536,
                     "slots": 64, "window": 18, "turns": 10},
}

T = TypeVar("T")


def measure() -> dict[str, Any]:
    return {name: _of(shorter(tiny_block(0, **sizes))) for name, sizes in SIZES.items()}


def shorter(block: Block) -> Block:
    """W_o halved: rows of weights that are drawn evenly are longer than those that are trained."""
    output = replace(block.output, weights=block.output.weights // 2)
    return replace(block, output=output)


def _of(block: Block) -> dict[str, Any]:
    profile, seconds = load_profile(PROFILE), dict[str, float]()

    def timed(name: str, work: Callable[[], T]) -> T:
        before = time.process_time()
        result = work()
        seconds[name] = round(time.process_time() - before, 3)
        return result

    network = timed("build", lambda: build(block))
    proof = timed("prove", lambda: prove_contract(network))
    program = timed("compile", lambda: compile_units([Unit("block", network)], profile)).program
    if not timed("check", lambda: check_program(*program_as_dict(program), profile)).ok:
        raise SystemExit("the checker finds fault with a block")
    stream, angles = tiny_stream(0, TOKENS, block.width), angles_of(range(TOKENS), block.size)
    expected = timed("closed form", lambda: run(block, stream, angles)).end
    inputs, steps = stimulate(block, stream, angles)
    whole, placed = Unit("block", network), split(program.units[0], program.slices_of(0))
    for name, unit in (("first clocked run", whole), ("clocked run", whole),
                       ("clocked run as placed", placed)):
        done = timed(name, lambda unit=unit: unit.run(  # type: ignore[misc]
            backends.get("fast").run, inputs, [Probe(OUT)], steps))
        sent = done.spikes(OUT)[block.timeline.end_at :: block.period]
        if not np.array_equal(sent[:TOKENS], expected):
            raise SystemExit(f"a block is not its closed form: {name}")
    return {"period": block.period, "latency": block.timeline.end_at, "steps": steps,
            "populations": len(network.populations),
            "neurons": sum(p.size for p in network.populations if not p.is_source),
            "weights": _weights(block), "parts proved": len(proof.circuits),
            "cores": program.cores, "cores of each stage": _cores(block, network, program),
            "neurons of each stage": _neurons(block, network), "seconds": seconds}


def _weights(block: Block) -> int:
    layers = (block.query, block.key, block.value, block.output, block.gate, block.up, block.down)
    return sum(layer.weights.size for layer in layers if layer is not None)


def _cores(block: Block, network: Network, program: Program) -> dict[str, int]:
    """Cores on which a stage has neurons; one core may be several stages'."""
    stage = {name: row.stage for row in rows_of(block, network) for name in row.populations}
    found = {(stage[piece.population], piece.core) for piece in program.slices}
    return dict(Counter(name for name, _ in found))


def _neurons(block: Block, network: Network) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in rows_of(block, network):
        found[row.stage] += sum(network.population(name).size for name in row.populations
                                if not network.population(name).is_source)
    return {stage: count for stage, count in found.items() if count}
