"""From the integers of a transformer to its network, wired of parts by ports."""

from __future__ import annotations

from dataclasses import replace

from neuromorph.circuits import norm
from neuromorph.circuits.block.build import build as build_block
from neuromorph.circuits.block.numbers import with_period
from neuromorph.circuits.block.project import ANGLE_LIMIT
from neuromorph.circuits.norm import Norm
from neuromorph.circuits.transformer.answer import answer
from neuromorph.circuits.transformer.embedding import embedding, shares_of
from neuromorph.circuits.transformer.handing import handing
from neuromorph.circuits.transformer.numbers import Transformer, check
from neuromorph.circuits.transformer.timeline import TokenCourse, course_of
from neuromorph.errors import NetworkError
from neuromorph.network import Network, parallel, rename, verify, wire
from neuromorph.numerics.limits import STATE_MAX

POSITIONS, ANGLE, TOKEN, OUT = "positions", "angle", "token", "out"
"""The only sources of a transformer beside its inputs (`shares_of`), and what it sends."""

PULSES = (-2, 1)
"""The first slot's turn, and the next one's; -1: all are empty again."""


def build(model: Transformer) -> Network:
    """The network of a transformer: a token in step 0 of a period, its answer periods later.

    ::

        inputs, positions --> embedding --> block0 --> block1 --> ... --> norm --> answer
        angle, token --> block0 --(relays)--> block1 --> ...

    Raises
    ------
    NetworkError
        If numbers do not fit each other, or a wire hears what its input does not assume; for a
        layer behind the sum of all tokens, which no neuron keeps.
    RangeProofError
        If a head's rules do not hold.
    """
    check(model)
    if model.head.read == "mean" and model.head.dense is not None:
        raise NetworkError("no neuron sums up all tokens for a layer behind them",
                           where="transformer.head", found="mean, and a layer",
                           expected="each or first; or no layer, and a host that sums up")
    at = course_of(model)
    parts, begins, wires = _parts(model, at)
    whole = parallel(parts, "transformer", {name: step % at.period
                                            for name, step in begins.items()})
    wired = wire(whole, wires)
    last = output_of(model)
    ends = [port for port in wired.outputs if port.population == last]
    return verify(rename(replace(wired, outputs=tuple(replace(port, name=OUT) for port in ends)),
                         _names(model)))


def embedded_by(model: Transformer) -> str:
    """The population that sends the first block its R."""
    return "embedding.out" if model.embedding.norm is None else "embedding_norm.scale"


def sent_by(block: int) -> str:
    """The population that sends what a block makes of it."""
    return f"block{block}.out"


def output_of(model: Transformer) -> str:
    """The population that says the answer."""
    if model.head.dense is not None:
        return "answer.out"
    return sent_by(len(model.blocks) - 1) if model.head.norm is None else "head_norm.scale"


def _parts(model: Transformer, at: TokenCourse) -> tuple[dict[str, Network], dict[str, int],
                                                    dict[str, str]]:
    """Parts, in which step of a token each begins, and which input hears what."""
    period, head = at.period, model.head
    blocks = [with_period(block, period) for block in model.blocks]
    parts = {"embedding": embedding(model.embedding, model.largest, period)}
    begins, wires, heard = {"embedding": 0}, {}, "embedding.out"

    def normed(name: str, kind: Norm, begin: int) -> str:
        parts[name], begins[name] = norm.build(replace(kind, period=period)), begin
        wires[f"{name}.r"] = heard
        return f"{name}.h"

    if model.embedding.norm is not None:
        heard = normed("embedding_norm", model.embedding.norm, at.summed)
    parts |= _handed(model, at)
    for n, block in enumerate(blocks):
        name = f"block{n}"
        parts[name], begins[name] = build_block(block), at.begins[n]
        wires |= {f"{name}.r": heard, f"{name}.token": f"tokens.block{n}"}
        if block.rotary:
            wires[f"{name}.angle"] = f"angles.block{n}"
        heard = f"{name}.out"
    if head.norm is not None:
        heard = normed("head_norm", head.norm, at.begins[-1])
    if head.dense is not None:
        parts["answer"] = answer(head.dense, *_said(model), period)
        begins["answer"], wires["answer.h"] = at.said - 1, heard
    return parts, begins, wires


def _handed(model: Transformer, at: TokenCourse) -> dict[str, Network]:
    found = {"tokens": handing("tokens", 1, PULSES, (0,), at.begins[:-1], at.period)}
    if model.angles is not None:
        found["angles"] = handing("angles", model.angles[0].shape[1], (-ANGLE_LIMIT, ANGLE_LIMIT),
                                  (0, 1), at.begins[:-1], at.period)
    return found


def _said(model: Transformer) -> tuple[int, int | None]:
    """Largest number of what a head's layer hears, and a bound on its 2-norm."""
    last = model.head.norm or model.blocks[-1].end_norm
    return (STATE_MAX, None) if last is None else (last.limit, last.longest)


def _names(model: Transformer) -> dict[str, str]:
    names = {f"embedding.{name}": name for name in shares_of(model.embedding)}
    names["tokens.block0"] = TOKEN
    if model.embedding.positions is not None:
        names["embedding.positions"] = POSITIONS
    if model.angles is not None:
        names["angles.block0"] = ANGLE
    return names
