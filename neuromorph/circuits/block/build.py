"""From the integers of a block to its network, wired of parts by ports."""

from __future__ import annotations

from dataclasses import replace

from neuromorph.circuits import hebbian_attention, norm
from neuromorph.circuits.block.clock import clock, wires_of
from neuromorph.circuits.block.numbers import Block, check
from neuromorph.circuits.block.project import project
from neuromorph.circuits.block.stream import attended, fed_back, gated
from neuromorph.circuits.latency_attention.emit import emission_of, emitting
from neuromorph.network import Network, parallel, rename, verify, wire

R, ANGLE, TOKEN, OUT = "r", "angle", "token", "out"
"""The only sources of a block, and what it sends."""


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
    times, heads = block.timeline, range(len(block.heads))
    parts = {"project": project(block),
             **{f"{role}_norm": norm.build(own.norm) for role, own in block.head_norms.items()},
             "clock": clock(block),
             **{f"head{n}": _head(block, n) for n in heads}, "attended": attended(block),
             "mlp_norm": norm.build(block.mlp_norm), "gated": gated(block),
             "unit_norm": norm.build(block.unit_norm), "fed_back": fed_back(block)}
    begins = {"mlp_norm": times.middle_at, "unit_norm": times.hidden_at,
              **{f"{role}_norm": times.x_at for role in block.head_norms},
              **{f"head{n}": times.head_at for n in heads}}
    if block.end_norm is None:
        parts = {"attention_norm": norm.build(block.attention_norm), **parts}
        first, last, end = "attention_norm.r", "fed_back.out", "fed_back.out"
    else:
        parts["end_norm"], begins["end_norm"] = norm.build(block.end_norm), times.fed_back_at
        first, last, end = "project.h", "end_norm.h", "end_norm.scale"
    whole = parallel(parts, "block", {name: at % block.period for name, at in begins.items()})
    wired = wire(whole, _wires(block, first))
    ends = tuple(port for port in wired.outputs if port.name == last)
    named = rename(replace(wired, outputs=()), {
        first: R, "clock.token": TOKEN, end: OUT,
        **({"project.angle": ANGLE} if block.rotary else {})})
    return verify(replace(named, outputs=tuple(
        replace(port, name=OUT, population=OUT) for port in ends)))


def _head(block: Block, n: int) -> Network:
    head = block.heads[n]
    written = hebbian_attention.build(head, block.period - hebbian_attention.WRITE_STEPS
                                      - head.period)
    at = (block.timeline.context_at - block.timeline.head_at) % block.period
    return emitting(written, head, emission_of(head), at, block.turns)


def _wires(block: Block, first: str) -> dict[str, str]:
    found = {
        "clock.query": "project.query", "clock.key": "project.key",
        "clock.value_x": "project.value_x", "attended.r": first,
        "mlp_norm.r": "attended.out", "gated.h": "mlp_norm.h", "unit_norm.r": "gated.a",
        "fed_back.h": "unit_norm.h", "fed_back.root": "unit_norm.root",
        "fed_back.r": "mlp_norm.h" if block.post else "attended.out"}
    found |= {"end_norm.r": "fed_back.out"} if block.post else {"project.h": "attention_norm.h"}
    for role in block.head_norms:
        found |= {f"{role}_norm.r": f"project.{role}_x", f"project.{role}_n": f"{role}_norm.h"}
    for n in range(len(block.heads)):
        found |= {f"head{n}.{port}": f"clock.{name}" for port, name in wires_of(block, n).items()}
        found[f"attended.context{n}"] = f"head{n}.control"
    return found
