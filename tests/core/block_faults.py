"""Faults planted in a block: another parameter, another synapse, another number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.numbers import Block, Dense
from neuromorph.network import Network
from neuromorph.neurons.value_side import ValueSide

PERIOD = 21
Ints = NDArray[np.int64]
Fault = Callable[[Block], Network]
"""The network of a block, but for one thing."""


@dataclass(frozen=True)
class Planted:
    """A fault, and what finds it.

    Attributes
    ----------
    make : callable
    stage : str
        The first stage that is not as the closed form says; empty where nothing runs.
    refused : str
        What the proof, or a check before it, says; empty where they may let it pass.
    stream : str
        The tokens that reveal it: "usual", or "long" where ten usual ones do not.
    """

    make: Fault
    stage: str = ""
    refused: str = ""
    stream: str = "usual"


built = lru_cache(build)


def model(name: str, **changed: Any) -> Fault:
    """Other parameters of a population; a callable makes them of the old one."""
    def planted(block: Block) -> Network:
        network = built(block)
        old = network.population(name).model
        found = {key: value(old.parameters()[key]) if callable(value) else value
                 for key, value in changed.items()}
        return with_model(network, name, old.with_parameters(**found))
    return planted


def with_model(network: Network, name: str, other: Any) -> Network:
    return replace(network, populations=tuple(
        replace(p, model=other) if p.name == name else p for p in network.populations))


def synapse(name: str, **changed: Any) -> Fault:
    """Other fields of a projection, likewise."""
    def planted(block: Block) -> Network:
        network = built(block)
        assert any(p.name == name for p in network.projections)
        return replace(network, projections=tuple(
            replace(p, **{key: value(getattr(p, key)) if callable(value) else value
                          for key, value in changed.items()}) if p.name == name else p
            for p in network.projections))
    return planted


def several(*faults: tuple[str, Mapping[str, Any]]) -> Fault:
    """Other parameters of some populations at once."""
    def planted(block: Block) -> Network:
        network = built(block)
        for name, changed in faults:
            old = network.population(name).model
            network = with_model(network, name, old.with_parameters(
                **{key: value(old.parameters()[key]) for key, value in changed.items()}))
        return network
    return planted


def numbers(change: Callable[[Block], Mapping[str, Any]]) -> Fault:
    """The network of a block with other numbers."""
    return lambda block: build(replace(block, **change(block)))


def later(steps: int) -> Callable[[Any], Any]:
    """Steps of a period of the block of these tests, later or earlier."""
    return lambda at: (at + steps) % PERIOD


def one_more(values: Any) -> Ints:
    """The first of some numbers, one larger."""
    found = np.array(values, np.int64)
    found.flat[0] += 1
    return found


def plus(amount: int) -> Callable[[Any], Any]:
    return lambda value: value + amount


def a_weight(dense: Dense) -> Dense:
    """One weight is one unit off."""
    weights = dense.weights.copy()
    weights[0, 0] += 1 if weights[0, 0] < 0 else -1
    return replace(dense, weights=weights)


def silent_zero(block: Block) -> Network:
    """Key sides that say nothing of a zero."""
    network = built(block)
    old = network.population("clock.side0").model.parameters()
    return with_model(network, "clock.side0", ValueSide(
        old["off"], multiplier=4, shift=1, limit=old["limit"], period=old["period"],
        at=old["at"]))


def dropped(name: str) -> Fault:
    """Without a projection."""
    def planted(block: Block) -> Network:
        network = built(block)
        assert any(p.name == name for p in network.projections)
        return replace(network, projections=tuple(
            p for p in network.projections if p.name != name))
    return planted


def another_weight(name: str) -> Fault:
    return numbers(lambda block: {name: a_weight(getattr(block, name))})


def another_head(**changed: int) -> Fault:
    """The second head has other numbers, each so much larger."""
    return numbers(lambda block: {"heads": (block.heads[0], replace(block.heads[1], **{
        name: getattr(block.heads[1], name) + more for name, more in changed.items()}))})


def line(of: int, payload: int) -> Fault:
    """What one line of the drive's program says."""
    return model("clock.ramp0", payload=lambda old: np.where(
        np.arange(len(old)) == of % len(old), payload, old))


NOT_THE_NORM = "the sum could overflow"
"""Of a norm that is not its builder's, and so has no rules of its own."""

MIXED = "mixed-sign weights must be even"
LATCH = "head0.control latched"
QUERY, KEY, HEAD, OTHER, OUT = ("project.query", "project.key", "head0.control v",
                                "head1.control v", "attended.out")

