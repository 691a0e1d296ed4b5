"""Astrocyte attention: Hebbian synapses gather a trained head's tokens, an astrocyte normalises.

Linear attention in the tripartite synapse: a token is written in one step and a query read in
one, whatever the context. Features that are learned for the head stand in for the softmax.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.digits_head import digits_layer, one_head, relative_error
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.circuits import astrocyte_attention as astrocyte
from neuromorph.dynamics.features import FeatureMap, align_features, random_features
from neuromorph.papers.astrocyte import linear_attention
from neuromorph.papers.feature_fit import fit_features
from neuromorph.progress import Progress
from neuromorph.report.astrocyte_attention import Memory, draw_memory
from neuromorph.translate import FeatureCode, Sample, calibrate_features
from neuromorph.translate.fidelity import float_attention

TRAINING_IMAGES = 64


@dataclass(frozen=True)
class Settings:
    """Which head of the digits model attends over which test image, and through which features."""

    image: Annotated[int, Meaning("Test image, from 0.")] = 0
    layer: Annotated[int, Meaning("Layer of the digits model, from 0.")] = 0
    head: Annotated[int, Meaning("Head of that layer, from 0.")] = 0
    features: Annotated[int, Meaning(
        "Size of the feature map: axons of the memory.", low=1, high=astrocyte.FEATURES_MAX)] = 64
    learned: Annotated[bool, Meaning(
        "Fit the features to the head on training images; otherwise random, as in the "
        "paper.")] = True
    causal: Annotated[bool, Meaning(
        "Write a token, ask its query, write the next; otherwise write all tokens first.")] = False
    exponent: Annotated[int, Meaning(
        "Of the write rule: what a token adds to a synapse.", low=-7, high=0)] = -4

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(astrocyte.build(2, 1))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Choose features, write one image's tokens, read its queries, compare with float."""
    progress("reading the digits model")
    seen = digits_layer(settings.image, settings.layer, settings.head, TRAINING_IMAGES)
    training = [one_head(sample, settings.head) for sample in seen.training]
    progress("fitting features" if settings.learned else "drawing features")
    maps = _features(settings, training, np.random.default_rng(seed))
    code = calibrate_features(maps, training, settings.exponent)
    tokens = seen.sample.keys.shape[1]
    mask = np.tri(tokens, dtype=bool) if settings.causal else np.ones((tokens, tokens), bool)
    sample = one_head(seen.sample, settings.head, mask)
    progress(f"writing {tokens} tokens on {backend}")
    answers, clipped, held = _attend(settings, code, sample, backend, seed)
    linear = _linear(maps, sample, settings.causal)
    target = float_attention(sample)[1][0]
    numbers = _numbers(settings, tokens, answers, linear, target, clipped, held)
    return Outcome(numbers, _sentences(numbers),
                   partial(draw_memory, Memory(held, answers, linear, target)))


def _features(
    settings: Settings, training: list[Sample], rng: np.random.Generator
) -> tuple[FeatureMap, FeatureMap]:
    """Maps for queries and for keys."""
    size = training[0].queries.shape[2]
    base = random_features(size, settings.features, rng, scale=1.0)
    if not settings.learned:
        return base, base
    examples = [(sample.queries[0], sample.keys[0]) for sample in training]
    queries = np.concatenate([q for q, _ in examples])
    keys = np.concatenate([k for _, k in examples])
    return fit_features(align_features(base, queries, keys), examples, scale=1.0)


def _attend(
    settings: Settings, code: FeatureCode, sample: Sample, backend: str, seed: int
) -> tuple[NDArray[np.float64], int, NDArray[np.int64]]:
    """Answers of the circuit, how many codes were clipped, and what the memory holds at the end."""
    (keys, values), queries, clipped = code.encode(sample)
    lay = astrocyte.causal if settings.causal else astrocyte.write_then_query
    inputs, asks, steps = lay(keys, values, queries)
    network = astrocyte.build(settings.features, values.shape[1], exponent=settings.exponent,
                              seed=seed)
    recording = backends.get(backend).run(network, inputs, astrocyte.PROBES, steps)
    answers = code.decode(astrocyte.read(recording.spikes("astrocyte"), asks))
    return answers, clipped, recording.synapses["memory"][0]


def _linear(
    maps: tuple[FeatureMap, FeatureMap], sample: Sample, causal: bool
) -> NDArray[np.float64]:
    """The same linear attention in floats."""
    queries, keys, values = maps[0](sample.queries[0]), maps[1](sample.keys[0]), sample.values[0]
    if not causal:
        return linear_attention(queries, keys, values)[0]
    return np.concatenate([linear_attention(queries[t : t + 1], keys[: t + 1], values[: t + 1])[0]
                           for t in range(len(keys))])


def _numbers(
    settings: Settings, tokens: int, answers: NDArray[Any], linear: NDArray[Any],
    target: NDArray[Any], clipped: int, held: NDArray[Any],
) -> dict[str, Any]:
    return {
        "tokens": tokens, "features": settings.features, "learned": settings.learned,
        "steps_a_token": 2,
        "error_of_linear_attention_to_softmax": relative_error(linear, target),
        "error_of_spikes_to_linear_attention": relative_error(answers, linear),
        "error_of_spikes_to_softmax": relative_error(answers, target),
        "largest_weight": int(np.abs(held).max()), "codes_clipped": clipped,
    }


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    kind = "learned" if numbers["learned"] else "random"
    done = (f"{numbers['tokens']} tokens were written into {numbers['features']} {kind} features, "
            "in one step each, and as many queries read, in one step each.")
    errors = ("Relative error of the output: float linear attention to softmax "
              f"{numbers['error_of_linear_attention_to_softmax']:.3f}, the circuit to it "
              f"{numbers['error_of_spikes_to_linear_attention']:.3f}, the circuit to softmax "
              f"{numbers['error_of_spikes_to_softmax']:.3f}.")
    return done, errors
