"""The figures of all windows together, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.evaluation.figures import Figures, Floats
from neuromorph.report.shares import wilson

ENOUGH = 20
"""Documents or windows that are drawn instead of tokens: what lies in one goes together."""

RESAMPLES = 9999
CONFIDENCE = 0.95

Unit: TypeAlias = Literal["documents", "windows", "tokens"]


def summary(figures: Sequence[Figures], documents: Sequence[int], seed: int) -> dict[str, Any]:
    """Perplexities, divergence, agreement and cosines, in plain values.

    ::

        perplexity_ratio = exp(mean(loss - loss_float))      over all tokens that are foretold

    The interval is a bootstrap's of 95 % (percentiles): documents are drawn with replacement, if
    there are 20 or more, else windows, else tokens. Both models are measured on what is drawn.

    Parameters
    ----------
    figures : sequence of Figures
    documents : sequence of int
        Which document each window is of.
    seed : int
    """
    cosine = np.array([one.cosine for one in figures])
    tokens = np.array([max(len(one.kl), 1) for one in figures])
    layers = [] if not cosine.size else (tokens @ cosine / tokens.sum()).tolist()
    common = {"windows": len(figures), "documents": len(set(documents)),
              "cosine_by_layer": layers}
    answers = len(figures[0].answer)
    if answers == 1:
        return {**common, **_of_encoder(figures, documents, seed)}
    return {**common, **_of_language(figures, documents, seed),
            **(_of_classes(figures) if answers else {})}


def _of_language(
    figures: Sequence[Figures], documents: Sequence[int], seed: int
) -> dict[str, Any]:
    loss, loss_float = (np.concatenate([getattr(one, name) for one in figures])
                        for name in ("loss", "loss_float"))
    kl, top1 = (np.concatenate([getattr(one, name) for one in figures])
                for name in ("kl", "top1"))
    unit = unit_of(documents, [one.kl for one in figures])
    lost = grouped([one.loss - one.loss_float for one in figures], documents, unit)
    interval = [float(np.exp(end)) for end in interval_of(*lost, seed)]
    return {
        "tokens": len(kl), "perplexity": float(np.exp(loss.mean())),
        "perplexity_float": float(np.exp(loss_float.mean())),
        "perplexity_ratio": float(np.exp((loss - loss_float).mean())), "interval": interval,
        "kl": float(kl.mean()),
        "kl_interval": interval_of(*grouped([one.kl for one in figures], documents, unit), seed),
        "kl_worst": float(kl.max()), "top1": float(top1.mean()), "cosine": None,
        "resampled": unit}


def _of_classes(figures: Sequence[Figures]) -> dict[str, Any]:
    """Shares of right answers, and how many only one of the two models has right."""
    answers = np.array([one.answer for one in figures])
    ours, floats = answers.T > 0
    score, score_float = answers.mean(axis=0).tolist()
    return {"score": score, "score_float": score_float,
            "score_interval": list(wilson(int(ours.sum()), len(ours))),
            "score_float_interval": list(wilson(int(floats.sum()), len(ours))),
            "right_only_ours": int((ours & ~floats).sum()),
            "right_only_float": int((floats & ~ours).sum())}


def _of_encoder(
    figures: Sequence[Figures], documents: Sequence[int], seed: int
) -> dict[str, Any]:
    answers = [one.answer for one in figures]
    unit = unit_of(documents, answers)
    every = np.concatenate(answers)
    return {
        "perplexity": None, "perplexity_float": None, "perplexity_ratio": None,
        "kl": None, "kl_interval": None, "kl_worst": None, "top1": None,
        "cosine": float(every.mean()), "cosine_worst": float(every.min()),
        "interval": interval_of(*grouped(answers, documents, unit), seed), "resampled": unit}


def unit_of(documents: Sequence[int], values: Sequence[Floats]) -> Unit:
    """What is drawn: tokens only where a window has more values than one."""
    if len(set(documents)) >= ENOUGH:
        return "documents"
    few = len(values) < ENOUGH and any(len(one) > 1 for one in values)
    return "tokens" if few else "windows"


def grouped(
    values: Sequence[Floats], documents: Sequence[int], unit: Unit
) -> tuple[Floats, Floats]:
    """Sums of values, and how many there are, of each that may be drawn."""
    if unit == "tokens":
        every = np.concatenate(values)
        return every, np.ones(len(every))
    sums = np.array([one.sum() for one in values])
    counts = np.array([len(one) for one in values], np.float64)
    if unit == "windows":
        return sums, counts
    of = np.unique(np.asarray(documents), return_inverse=True)[1]
    return np.bincount(of, sums).astype(np.float64), np.bincount(of, counts).astype(np.float64)


def interval_of(sums: Floats, counts: Floats, seed: int) -> list[float]:
    """Ends of the mean's interval, by `scipy.stats.bootstrap`."""
    if len(sums) < 2:
        return [float(sums.sum() / counts.sum())] * 2
    from scipy.stats import bootstrap

    def mean(some: NDArray[Any], of: NDArray[Any], axis: int = -1) -> Any:
        return some.sum(axis=axis) / of.sum(axis=axis)

    drawn = bootstrap((sums, counts), mean, paired=True, vectorized=True, method="percentile",
                      n_resamples=RESAMPLES, confidence_level=CONFIDENCE,
                      batch=max(1, (1 << 22) // len(sums)),
                      random_state=seed).confidence_interval
    return [float(drawn.low), float(drawn.high)]


