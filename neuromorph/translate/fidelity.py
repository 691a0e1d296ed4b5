"""How close spiking attention comes to the float attention it replaces, head by head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuromorph.circuits.latency_attention import Attended
from neuromorph.translate.code import LayerCode
from neuromorph.translate.samples import FloatArray, Sample

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


def float_attention(sample: Sample) -> tuple[Floats, Floats]:
    """softmax(q.k) and its context, (heads, queries, keys) and (heads, queries, value_size)."""
    weights = np.stack([_rows(sample.logits(h, np.zeros(sample.keys.shape[2])))
                        for h in range(len(sample.queries))])
    return weights, weights @ np.repeat(sample.values, sample.group, axis=0).astype(np.float64)


def _rows(logits: FloatArray) -> Floats:
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
    cosines, kls = [], []
    for sample, run in zip(samples, runs, strict=True):
        weights, context = float_attention(sample)
        seen = sample.mask.any(axis=1)
        cosines.append(_cosine(code.decode(run)[0], context)[:, seen])
        kls.append(_kl(weights, run.weights(code.step_nats)[0])[:, seen])
    cosine, kl = np.concatenate(cosines, axis=1), np.concatenate(kls, axis=1)
    forced = sum(run.forced[0].sum(axis=1) for run in runs)
    spikes = np.concatenate([run.spikes[0] for run in runs], axis=1)
    return [
        HeadFidelity(layer, h, float(cosine[h].mean()), float(kl[h].mean()), int(forced[h]),
                     spikes.shape[1], float(spikes[h].mean()), head.period)
        for h, head in enumerate(code.heads)
    ]


def _cosine(spiking: FloatArray, target: FloatArray) -> Floats:
    # Squares of single precision leave its range where the numbers themselves do not.
    a, b = spiking.astype(np.float64), target.astype(np.float64)
    dot = (a * b).sum(axis=-1)
    size = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    same = np.isclose(a, b).all(axis=-1)
    return np.where(size > 0, dot / np.where(size > 0, size, 1), same)


def _kl(target: Floats, spiking: Floats) -> Floats:
    floor = np.finfo(np.float64).tiny
    ratio = np.log(np.maximum(target, floor)) - np.log(np.maximum(spiking, floor))
    result: Floats = np.where(target > 0, target * ratio, 0.0).sum(axis=-1)
    return result
