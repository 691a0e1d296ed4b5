"""Spikes and cut-off numbers that a session counts, beside NumPy's."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from fast_transformers import a_transformer, some_tokens

from neuromorph.backends.fast.transformer import Session
from neuromorph.circuits.block.closed_form import LIMIT_16, heard, normed, scaled
from neuromorph.circuits.block.closed_form import run as run_block
from neuromorph.circuits.transformer import closed_form
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.tiny import tiny_transformer
from neuromorph.neurons.gate import NARROW


def counted(model: Transformer, tokens: np.ndarray) -> Counter[str]:
    found: Counter[str] = Counter()
    streams, t = closed_form.run(model, tokens).streams, np.arange(len(tokens)) + 1
    angles = None if model.angles is None else tuple(a[: len(tokens)] for a in model.angles)
    for block, stream in zip(model.blocks, streams, strict=False):
        token = run_block(block, stream, angles)
        h = stream if block.post else normed(block.attention_norm, stream)[0]
        said = {name: getattr(token, name) for name in (
            "query", "key", "value", "context", "middle", "hidden", "end")}
        mlp = normed(block.mlp_norm, token.middle)[0]
        said |= {"mlp_normed": mlp, "unit": normed(block.unit_norm, token.hidden)[0]}
        if not block.post:
            said["normed"] = h
        found.update({f"spikes.{name}": np.count_nonzero(one) for name, one in said.items()})
        found["spikes.match"] += int(sum(np.minimum(t, head.slots).sum() for head in block.heads))
        found["cut.x"] += sum(np.count_nonzero(
            np.abs(scaled(getattr(block, role), h)) > block.x_limit(role))
            for role in ("query", "key", "value"))
        found["cut.x"] += sum(np.count_nonzero(np.abs(heard(block, role, h)) == LIMIT_16)
                              for role in block.head_norms)
        found["cut.gate"] += sum(np.count_nonzero(np.abs(scaled(layer, mlp)) > NARROW)
                                 for layer in (block.gate, block.up) if layer is not None)
    return found


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize("gated", [False, True])
def test_counts(post: bool, gated: bool) -> None:
    model, tokens = a_transformer(2, post=post, gated=gated), some_tokens(2, 30)
    session = Session(model)
    session.feed(tokens)
    found, wanted = session.counts, counted(model, tokens)
    assert wanted
    assert {name: found[name] for name in wanted} == dict(wanted)
    assert found["spikes"] == sum(n for name, n in found.items() if name.startswith("spikes."))


def test_gains_that_cut_off_are_counted() -> None:
    model, tokens = a_transformer(2, head_norms=True), some_tokens(2, 30)
    model = replace(model, blocks=tuple(replace(block, query_norm=replace(
        block.query_norm, shift=block.query_norm.shift - 4)) for block in model.blocks))
    session = Session(model)
    session.feed(tokens)
    wanted = counted(model, tokens)
    assert wanted["cut.x"] > 0
    assert {name: session.counts[name] for name in wanted} == dict(wanted)


def test_what_is_cut_off_is_counted_by_kind() -> None:
    """Codes and streams of blocks that clip; next to nothing of blocks scaled as trained ones."""
    loud, calm = Session(a_transformer(1, rotary=False)), Session(tiny_transformer(1))
    for session in (loud, calm):
        session.feed(some_tokens(1, 30))
    assert loud.counts["cut.code"] > 0
    assert loud.counts["cut.stream"] > 0
    assert calm.counts["cut.stream"] == calm.counts["cut.x"] == calm.counts["cut.gate"] == 0
