"""How close spiking attention comes to the float attention it replaces, head by head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.circuits.latency_attention import Attended
from neuromorph.shapes import Float, Float64
from neuromorph.translate.code import LayerCode
from neuromorph.translate.samples import Sample

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeadFidelity:
    """What one head loses and costs.

    Attributes
    ----------
    layer : str
    head : int
    cosine : float
        Mean cosine between spiking and float context vectors.
    kl : float
        Mean KL divergence, in nats, from float attention to what the spikes stand for.
    forced : int
        Match spikes that only the go pulse brought about.
    queries : int
    spikes_per_query : float
    steps : int
        Steps from one query to the next.
    """

    layer: str
    head: int
    cosine: float
    kl: float
    forced: int
    queries: int
    spikes_per_query: float
    steps: int

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def worst_first(heads: Iterable[HeadFidelity]) -> list[HeadFidelity]:
    """By the worse of a head's two places: the worst by cosine and the worst by KL come first."""
    each = list(heads)
    # A head that nobody asked has neither, and comes last.
    losses = np.array([(1 - head.cosine, head.kl) for head in each]).reshape(-1, 2)
    places = np.argsort(np.argsort(-np.nan_to_num(losses, nan=-1.0), axis=0, kind="stable"), axis=0)
    return [each[n] for n in np.lexsort((places.max(axis=1, initial=0),
                                         places.min(axis=1, initial=len(each))))]


def float_attention(
    sample: Sample
) -> tuple[
    Annotated[Float64, "heads queries keys"], Annotated[Float64, "heads queries value_size"]
]:
    """softmax(q.k) and its context, (heads, queries, keys) and (heads, queries, value_size)."""
    weights, context = zip(*(_float_head(sample, h) for h in range(len(sample.queries))),
                           strict=True)
    return np.stack(weights), np.stack(context)


def _float_head(sample: Sample, head: int) -> tuple[Floats, Floats]:
    """The same of one head, (queries, keys) and (queries, value_size)."""
    weights = softmax_rows(sample.logits(head, np.zeros(sample.keys.shape[2])))
    return weights, weights @ sample.values[head // sample.group].astype(np.float64)


def softmax_rows(logits: Annotated[Float, "*shape"]) -> Annotated[Float64, "*shape"]:
    """Softmax a row; a row that may look nowhere gets zeros."""
    seen = np.isfinite(logits).any(axis=1, keepdims=True)
    result: Floats = np.where(seen, softmax(np.where(seen, logits, 0.0), axis=1), 0.0)
    return result


def measure_fidelity(
    layer: str, code: LayerCode, samples: Sequence[Sample], runs: Sequence[Attended]
) -> list[HeadFidelity]:
    """Compare runs with float attention on the same samples.

    Parameters
    ----------
    layer : str
    code : LayerCode
    samples : sequence of Sample
    runs : sequence of Attended
        One a sample, with a batch axis of one and spike times.
    """
    return compare(layer, code, zip(samples, runs, strict=True))


def compare(
    layer: str, code: LayerCode, pairs: Iterable[tuple[Sample, Attended]]
) -> list[HeadFidelity]:
    """`measure_fidelity` of samples and runs that are made one after the other.

    The queries of a long sample may come in blocks, each a sample with a run of its own.
    """
    found, kls, forced, spikes = [], [], [], []
    for sample, run in pairs:
        cosine, kl = _compared(code, sample, run)
        found.append(cosine)
        kls.append(kl)
        forced.append(run.forced[0])
        spikes.append(run.spikes[0])
    every = (np.concatenate(rows, axis=1) for rows in (found, kls, forced, spikes))
    return [
        HeadFidelity(layer, h, float(cosine.mean()), float(kl.mean()), int(forced.sum()),
                     len(spikes), float(spikes.mean()), code.heads[h].period)
        for h, (cosine, kl, forced, spikes) in enumerate(zip(*every, strict=True))
    ]


def _compared(code: LayerCode, sample: Sample, run: Attended) -> tuple[Floats, Floats]:
    """Cosine and divergence of every query that may look anywhere, (heads, queries) each."""
    seen, spiking = sample.mask.any(axis=1), code.decode(run)[0]
    found, kls = [], []
    for h in range(len(code.heads)):
        weights, context = _float_head(sample, h)
        found.append(cosines(spiking[h], context)[seen])
        kls.append(divergences(weights, run.head(h).weights(*code.clock)[0])[seen])
    return np.stack(found), np.stack(kls)


def cosines(
    spiking: Annotated[Float, "*batch size"], target: Annotated[Float, "*batch size"]
) -> Annotated[Float64, "*batch"]:
    """Cosine of vectors, the last axis; of equal ones 1, also where they are 0."""
    # Squares of single precision leave its range where the numbers themselves do not.
    a, b = spiking.astype(np.float64), target.astype(np.float64)
    dot = (a * b).sum(axis=-1)
    size = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    same = np.isclose(a, b).all(axis=-1)
    return np.where(size > 0, dot / np.where(size > 0, size, 1), same)


def divergences(
    target: Annotated[Float64, "*some keys"], spiking: Annotated[Float64, "*some keys"]
) -> Annotated[Float64, "*some"]:
    """KL divergence of weights, the last axis, in nats: target log(target / spiking)."""
    floor = np.finfo(np.float64).tiny
    ratio = np.log(np.maximum(target, floor)) - np.log(np.maximum(spiking, floor))
    result: Floats = np.where(target > 0, target * ratio, 0.0).sum(axis=-1)
    return result
