"""What a recorded model's attention gave, held against what its heads as read give.

::

    error = |heads(hidden) - attended| / |attended|          over all tokens of some sequences
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.api.collect import hidden_samples
from neuromorph.errors import ModelStructureError
from neuromorph.models import AttentionLayer, AttentionModel, Naming, open_model
from neuromorph.models.own.naming import ORDERS
from neuromorph.translate import Sample

FITS = 0.02
"""Relative error below which both are the same; models in bfloat16 come to about 0.005."""

_SEQUENCES = 8

_UNSEEN = ("what the attention gave was not seen (no o in the map, or it is no module), so the "
           "heads are not held against it")

Arrays = Mapping[str, NDArray[Any]]


def checked_naming(
    folder: Path, naming: Naming, hidden: Arrays, attended: Arrays, where: object
) -> tuple[Naming, tuple[str, ...]]:
    """A naming under which the heads give what was recorded, and how that was found.

    Parameters
    ----------
    folder : path
        Weights, and a ``config.json`` that says nothing but which tensor is what.
    naming : Naming
        Without ``fused_order`` where it shall be found.
    hidden, attended : mapping of str to array
        ``hidden.N`` (sequences, tokens, width) and ``attended.N`` (sequences, tokens, heads ·
        value size). Without the second of every layer nothing is checked.
    where : path
        Of the model's code, for messages.

    Raises
    ------
    ModelStructureError
        If the heads give something else, saying what else would fit.
    """
    if not attended or len(attended) < len(hidden):
        return naming, (_UNSEEN,)
    open_order = "qkv" in naming.tensors and naming.fused_order is None
    orders = ORDERS if open_order and _matters(naming) else (naming.fused_order,)
    tried = {order: _error(folder, replace(naming, fused_order=order), hidden, attended)
             for order in orders}
    fitting = [order for order, error in tried.items() if error <= FITS]
    if len(fitting) == 1:
        how = f", with fused_order = {fitting[0]}, which was found so" if len(tried) > 1 else ""
        told = ("the heads give what entered the output projections, but for "
                f"{tried[fitting[0]]:.1g} of it{how}")
        return replace(naming, fused_order=fitting[0]), (told,)
    raise ModelStructureError(
        "both orders of the fused rows fit what was recorded" if fitting else
        "the heads as they are read do not give what the model's attention gave",
        where=where, found=f"relative error {min(tried.values()):.2g}",
        expected=f"at most {FITS}",
        hint="say --fused-order" if fitting else _others(folder, naming, hidden, attended))


def _matters(naming: Naming) -> bool:
    return (naming.kv_heads or naming.heads or 2) > 1 and not naming.tensors["qkv"].endswith(
        "in_proj_weight")


def _others(folder: Path, naming: Naming, hidden: Arrays, attended: Arrays) -> str:
    """What else could have been said, if it fits."""
    orders = ORDERS if "qkv" in naming.tensors else (None,)
    for causal, order in product((True, False), orders):
        said = replace(naming, causal=causal, fused_order=order)
        if _error(folder, said, hidden, attended) <= FITS:
            return (f"{'--causal' if causal else '--not-causal'}"
                    f"{f' --fused-order {order}' if order else ''} would fit")
    return ("it may do what no map says (a bias, a norm of queries, rotary positions, a mask of "
            "padding), or heads, scale or the layout is another; without o in the map nothing is "
            "held against it")


def _error(folder: Path, naming: Naming, hidden: Arrays, attended: Arrays) -> float:
    """Of the worst layer."""
    model = open_model(folder, naming)
    return max(_layer_error(model, layer, hidden[f"hidden.{n}"], attended[f"attended.{n}"])
               for n, layer in enumerate(model.layers))


def _layer_error(model: AttentionModel, layer: AttentionLayer, hidden: NDArray[Any],
                 attended: NDArray[Any]) -> float:
    expected = attended[:_SEQUENCES]
    if expected.shape[-1] != layer.heads * layer.value_size:
        return float("inf")
    found = np.stack([mixed(sample) for sample in
                      hidden_samples(layer, hidden[:_SEQUENCES], model.causal)])
    return float(np.linalg.norm(found - expected) / max(float(np.linalg.norm(expected)), 1e-30))


def mixed(sample: Sample) -> NDArray[Any]:
    """What float attention gives of a sample: (queries, heads · value size)."""
    keys, values = (np.repeat(part.astype(np.float64), sample.group, axis=0)
                    for part in (sample.keys, sample.values))
    scores = np.where(sample.mask, sample.queries @ keys.transpose(0, 2, 1), -np.inf)
    rows = softmax(scores, axis=-1) @ values
    return np.asarray(rows.transpose(1, 0, 2).reshape(rows.shape[1], -1))
