"""Attention maps of a whole model in integers: its own queries and keys, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import Attended, AttentionBatch
from neuromorph.circuits.block.closed_form import run as run_block
from neuromorph.circuits.block.numbers import Ints
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.transformer.closed_form import checked
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.errors import UsageError
from neuromorph.look.maps import Maps
from neuromorph.numerics.limits import DECAY_UNITY
from neuromorph.translate import HeadFidelity
from neuromorph.translate.fidelity import cosines, divergences, softmax_rows

Floats = NDArray[np.float64]


def whole_maps(model: Transformer, inputs: NDArray[Any], block: int = 0) -> Maps:
    """Who looks at whom in a block of a whole model, as its spikes say, beside softmax.

    ::

        target_i = softmax(step (2 q.k) / ramp)_i      of the same codes, step in nats

    Parameters
    ----------
    model : Transformer
        ``bundle.model`` of a whole bundle.
    inputs : int array, shape (tokens,) or (tokens, pixels)
        Numbers of tokens, or patches; no more than slots.
    block : int

    Raises
    ------
    UsageError
        If there is no such block, or there are more tokens than slots.
    """
    return maps_of_work(block_name(block), whole_work(model, inputs, block))


def block_name(block: int) -> str:
    """As ``neuromorph inspect`` says it."""
    return f"blocks.{block}"


def whole_work(model: Transformer, inputs: NDArray[Any], block: int) -> AttentionBatch:
    """The codes that a block's heads get, of all tokens.

    Raises
    ------
    UsageError
    """
    if not 0 <= block < len(model.blocks):
        raise UsageError("there is no such block", found=block,
                         expected=f"0 to {len(model.blocks) - 1}")
    return next(works(model, inputs, block))


def works(
    model: Transformer, inputs: NDArray[Any], first: int = 0
) -> Iterator[AttentionBatch]:
    """`whole_work` of one block after the other, from a block on.

    Raises
    ------
    UsageError
    """
    given = checked(model, np.asarray(inputs))
    tokens = len(given)
    if tokens > model.slots:
        raise UsageError("there are more tokens than slots", found=tokens,
                         expected=f"at most {model.slots}", hint="look at fewer of them")
    run = import_module("neuromorph.backends.fast.transformer").run
    streams = run(model, given, streams=True).streams
    angles = None if model.angles is None else (model.angles[0][:tokens], model.angles[1][:tokens])
    every = np.ones((1, tokens, tokens), bool)
    for block, stream in zip(model.blocks[first:], streams[first:], strict=False):
        made = run_block(block, stream, angles, causal=model.causal)
        yield AttentionBatch(block.heads, _by_head(made.query, block.size),
                             _by_head(made.key, block.size), _by_head(made.value, block.size),
                             np.tril(every) if model.causal else every)


def _by_head(codes: Ints, size: int) -> Ints:
    """(1, heads, tokens, size) of (tokens, heads * size)."""
    return np.moveaxis(codes.reshape(len(codes), -1, size), 1, 0)[None]


def maps_of_work(name: str, work: AttentionBatch) -> Maps:
    """Maps of coded work, beside float attention of the same codes."""
    run = backends.attend(backends.DEFAULT, work, times=True)
    spiking = np.stack([_weights(head, run.head(h)) for h, head in enumerate(work.heads)], axis=1)
    target, mass = _target(work), run.normaliser[..., None]
    units = np.array([head.unit / 2 for head in work.heads])[:, None, None]
    context = np.where(mass > 0, run.control * units / np.maximum(mass, 1), 0.0)
    values = np.repeat(work.values, len(work.heads) // work.values.shape[1], axis=1)
    near = cosines(context, target @ values)
    lost = divergences(target, spiking)
    return Maps(name, spiking, target, work.mask, context.astype(np.float32), [
        HeadFidelity(name, h, float(near[:, h].mean()), float(lost[:, h].mean()),
                     int(run.forced[:, h].sum()), near[:, h].size,
                     float(run.spikes[:, h].mean()), head.period)
        for h, head in enumerate(work.heads)])


def step_nats(head: LatencyAttention) -> float:
    """-log(keep): what a step stands for, by what control potentials lose in it."""
    return -math.log(1 - head.control_decay / DECAY_UNITY)


def _weights(head: LatencyAttention, run: Attended) -> Floats:
    return run.weights(step_nats(head), head.neurons_per_key, head.pause)


def _target(work: AttentionBatch) -> Floats:
    group = len(work.heads) // work.keys.shape[1]
    rows = []
    for h, head in enumerate(work.heads):
        product = 2.0 * work.queries[0, h] @ work.keys[0, h // group].T / 2**head.key_shift
        logits = np.where(work.mask[0], product * step_nats(head) / head.ramp, -np.inf)
        rows.append(softmax_rows(logits))
    return np.stack(rows)[None]
