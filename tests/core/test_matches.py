"""The best match of every query, against the largest of all logits in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_samples import gaussian

from neuromorph.translate import Sample
from neuromorph.translate.matches import BLOCK, best_matches

EXTREMES = [(1.0, 1.0), (3e38, 3e38), (1e-38, 1e-38), (3e38, 1e-38), (1e-30, 1e-30)]


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    """Whom models let look where, and anything; some may look nowhere."""
    queries, keys = draw(st.integers(1, 2 * BLOCK + 40)), draw(st.integers(1, 200))
    age = np.arange(queries)[:, None] + (keys - queries) - np.arange(keys)
    kind = draw(st.sampled_from(["all", "causal", "window", "padded", "any"]))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    mask = {"all": age == age, "causal": age >= 0, "window": (age >= 0) & (age < 20),
            "padded": (age >= 0) & (np.arange(keys) >= keys // 3),
            "any": random.random(age.shape) < random.choice([0.01, 0.5])}[kind]
    mask[draw(st.integers(0, queries - 1)), draw(st.integers(0, keys - 1))] = True
    return mask


def in_double(sample: Sample, head: int, centre: np.ndarray) -> np.ndarray:
    """max_i q.(k_i - centre) of the queries that may look anywhere."""
    asked = sample.mask.any(axis=1)
    keys = sample.keys[head // sample.group].astype(np.float64) - centre
    logits = sample.queries[head].astype(np.float64) @ keys.T
    best: np.ndarray = np.where(sample.mask, logits, -np.inf).max(axis=1)[asked]
    return best


@settings(max_examples=80, deadline=None)
@given(masks(), st.sampled_from([np.float16, np.float32, np.float64]), st.integers(0, 99))
def test_it_is_the_largest_logit_whatever_the_centre(
    mask: np.ndarray, kind: type, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    queries, keys = mask.shape
    sample = Sample(rng.normal(size=(4, queries, 8)).astype(kind),
                    (rng.normal(size=(2, keys, 8)) + 3).astype(kind), rng.normal(size=(2, keys, 3)),
                    mask)
    centre = rng.normal(size=8)
    found = list(best_matches([sample, sample]))
    assert len(found) == 4
    for h, head in enumerate(found):
        expected = in_double(sample, h, centre)
        np.testing.assert_allclose(head.around(centre), [*expected, *expected], atol=2e-5)
        if kind == np.float64:
            np.testing.assert_allclose(head.around(centre), [*expected, *expected], atol=1e-12)


@pytest.mark.parametrize(("large", "small"), EXTREMES)
def test_numbers_at_the_ends_of_single_precision(large: float, small: float) -> None:
    """Their products lie far beyond it."""
    plain = gaussian(3, tokens=40)
    top = np.abs(plain.queries).max(), 2 * np.abs(plain.keys).max()
    sample = Sample((plain.queries / top[0] * large).astype(np.float32),
                    (plain.keys / top[1] * small).astype(np.float32), plain.values, plain.mask)
    for h, head in enumerate(best_matches([sample])):
        expected = in_double(sample, h, head.mean)
        np.testing.assert_allclose(head.logits, expected, atol=1e-5 * np.abs(expected).max())


def test_what_keys_share_costs_no_precision() -> None:
    """Biases of some models' keys are a thousand times what tells the keys apart."""
    plain = gaussian(4, tokens=60)
    sample = Sample(plain.queries.astype(np.float32), (plain.keys + 2000).astype(np.float32),
                    plain.values, plain.mask)
    for h, head in enumerate(best_matches([sample])):
        np.testing.assert_allclose(head.logits, in_double(sample, h, head.mean), atol=1e-5)
