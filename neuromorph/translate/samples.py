"""Queries, keys and values of one layer over real data: what calibration looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import CalibrationError
from neuromorph.shapes import Bool, Float, Int64
from neuromorph.shown import Shown

LARGEST = 1e75
"""Values beyond this would overflow when they are multiplied."""

FloatArray = NDArray[np.floating[Any]]

KEPT_KEYS = 512
"""Keys of a sample that a bundle keeps, where no query that is kept looks beyond them."""

KEPT_QUERIES = 64
"""Queries of a sample that a bundle keeps, evenly spread."""


@dataclass(frozen=True, eq=False, repr=False)
class Sample(Shown):
    """One sequence through one layer.

    Attributes
    ----------
    queries : float array, shape (heads, queries, key_size)
        Already multiplied by the attention's scale, so logits are plain products.
    keys : float array, shape (kv_heads, keys, key_size)
    values : float array, shape (kv_heads, keys, value_size)
    mask : bool array, shape (queries, keys)
        True where a query may look.
    bias : float array, shape (heads or 1, queries, keys), optional
        Nats that are added to the logits; it means nothing where the mask hides.
    softcap : float, optional
        The model's logits are softcap tanh(q.k / softcap) before a bias is added.
    """

    queries: Annotated[Float, "heads queries key_size"]
    keys: Annotated[Float, "kv_heads keys key_size"]
    values: Annotated[Float, "kv_heads keys value_size"]
    mask: Annotated[Bool, "queries keys"]
    bias: Annotated[Float, "_ queries keys"] | None = None
    softcap: float | None = None

    @property
    def group(self) -> int:
        """Query heads that share one key-value head."""
        return self.queries.shape[0] // self.keys.shape[0]

    def kept(self, keys: int = KEPT_KEYS, queries: int = KEPT_QUERIES) -> Sample:
        """A copy of what a bundle keeps: all that some queries look at, so they can be judged.

        The first keys stand for all where the first queries see no others, as in a causal model;
        elsewhere every key stays, since the best match may be any.
        """
        whole = self.mask.shape[0] != self.mask.shape[1] or self.mask[:keys, keys:].any()
        tokens = self.keys.shape[1] if whole else keys
        asked = self.queries.shape[1] if whole else min(keys, self.queries.shape[1])
        rows = evenly_spread(queries, asked)
        return Sample(self.queries[:, rows], self.keys[:, :tokens].copy(),
                      self.values[:, :tokens].copy(), self.mask[rows, :tokens],
                      None if self.bias is None else self.bias[:, rows, :tokens].copy(),
                      self.softcap)

    def asking(self, rows: Annotated[Int64, "_"] | slice) -> Sample:
        """Some of the queries, and the keys up to the last that any of them sees."""
        mask = self.mask[rows]
        keys = slice(int(np.flatnonzero(mask.any(axis=0)).max(initial=0)) + 1)
        return Sample(self.queries[:, rows], self.keys[:, keys], self.values[:, keys],
                      mask[:, keys], None if self.bias is None else self.bias[:, rows][..., keys],
                      self.softcap)

    def bias_of(self, head: int) -> Annotated[Float, "queries keys"] | None:
        """The bias of one head, shape (queries, keys), 0 where the mask hides; None without."""
        if self.bias is None:
            return None
        return np.where(self.mask, self.bias[head % len(self.bias)], 0)

    def logits(
        self, head: int, centre: Annotated[Float, "key_size"]
    ) -> Annotated[Float, "queries keys"]:
        """q.(k - centre) + bias of one head, -inf where masked; shape (queries, keys).

        Under a soft cap the product is capped first, which a centre would change.
        """
        raw = self.queries[head] @ (self.keys[head // self.group] - centre).T
        if self.softcap is not None:
            raw = self.softcap * np.tanh(raw / self.softcap)
        bias = self.bias_of(head)
        if bias is not None:
            raw += bias
        return np.where(self.mask, raw, -np.inf)


def evenly_spread(count: int, among: int) -> Annotated[Int64, "_"]:
    """So many numbers below ``among``, the first and the last with them; all if there are fewer."""
    return np.unique(np.linspace(0, among - 1, min(count, among)).round().astype(np.intp))


def kept_samples(samples: Mapping[str, Sequence[Sample]]) -> dict[str, Sample]:
    """What a bundle keeps of every layer: of its longest sequence.

    That of the first layer is one for all that saw as many sequences; others cut them up.
    """
    first = next(iter(samples.values()), ())
    longest = _longest(first)
    return {name: seen[longest if len(seen) == len(first) else _longest(seen)].kept()
            for name, seen in samples.items()}


def _longest(seen: Sequence[Sample]) -> int:
    return max(range(len(seen)), key=lambda i: seen[i].keys.shape[1], default=0)


def check_samples(samples: Sequence[Sample], where: str) -> None:
    """Refuse calibration data that is missing, misshapen or not finite.

    Raises
    ------
    CalibrationError
    """
    if not samples:
        raise CalibrationError("there is no calibration data", where=where,
                               hint="give at least one sequence")
    first = samples[0]
    for sample in samples:
        _check_shapes(sample, first, where)
        for name in ("queries", "keys", "values"):
            if not getattr(sample, name).shape[-1]:
                raise CalibrationError(f"the {name} have a size of 0", where=where,
                                       found=getattr(sample, name).shape,
                                       expected="heads of at least one number")
            if not np.isfinite(getattr(sample, name)).all():
                raise CalibrationError(f"the {name} hold NaN or infinity", where=where,
                                       hint="check the model's weights and inputs")
            if float(np.abs(getattr(sample, name)).max(initial=0)) > LARGEST:
                raise CalibrationError(f"the {name} are too large to calibrate on", where=where,
                                       found=f"{np.abs(getattr(sample, name)).max():.3g}",
                                       expected=f"at most {LARGEST:g}")
        _check_bias(sample, where)


def _check_bias(sample: Sample, where: str) -> None:
    if sample.bias is None:
        return
    heads, queries, keys = len(sample.queries), *sample.mask.shape
    if sample.bias.shape not in ((heads, queries, keys), (1, queries, keys)):
        raise CalibrationError("the bias does not fit the queries and keys", where=where,
                               found=sample.bias.shape, expected=(heads, queries, keys))
    if not np.isfinite(sample.bias[:, sample.mask]).all():
        raise CalibrationError("the bias holds NaN or infinity where a query may look",
                               where=where, hint="what hides a key belongs into the mask")
    if float(np.abs(sample.bias[:, sample.mask]).max(initial=0)) > LARGEST:
        raise CalibrationError("the bias is too large to calibrate on", where=where,
                               found=f"{np.abs(sample.bias[:, sample.mask]).max():.3g}",
                               expected=f"at most {LARGEST:g}")


def _check_shapes(sample: Sample, first: Sample, where: str) -> None:
    q, k, v = sample.queries, sample.keys, sample.values
    if q.ndim != 3 or k.ndim != 3 or v.ndim != 3 or q.shape[2] != k.shape[2]:
        raise CalibrationError("queries and keys do not fit each other", where=where,
                               found=f"{q.shape}, {k.shape}, {v.shape}",
                               expected="(heads, tokens, size), one key size")
    if q.shape[0] % k.shape[0] or k.shape[:2] != v.shape[:2]:
        raise CalibrationError("heads do not divide into key-value groups", where=where,
                               found=f"{q.shape[0]} heads, {k.shape[0]} key, {v.shape[0]} value")
    if sample.mask.shape != (q.shape[1], k.shape[1]):
        raise CalibrationError("the mask does not fit the queries and keys", where=where,
                               found=sample.mask.shape, expected=(q.shape[1], k.shape[1]))
    if not sample.mask.any():
        raise CalibrationError("the mask hides every key from every query", where=where,
                               expected="ones where a query may look")
    sizes = (q.shape[0], q.shape[2], k.shape[0], v.shape[2])
    if sizes != (first.queries.shape[0], first.queries.shape[2], first.keys.shape[0],
                 first.values.shape[2]):
        raise CalibrationError("samples differ in heads or sizes", where=where, found=sizes)
