"""Nearest prototypes and nearest class means in floats, to hold spiking prototypes against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def unit_vectors(vectors: NDArray[Any]) -> Floats:
    """x / |x| along the last axis; a zero stays one."""
    wide = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(wide, axis=-1, keepdims=True)
    return np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0)


def learn_prototypes(vectors: NDArray[Any], labels: NDArray[Any], novelty: float) -> Labels:
    """One pass: a sample whose nearest prototype is of another class, or too far, becomes one.

    ::

        nearest = argmax_k cos(x, k)        new if cos < novelty or label differs

    Parameters
    ----------
    vectors : float array, shape (samples, features)
    labels : int array, shape (samples,)
    novelty : float
        Least cosine of a match.

    Returns
    -------
    int array, shape (prototypes,)
        The samples that became prototypes.

    Source: continually learning prototypes (Hajizada et al., ICONS 2022; arXiv 2511.01553), without
    their later steps towards a sample: a prototype is written once.
    """
    cosines = unit_vectors(vectors) @ unit_vectors(vectors).T
    kept = list[int]()
    for n, label in enumerate(labels):
        if kept:
            near = kept[int(cosines[n, kept].argmax())]
            if cosines[n, near] >= novelty and labels[near] == label:
                continue
        kept.append(n)
    return np.array(kept, np.int64)


def nearest_prototype(prototypes: NDArray[Any], labels: NDArray[Any], queries: NDArray[Any]
                      ) -> Labels:
    """labels[argmax_k cos(q, k)], shape (queries,)."""
    cosines = unit_vectors(queries) @ unit_vectors(prototypes).T
    found: Labels = np.asarray(labels, np.int64)[cosines.argmax(axis=1)]
    return found


def nearest_class_mean(vectors: NDArray[Any], labels: NDArray[Any], queries: NDArray[Any]
                       ) -> Labels:
    """argmax_c q.m_c with m_c the mean of the class's unit vectors, scaled to length 1."""
    classes = np.unique(labels)
    means = np.array([unit_vectors(vectors[labels == c]).mean(axis=0) for c in classes])
    return nearest_prototype(means, classes, queries)
