"""From the integers of a block to its network, wired of parts by ports."""

from __future__ import annotations

from dataclasses import replace

from neuromorph.circuits import hebbian_attention, norm
from neuromorph.circuits.block.clock import clock, wires_of
from neuromorph.circuits.block.numbers import Block, check
from neuromorph.circuits.block.project import project
from neuromorph.circuits.block.stream import attended, fed_back, gated
from neuromorph.circuits.block.timeline import HEAD_AT, Timeline
from neuromorph.circuits.latency_attention.emit import emission_of, emitting
from neuromorph.network import Network, parallel, rename, wire

R, ANGLE, TOKEN, OUT = "r", "angle", "token", "out"
"""The only sources of a block, and what it sends."""


def timeline_of(block: Block) -> Timeline:
    """When who speaks."""
    return Timeline(block.period, block.turns)


def build(block: Block) -> Network:
    """The network of a block: R in step 0 of a period, R'' some periods later.

    Raises
    ------
    NetworkError
        If numbers do not fit each other, or a wire hears what its input does not assume.
    RangeProofError
        If a head's rules do not hold.
    """
    check(block)
    times, heads = timeline_of(block), range(len(block.heads))
    parts = {"attention_norm": norm.build(block.attention_norm), "project": project(block),
             "clock": clock(block), **{f"head{n}": _head(block, n) for n in heads},
             "attended": attended(block, times), "mlp_norm": norm.build(block.mlp_norm),
             "gated": gated(block, times), "unit_norm": norm.build(block.unit_norm),
             "fed_back": fed_back(block, times)}
    begins = {"mlp_norm": times.middle_at, "unit_norm": times.hidden_at,
              **{f"head{n}": HEAD_AT for n in heads}}
    whole = parallel(parts, "block", {name: at % block.period for name, at in begins.items()})
    wired = wire(whole, _wires(block))
    ends = tuple(port for port in wired.outputs if port.name == "fed_back.out")
    return rename(replace(wired, outputs=ends), {
        "attention_norm.r": R, "clock.token": TOKEN, "fed_back.out": OUT,
        **({"project.angle": ANGLE} if block.rotary else {})})


def _head(block: Block, n: int) -> Network:
    head = block.heads[n]
    written = hebbian_attention.build(head, block.period - hebbian_attention.WRITE_STEPS
                                      - head.period)
    at = (timeline_of(block).context_at - HEAD_AT) % block.period
    return emitting(written, head, emission_of(head), at, block.turns)


def _wires(block: Block) -> dict[str, str]:
    found = {
        "project.h": "attention_norm.h", "clock.query": "project.query",
        "clock.key": "project.key", "clock.value_x": "project.value_x",
        "attended.r": "attention_norm.r", "mlp_norm.r": "attended.out", "gated.h": "mlp_norm.h",
        "unit_norm.r": "gated.a", "fed_back.h": "unit_norm.h", "fed_back.root": "unit_norm.root",
        "fed_back.r": "attended.out"}
    for n in range(len(block.heads)):
        found |= {f"head{n}.{port}": f"clock.{name}" for port, name in wires_of(block, n).items()}
        found[f"attended.context{n}"] = f"head{n}.control"
    return found
