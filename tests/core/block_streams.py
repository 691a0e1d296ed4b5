"""Tokens through a block by the clock, and what a closed form says that its populations send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from small_blocks import a_block, a_stream

from neuromorph import backends
from neuromorph.backends.interface import Recording
from neuromorph.circuits.block import closed_form
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.hebbian_attention import WRITE_STEPS
from neuromorph.circuits.hebbian_attention.writing import LEARN_AT
from neuromorph.network import Network, Probe

Ints = NDArray[np.int64]
SIZES: Mapping[str, dict[str, Any]] = {
    "small": {"width": 4, "size": 2, "heads": 1, "hidden": 5, "slots": 3, "windows": (6,)},
    "middle": {},
    "large": {"width": 16, "size": 6, "heads": 4, "hidden": 24, "slots": 7,
              "windows": (12, 7, 9, 5)},
}


def random_block(size: str, seed: int, **changed: Any) -> Block:
    """Of a size: any of all kinds by its seed, from 12 on behind its norms and else before them."""
    heads = SIZES[size].get("heads", 2)
    return a_block(seed, **SIZES[size], rotary=seed % 2 == 0, gated=seed // 2 % 2 == 0,
                   groups=max(1, heads // (1, 2, 4)[seed // 4 % 3]), turns=1 + seed % 3,
                   layer_norm=seed % 5 < 2, post=seed >= 12, **changed)


def tokens_of(block: Block, seed: int, tokens: int = 10) -> Ints:
    """A usual stream; what a block behind a norm hears is normed."""
    stream = a_stream(seed, tokens, block.width)
    return closed_form.normed(block.attention_norm, stream)[0] if block.post else stream


@dataclass(frozen=True)
class Sent:
    """Tokens, the steps in which they are sent, and what is sent between them."""

    stream: Ints
    starts: Ints
    steps: int
    empties: tuple[int, ...] = ()
    noise: Mapping[int, Ints] = field(default_factory=dict)


def angles(block: Block, tokens: int) -> tuple[Ints, Ints] | None:
    return closed_form.angles_of(range(tokens), block.size) if block.rotary else None


def closed(block: Block, stream: Ints) -> closed_form.Token:
    return closed_form.run(block, stream, angles(block, len(stream)))


def sequence(block: Block, stream: Ints, periods: Sequence[int]) -> Sent:
    """Tokens that begin in these periods, and steps until the last is done."""
    starts = np.asarray(periods, np.int64) * block.period
    return Sent(stream, starts, int(starts[-1]) + block.timeline.end_at + 1)


def pipelined(block: Block, stream: Ints) -> Sent:
    """A token in every period."""
    return sequence(block, stream, range(len(stream)))


def sequential(block: Block, stream: Ints) -> Sent:
    """A token when the one before has left."""
    each = block.timeline.end_at // block.period + 1
    return sequence(block, stream, range(0, each * len(stream), each))


def trains(block: Block, given: Sent, positions: Ints | None = None) -> dict[str, Ints]:
    """What the three sources send."""
    at, tokens = given.starts, len(given.stream)
    sent = {"r": np.zeros((given.steps, block.width), np.int64),
            "token": np.zeros((given.steps, 1), np.int64)}
    for step, vector in given.noise.items():
        sent["r"][step] = vector
    sent["r"][at], sent["token"][at] = given.stream, 1
    sent["token"][list(given.empties)] = -1
    if block.rotary:
        where = np.arange(tokens) if positions is None else positions
        cos, sine = closed_form.angles_of(where.tolist(), block.size)
        sent["angle"] = np.zeros((given.steps, block.size // 2), np.int64)
        sent["angle"][at], sent["angle"][at + 1] = cos, sine
    return sent


def probes(block: Block) -> tuple[Probe, ...]:
    heads, groups = range(len(block.heads)), range(block.groups)
    return tuple(Probe(name) for name in (
        *_spoken_at(block),
        *(f"clock.value_{side}{g}" for g in groups for side in ("on", "off")),
        *(f"head{n}.{name}" for n in heads for name in ("control", "done")))) + tuple(
        Probe(f"head{n}.{name}", "v") for n in heads for name in ("control", "normaliser")) + tuple(
        Probe(f"head{n}.control", "latched") for n in heads)


def clocked(
    block: Block, network: Network, given: Sent, backend: str = "fast",
    positions: Ints | None = None,
) -> Recording:
    return backends.get(backend).run(network, trains(block, given, positions), probes(block),
                                     given.steps)


def told(block: Block, done: Recording, starts: Ints) -> Iterator[tuple[str, Ints]]:
    """(stage, what it sent of each token), shape (tokens, ...), as the circuit says it."""
    times, heads = block.timeline, range(len(block.heads))
    for name, at in _spoken_at(block).items():
        yield name, done.spikes(name)[starts + at]
    written = starts + times.head_at + LEARN_AT
    on, off = (np.concatenate([done.spikes(f"clock.value_{side}{g}")[written]
                               for g in range(block.groups)], axis=1) for side in ("on", "off"))
    yield "value", on - off
    turn = np.arange(block.size) % block.turns
    yield "context", np.concatenate([
        done.spikes(f"head{n}.control")[starts[:, None] + times.context_at + turn,
                                        np.arange(block.size)] for n in heads], axis=1)
    for n in heads:
        asked = _asked(block, done.spikes(f"head{n}.done")[:, 0], starts)
        for word in ("control", "normaliser"):
            yield f"head{n}.{word} v", done.potential(f"head{n}.{word}")[asked]
        yield f"head{n}.control latched", done.traces[Probe(f"head{n}.control", "latched")][
            asked + 1]


def expected(block: Block, stream: Ints, truth: closed_form.Token) -> dict[str, Ints]:
    """The same by the closed form."""
    unit, root = closed_form.normed(block.unit_norm, truth.hidden)
    before = {} if block.post else {
        "attention_norm.scale": closed_form.normed(block.attention_norm, stream)[0]}
    h = stream if block.post else before["attention_norm.scale"]
    before |= {f"project.{role}_gained": closed_form.heard(block, role, h)
               for role in block.head_norms}
    found = before | {"project.query": truth.query, "project.key": truth.key,
                      "value": truth.value}
    for n in range(len(block.heads)):
        control, mass = closed_form.sums_of(block, n, truth.query, truth.key, truth.value)
        found |= {f"head{n}.control v": control, f"head{n}.normaliser v": mass[:, None],
                  f"head{n}.control latched": control}
    return found | {
        "context": truth.context, "attended.out": truth.middle,
        "mlp_norm.scale": closed_form.normed(block.mlp_norm, truth.middle)[0],
        "gated.a": truth.hidden, "unit_norm.scale": unit, "unit_norm.root": root[:, None],
        "out": truth.end}


def differs(
    block: Block, network: Network, given: Sent, backend: str = "fast"
) -> str | None:
    """The first stage, in the order of the circuit, that is not as the closed form says."""
    done = clocked(block, network, given, backend)
    truth = expected(block, given.stream, closed(block, given.stream))
    return first_difference(dict(told(block, done, given.starts)), truth)


def first_difference(sent: Mapping[str, Ints], truth: Mapping[str, Ints]) -> str | None:
    for name in truth:
        wrong = np.argwhere(sent[name] != truth[name])
        if len(wrong):
            return f"{name}: token {wrong[0][0]}"
    return None


def silent_elsewhere(block: Block, done: Recording) -> bool:
    """Whether all that speak in a step of the period are silent in all others."""
    step = np.arange(done.steps) % block.period
    return not any(done.spikes(name)[step != at % block.period].any()
                   for name, at in _spoken_at(block).items())


def usual(block: Block, seed: int = 0, tokens: int = 10) -> Sent:
    """A pipelined stream with a token of zeros and a massive one."""
    return pipelined(block, tokens_of(block, seed, tokens))


def _spoken_at(block: Block) -> dict[str, int]:
    times = block.timeline
    before = {} if block.post else {"attention_norm.scale": times.lead}
    behind = {"fed_back.out": times.fed_back_at} if block.post else {}
    before |= {f"project.{role}_gained": times.heard_at for role in block.head_norms}
    return {**before, "project.query": times.code_at, "project.key": times.code_at,
            "attended.out": times.middle_at, "mlp_norm.scale": times.normed_at,
            "gated.a": times.hidden_at, "unit_norm.scale": times.unit_at,
            "unit_norm.root": times.root_at, **behind, "out": times.end_at}


def _asked(block: Block, done: Ints, starts: Ints) -> Ints:
    """The step in which each token's done speaks: the only one between its query and its end."""
    first = block.timeline.head_at + WRITE_STEPS + min(head.arrival for head in block.heads)
    spoken = [np.flatnonzero(done[at + first : at + block.timeline.context_at])
              for at in starts]
    return np.array([at + first + (found[0] if len(found) == 1 else 0)
                     for at, found in zip(starts, spoken, strict=True)])
