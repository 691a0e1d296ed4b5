"""Slots that mix: what a head that was trained without mixing tolerates.

Ellwood trains an attention layer together with a fixed mixing of its slots, and it loses half a
percent to two; the weights do not undo the mixing. A mechanism is not built: digital slots do not
mix, and a mixing layer of 20 tokens would be more synapses than a chip has. What is judged here
is what trained heads tolerate, derived in the science notes, with bounds set before this ran.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import spearmanr

from examples.papers import minilm
from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from neuromorph.papers.token_crosstalk import (
    mixed,
    mixing,
    score_noise,
    spread,
    unmixed,
    value_cosine,
)
from neuromorph.report.canvas import ACCENT, INK, QUIET
from neuromorph.translate.fidelity import cosines

TITLE = "Ellwood 2026: token unscrambling, and what trained heads tolerate of it"
PAPER = "Ellwood 2026"

ABOUT = Paper(
    title="Ellwood, 2026 (token unscrambling in fixed-weight models of attention)",
    claims="An attention layer that is trained together with a fixed mixing of its slots loses .5 "
           "to 2 % of its loss, and its weights do not undo the mixing. Figures were read, the "
           "text was not reached.",
    built="`papers.token_crosstalk`, `neuromorph fidelity --crosstalk`: what heads that were "
          "trained without mixing lose by it, on a bundle of one's own. No mechanism: digital "
          "slots do not mix, and a mixing of 20 tokens would be 1.6 M synapses.",
    verdict="A stress test for analogue or faulty memories. Values are tender, the more so where "
            "attention has sinks; keys tolerate several times as much, most around their mean. The "
            "centre that codes take away is another, and tolerates less than none. Mixing that is "
            "known can be undone.",
    shown=("20 slots, e = 0.2: cosine, values mix", "128 slots: noise of scores, of e rms(s)",
           "MiniLM, e = 0.1: median cosine, keys", "MiniLM, e = 0.1: median cosine, centred keys",
           "MiniLM, e = 0.1: median cosine, values"))

SIZES = (20, 128)
STRENGTHS = (0.1, 0.2, 0.5)
HEAD_SIZE = 64
QUERIES = 64
NAMES = ("keys", "centred keys", "values", "expected")

Floats = NDArray[np.float64]


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    tell("random heads")
    rows = random_rows(32 if full else 8)
    missing = minilm.why_not()
    if missing is not None:
        tell(f"heads of MiniLM: skipped, {missing}")
        return rows
    tell("heads of MiniLM")
    curves = {e: real_heads(e, draws=4 if full else 1) for e in (0.05, *STRENGTHS)}
    draw(curves, figures / "token_crosstalk.png")
    return rows + real_rows(curves[0.1])


# --- random heads


def random_head(slots: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Scaled queries, keys that have something in common, and values."""
    queries = rng.standard_normal((QUERIES, HEAD_SIZE)) / np.sqrt(HEAD_SIZE)
    keys = rng.standard_normal((slots, HEAD_SIZE)) + 0.5 * rng.standard_normal(HEAD_SIZE)
    return queries, keys, rng.standard_normal((slots, HEAD_SIZE))


def answers(queries: Floats, keys: Floats, values: Floats) -> Floats:
    weights: Floats = softmax(queries @ keys.T, axis=1)
    return weights @ values


def values_mixed(slots: int, strength: float, rng: np.random.Generator) -> float:
    """Cosine of answers whose values mix."""
    queries, keys, values = random_head(slots, rng)
    mixed_values = mixed(values, mixing(slots, rng), strength)
    return float(cosines(answers(queries, keys, mixed_values),
                         answers(queries, keys, values)).mean())


def scores_mixed(slots: int, strength: float, rng: np.random.Generator) -> float:
    """Standard deviation of a score, by what is expected."""
    queries, keys, _ = random_head(slots, rng)
    scores = queries @ keys.T
    noise = queries @ mixed(keys, mixing(slots, rng), strength).T - scores
    expected = score_noise(scores, strength)
    return float(np.sqrt((noise**2).mean() / (expected**2).mean()))


def keys_mixed(slots: int, strength: float, rng: np.random.Generator) -> tuple[float, float]:
    """Cosine of answers whose keys mix: as they are, and around their mean."""
    queries, keys, values = random_head(slots, rng)
    gains, target = mixing(slots, rng), answers(queries, keys, values)
    raw, centred = (float(cosines(answers(queries, mixed(keys, gains, strength, centre), values),
                                  target).mean())
                    for centre in (0.0, keys.mean(axis=0)))
    return raw, centred


def undone(slots: int, strength: float, rng: np.random.Generator) -> tuple[float, float]:
    """Of what is written so that mixing gives it back: error in float, cosine in 8-bit codes."""
    queries, keys, values = random_head(slots, rng)
    gains = mixing(slots, rng), mixing(slots, rng)
    given = [unmixed(rows, g, strength) for rows, g in zip((keys, values), gains, strict=True)]
    back = [mixed(rows, g, strength) for rows, g in zip(given, gains, strict=True)]
    error = max(float(np.abs(b - x).max()) for b, x in zip(back, (keys, values), strict=True))
    coded = [mixed(_in_8_bits(rows), g, strength) for rows, g in zip(given, gains, strict=True)]
    return error, float(cosines(answers(queries, *coded), answers(queries, keys, values)).mean())


