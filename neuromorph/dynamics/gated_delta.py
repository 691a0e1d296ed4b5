"""The gated delta rule over sequences, in floats: Gated DeltaNet, and linear attention with decay.

Source: Yang, Kautz and Hatamizadeh, arXiv 2412.06464. Leading axes are memories side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.shapes import Float, Float64
from neuromorph.shown import Shown

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class DeltaSample(Shown):
    """What a layer brings to its memories.

    Attributes
    ----------
    queries, keys : float array, shape (…, tokens, key_size)
        As the rule takes them: of norm 1 and scaled where the layer does that.
    values : float array, shape (…, tokens, value_size)
    keep, rate : float array, shape (…, tokens)
        alpha, above 0 to 1: share of the memory that stays; beta, 0 to 2.
    forgets_key : bool
        Whether the memory forgets along the key; without it, linear attention with decay.

    Raises
    ------
    UsageError
        If shapes do not fit, or a gate is out of range.
    """

    queries: Annotated[Float64, "*batch tokens key_size"]
    keys: Annotated[Float64, "*batch tokens key_size"]
    values: Annotated[Float64, "*batch tokens value_size"]
    keep: Annotated[Float64, "*batch tokens"]
    rate: Annotated[Float64, "*batch tokens"]
    forgets_key: bool = True

    def __post_init__(self) -> None:
        shape = self.keep.shape
        if not (self.rate.shape == shape and self.queries.shape == self.keys.shape
                and self.keys.shape[:-1] == shape and self.values.shape[:-1] == shape):
            raise UsageError("what a memory is sent does not fit together", where="gated delta",
                             found=", ".join(f"{name} {getattr(self, name).shape}" for name in (
                                 "queries", "keys", "values", "keep", "rate")))
        for name, gate, allowed, expected in (
            ("keep", self.keep, (self.keep > 0) & (self.keep <= 1), "above 0 to 1"),
            ("rate", self.rate, (self.rate >= 0) & (self.rate <= 2), "0 to 2"),
        ):
            if not allowed.all():
                raise UsageError("a gate is out of range", where=f"gated delta, {name}",
                                 found=float(gate[~allowed][0]), expected=expected)

    @property
    def tokens(self) -> int:
        """Length of the sequence."""
        return self.keys.shape[-2]

    def part(self, index: Any) -> DeltaSample:
        """Some of its memories or tokens: an index into the axes that all arrays share."""
        return DeltaSample(self.queries[index], self.keys[index], self.values[index],
                           self.keep[index], self.rate[index], self.forgets_key)


@dataclass(frozen=True, eq=False, repr=False)
class DeltaRun(Shown):
    """What came of a sequence.

    Attributes
    ----------
    outputs, errors : float array, shape (…, tokens, value_size)
        S q; v - alpha S k of the memory before.
    memory : float array, shape (…, value_size, key_size)
        After the last token.
    largest : float
        Largest |S_ij| after any token.
    """

    outputs: Annotated[Float64, "*batch tokens value_size"]
    errors: Annotated[Float64, "*batch tokens value_size"]
    memory: Annotated[Float64, "*batch value_size key_size"]
    largest: float


def gated_delta_rule(
    sample: DeltaSample, memory: Annotated[Float, "*batch value_size key_size"] | None = None
) -> DeltaRun:
    """S' = alpha S (I - beta k k^T) + beta v k^T, out = S' q, token by token.

    ::

        e = v - alpha S k                   e = v where the memory does not forget along the key
        S' = alpha S + beta e k^T

    Parameters
    ----------
    sample : DeltaSample
    memory : float array, shape (…, value_size, key_size), optional
        S before the first token; empty if left out.
    """
    shape = (*sample.keep.shape[:-1], sample.values.shape[-1], sample.keys.shape[-1])
    held = np.zeros(shape) if memory is None else np.array(memory, np.float64)
    outputs, errors = np.zeros((2, *sample.values.shape))
    largest = 0.0
    for t in range(sample.tokens):
        key = sample.keys[..., t, :]
        held *= sample.keep[..., t, None, None]
        errors[..., t, :] = sample.values[..., t, :]
        if sample.forgets_key:
            errors[..., t, :] -= _asked(held, key)
        written = sample.rate[..., t, None] * key
        held += errors[..., t, :, None] * written[..., None, :]
        outputs[..., t, :] = _asked(held, sample.queries[..., t, :])
        largest = max(largest, float(np.abs(held).max()))
    return DeltaRun(outputs, errors, held, largest)


def _asked(memory: Floats, payload: Floats) -> Floats:
    asked: Floats = np.matmul(memory, payload[..., None])[..., 0]
    return asked