FAULTS: Mapping[str, Planted] = {
    # constants
    "a multiplier of W_q": Planted(model("project.query_x", multiplier=one_more), QUERY,
                                   stream="long"),
    "a multiplier of W_o": Planted(model(OUT, multiplier=one_more), OUT),
    "a multiplier of W_d": Planted(model("out", multiplier=one_more), "out"),
    "a shift": Planted(model(OUT, shift=plus(1)), OUT),
    "a gate's bias": Planted(model("gated.a", bias=one_more), "gated.a"),
    "a norm's constant": Planted(model("mlp_norm.rsqrt", multiplier=plus(1)), "mlp_norm.scale",
                                 NOT_THE_NORM, "long"),
    "a context's constant": Planted(model("head0.control", multiplier=plus(1)), "context",
                                    stream="long"),
    "carry": Planted(model(OUT, carry=3), OUT),
    "slope of SiLU": Planted(model("gated.a", slope=plus(1)), "gated.a", stream="long"),
    "bits of the gate": Planted(model("gated.a", unit_bits=plus(1)), "gated.a"),
    "shift of the product": Planted(model("gated.a", product_shift=plus(1)), "gated.a"),
    "decay of control": Planted(model("head0.control", dv=plus(1)), HEAD),
    "decay of the normaliser": Planted(model("head0.normaliser", dv=plus(1)),
                                       "head0.normaliser v"),
    "which of a pair": Planted(model(QUERY, second=lambda old: 1 - old), QUERY),
    # weights
    **{f"a weight of {name}": Planted(another_weight(name), stage, stream="long")
       for name, stage in (("query", QUERY), ("key", KEY), ("value", "value"), ("output", OUT),
                           ("gate", "gated.a"), ("up", "gated.a"), ("down", "out"))},
    "a weight doubled twice": Planted(synapse("gated.gate", exponent=0), "gated.a"),
    "a weight not doubled": Planted(synapse("gated.gate", weights=lambda w: w // 2),
                                    refused=MIXED),
    "an odd weight": Planted(synapse("gated.gate", weights=lambda w: w + 1), refused=MIXED),
    "the written slot counts": Planted(synapse("head0.uncount", weights=lambda w: 0 * w), HEAD),
    # delays and steps
    "partner with its own": Planted(synapse("project.query_partner", delay=0), QUERY),
    "angles late": Planted(synapse("project.key_angle", delay=plus(1)), KEY),
    "own and partner": Planted(several((QUERY, {"own_at": plus(1), "partner_at": plus(-1)})),
                               QUERY),
    "R early": Planted(synapse("attended.carry", delay=plus(-1)), OUT),
    "R' late": Planted(synapse("fed_back.carry", delay=plus(1)), "out", "the sum could overflow"),
    "up with the gate": Planted(synapse("gated.up", pre="mlp_norm.scale"), "gated.a"),
    "half a query early": Planted(synapse("clock.asked_on0", delay=plus(-1)), HEAD,
                                  "the current could overflow", "long"),
    "a query two early": Planted(synapse("clock.asked_on0", delay=plus(-2)), HEAD,
                                 "the current could overflow"),
    "a value late": Planted(synapse("clock.to_value_on0", delay=plus(1)), "value"),
    "a pulse late": Planted(synapse("clock.pulse_fire0", delay=plus(1)), HEAD),
    "the root late": Planted(synapse("fed_back.norm", delay=1), "out"),
    "a residual that keeps late": Planted(model(OUT, keep_at=later(1)), OUT),
    "a third factor late": Planted(model("clock.store", at=later(1)), HEAD),
    "an old value goes late": Planted(model("clock.renew0", at=later(1)), HEAD),
    # ports and the latch
    "asked at the sum": Planted(synapse("head0.ask", port="a_in"), LATCH),
    "the mass asked at the sum": Planted(synapse("head0.ask_mass", port="a_in"), "context"),
    "a flush that is added": Planted(synapse("head0.forget", port="a_in", graded=True), HEAD,
                                     "the potential could overflow"),
    "control latches late": Planted(synapse("head0.ask", delay=1), LATCH),
    "the normaliser latches late": Planted(synapse("head0.ask_mass", delay=1), "context"),
    "a flush in place of a question": Planted(synapse("head0.ask", weights=lambda w: w // 2),
                                              LATCH),
    "half a reciprocal": Planted(synapse("head0.divide", weights=lambda w: w // 2), "context"),
    # keys and slots
    "a silent key side": Planted(silent_zero, HEAD),
    "a side that never comes": Planted(dropped("clock.keyed0"), HEAD),
    "no mask": Planted(model("clock.mask", payload=1), HEAD),
    "a mask of what is written": Planted(model("clock.mask", empty=0), HEAD),
    "who is excused": Planted(model("clock.absent", empty=0), HEAD),
    "excused long after": Planted(model("clock.absent", at=later(9)), HEAD),
    "another slot fires": Planted(model("clock.fire0", place=lambda old: old[::-1]), HEAD),
    "a ring of another length": Planted(several(*(
        (f"clock.{name}", {"slots": plus(1)}) for name in ("lift", "store", "fire0", "fire1"))),
        HEAD),
    "half a lift": Planted(model("clock.lift", payload=lambda old: old // 2), HEAD),
    "half a shot": Planted(model("clock.fire0", payload=lambda old: old // 2), HEAD),
    "half a third factor": Planted(model("clock.store", payload=lambda old: old // 2), HEAD),
    # eps, rungs, parts
    "eps": Planted(model("attention_norm.rsqrt", least=lambda old: old // 2),
                   "attention_norm.scale", NOT_THE_NORM),
    "no eps": Planted(model("attention_norm.rsqrt", least=0), "attention_norm.scale",
                      NOT_THE_NORM),
    "rung threshold": Planted(model("attention_norm.rsqrt", threshold=lambda old: old // 2**9),
                              "attention_norm.scale", NOT_THE_NORM, "long"),
    "a threshold without room": Planted(model(
        "attention_norm.rsqrt", threshold=lambda old: 2 * old),
        refused="threshold is out of range"),
    "a rung twice as coarse": Planted(model("mlp_norm.square", shift=plus(1)), "mlp_norm.scale",
                                      NOT_THE_NORM),
    "the root's threshold": Planted(model("unit_norm.root", threshold=lambda old: old // 2**9),
                                    "unit_norm.root", NOT_THE_NORM, "long"),
    "a root of nothing": Planted(dropped("unit_norm.sum_too"), "unit_norm.root", NOT_THE_NORM),
    "order of the parts": Planted(model("head0.control", at=lambda old: old[::-1]), "context"),
    "another part": Planted(model("head0.control", at=lambda old: old[[1, 0, 2, 3]]), "context"),
    # drive
    "window": Planted(another_head(window=1), OTHER),
    "ramp": Planted(another_head(ramp=1), OTHER),
    "go": Planted(line(-1, 1), HEAD, stream="long"),
    "last lift": Planted(line(-3, 2600), HEAD),
    "flush two late": Planted(model("clock.flush0", at=later(2)), HEAD, stream="long"),
    "flush in the answer": Planted(model("clock.flush0", at=later(6)), HEAD),
    "flush four early": Planted(model("clock.flush0", at=later(-4)), HEAD),
    # centres and clips
    "a key's centre": Planted(model(KEY, centre=lambda old: 0 * old), KEY),
    "a value's centre": Planted(model("clock.value_on0", centre=plus(20)), "value"),
    "a query's clip": Planted(model(QUERY, limit=plus(-1)), QUERY),
    "a key's clip": Planted(model(KEY, limit=plus(-1)), KEY),
    "a value's clip": Planted(model("clock.value_off0", limit=plus(-1)), "value"),
    "the clip before codes": Planted(model("project.query_x", limit=2**12), QUERY),
    "a context's clip": Planted(model("head0.control", limit=plus(-1)), "context"),
    "the hidden clip": Planted(model("gated.a", limit=2000), "gated.a"),
    "a unit vector's clip": Planted(model("unit_norm.scale", limit=2000), "unit_norm.scale",
                                    NOT_THE_NORM),
}

HARMLESS: Mapping[str, tuple[Fault, str]] = {
    **{f"flush {steps:+d}": (model("clock.flush0", at=later(steps)),
                             "control was latched, and no spike of the next query has come")
       for steps in (-3, -2, -1, 1)},
    "two flushes": (model("clock.flush0", steps=2), "the second is a flush one step late"),
    "half a mask": (model("clock.mask", payload=lambda old: old // 2),
                    "that is still far more than a threshold"),
    "empty slots in another order": (model("clock.absent", place=lambda old: old[::-1]),
                                     "they are counted, and nobody asks which"),
    "excused a step late": (model("clock.absent", at=later(1)),
                            "done waits for the last slot, which has not fired"),
}
"""What nothing can reveal, and why."""