def _in_8_bits(rows: Floats) -> Floats:
    """Codes of up to 127 by channel, in floats again."""
    unit = np.abs(rows).max(axis=0) / 127
    found: Floats = np.rint(rows / unit) * unit
    return found


def over_seeds(
    measured: Callable[[int, float, np.random.Generator], float | tuple[float, float]],
    slots: int, strength: float, seeds: int,
) -> Floats:
    """The mean over random heads."""
    found: Floats = np.mean([measured(slots, strength, np.random.default_rng([seed, slots]))
                             for seed in range(seeds)], axis=0)
    return found


def random_rows(seeds: int) -> list[Row]:
    """What the formulas say, and what centring and undoing are worth."""
    rows = []
    for slots in SIZES:
        rows += [row(PAPER, f"{slots} slots, e = {e}: cosine, values mix", float(value_cosine(e)),
                     float(over_seeds(values_mixed, slots, e, seeds)), 0.01) for e in STRENGTHS]
        rows.append(row(PAPER, f"{slots} slots: noise of scores, of e rms(s)", 1.0,
                        float(over_seeds(scores_mixed, slots, 0.2, seeds)), 0.08))
        for e in (0.2, 0.5, 1.0):
            raw, centred = over_seeds(keys_mixed, slots, e, seeds)
            rows += [bound(PAPER, f"{slots} slots, e = {e}: centred keys lack of raw ones", 0.0,
                           raw - centred)]
        error, cosine = over_seeds(undone, slots, 0.2, seeds)
        rows += [bound(PAPER, f"{slots} slots, e = 0.2: error where mixing is undone", 1e-10,
                       error),
                 bound(PAPER, f"{slots} slots, e = 0.2: 1 - cosine, the same in 8 bits", 1e-3,
                       1 - cosine)]
    return rows


# --- trained heads


def real_heads(strength: float, draws: int = 1, seed: int = 0) -> Floats:
    """Mean cosine of MiniLM's 72 heads on an article of 128 tokens, shape (draws 72, NAMES)."""
    rng = np.random.default_rng(seed)
    (layers,) = minilm.record(slice(0, 1))
    found = [_real_head(q, k, v, strength, rng) for _ in range(draws) for layer in layers
             for q, k, v in zip(layer.queries, layer.keys, layer.values, strict=True)]
    return np.array(found)


def _real_head(
    queries: Floats, keys: Floats, values: Floats, strength: float, rng: np.random.Generator
) -> list[float]:
    gains = mixing(len(keys), rng)
    weights = softmax(queries @ keys.T, axis=1)
    target = weights @ values
    contexts = (answers(queries, mixed(keys, gains, strength), values),
                answers(queries, mixed(keys, gains, strength, keys.mean(axis=0)), values),
                weights @ mixed(values, gains.T, strength))
    return [*(float(cosines(context, target).mean()) for context in contexts),
            float(value_cosine(strength, spread(weights, values)).mean())]


def real_rows(found: Floats) -> list[Row]:
    """Of a strength of .1."""
    middle = dict(zip(NAMES, np.median(found, axis=0).tolist(), strict=True))
    order = float(spearmanr(found[:, 2], found[:, 3])[0])
    far = float(np.abs(found[:, 2] - found[:, 3]).max())
    return [
        *(row(PAPER, f"MiniLM, e = 0.1: median cosine, {name}", None, middle[name], None)
          for name in NAMES),
        *(bound(PAPER, f"MiniLM, e = 0.1: 1 - median cosine, {name}", 1 - least, 1 - middle[name])
          for name, least in (("keys", 0.995), ("centred keys", 0.997), ("values", 0.96))),
        bound(PAPER, "MiniLM, e = 0.1: 1 - rank correlation of heads, formula", 0.1, 1 - order),
        row(PAPER, "MiniLM, e = 0.1: worst head, values", None, float(found[:, 2].min()), None),
        row(PAPER, "MiniLM, e = 0.1: formula's largest error", None, far, None)]


def draw(curves: dict[float, Floats], path: Path) -> None:
    with picture(path, figsize=(7.5, 4)) as axes:
        for n, (name, colour) in enumerate(zip(NAMES, (INK, ACCENT, QUIET, QUIET), strict=True)):
            style = "--" if name == "expected" else "-"
            axes.plot([0, *curves], [1, *(np.median(c[:, n]) for c in curves.values())], style,
                      color=colour, marker="" if name == "expected" else "o", label=name)
            if name != "expected":
                axes.plot([0, *curves], [1, *(c[:, n].min() for c in curves.values())], ":",
                          color=colour)
        axes.plot([], [], ":", color=INK, label="worst head")
        axes.set(title="Trained heads tolerate more of keys that mix than of values",
                 xlabel="strength of the mixing", ylabel="cosine, median of 72 heads")
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
