"""Need is all you need: a learning rate by need, its random control, and an error trace.

Man, Damasio and Neven 2022. No numbers of the paper were read; what is judged are bounds of the
science notes, set before this ran on digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from examples.papers.man_digits import WAYS, accuracy
from neuromorph.report.pictures import ACCENT, INK, QUIET

TITLE = "Man, Damasio & Neven 2022: a learning rate by need"
PAPER = "Man 2022"

ABOUT = Paper(
    title="Man, Damasio & Neven 2022, arXiv 2205.08645 (need is all you need)",
    claims="A network whose learning rate is a state that what it meets feeds or drains adapts "
           "better to shifting concepts than one at a constant or random rate.",
    built="`papers.learning_rate`: the published rule and its control as float references; a rate "
          "by the error's trace, ours, and as a rule of integers with a third factor "
          "(`regulated_delta`).",
    verdict="Not confirmed on digits whose classes exchange labels: the rule gains nothing over "
            "the same rate held constant, and a larger constant rate beats everything, as it does "
            "our error trace, which gains much over the smaller one. Worth having only where a "
            "large constant rate would hurt between shifts. Runs of the paper's length were not "
            "made.",
    shown=("16 swaps, fixed: accuracy", "16 swaps, random: accuracy", "16 swaps, need: accuracy",
           "16 swaps, error trace: accuracy", "16 swaps, fixed, 10 times: accuracy"))

EPOCHS, LONG = 24, 120
SEEDS = {"fixed": 3, "random": 3, "need": 3, "error trace": 3, "fixed, 10 times": 3,
         "fixed, 30 times": 2}
WALK = "the rate is a random walk: seeds differ by .5, and the notes had three of them"
SELF_REGULATED = ("random", "need", "error trace")

Found = Mapping[str, list[float]]


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    more = 3 if full else 1
    tell("digits, 16 exchanges of labels an epoch")
    often = {way: [accuracy(way, 16, EPOCHS, seed) for seed in range(SEEDS[way] * more)]
             for way in WAYS}
    tell("digits, none")
    never = {way: [accuracy(way, 0, EPOCHS, seed) for seed in range(2 * more)]
             for way in ("fixed", *SELF_REGULATED)}
    tell("digits, 4 an epoch, for longer")
    seldom = {way: [accuracy(way, 4, LONG, seed) for seed in range(seeds * more)]
              for way, seeds in (("fixed", 2), ("error trace", 2), ("fixed, 10 times", 1))}
    draw(often, figures / "need.png")
    return (said("16 swaps", often) + said("no swaps", never) + said("4 swaps", seldom)
            + judged(often, never, seldom))


def said(when: str, found: Found) -> list[Row]:
    """Accuracies, beside."""
    return [row(PAPER, f"{when}, {way}: accuracy", None, float(np.mean(all_of)), None)
            for way, all_of in found.items()]


def judged(often: Found, never: Found, seldom: Found) -> list[Row]:
    """The notes' bounds."""
    high, none, low = ({way: float(np.mean(all_of)) for way, all_of in found.items()}
                       for found in (often, never, seldom))
    return [
        bound(PAPER, "16 swaps: the random control lacks of fixed + .15", 0.0,
              high["fixed"] + 0.15 - high["random"], why=WALK),
        row(PAPER, "16 swaps: need", 0.286, high["need"], 0.06, why=WALK),
        bound(PAPER, "16 swaps: .70 less ten times the fixed rate", 0.0,
              0.70 - high["fixed, 10 times"]),
        bound(PAPER, "4 swaps, 120 epochs: the error trace lacks of fixed + .12", 0.0,
              low["fixed"] + 0.12 - low["error trace"]),
        bound(PAPER, "4 swaps, 120 epochs: spread of the error trace", 0.02,
              float(np.ptp(seldom["error trace"]))),
        bound(PAPER, "no swaps: largest difference from fixed", 0.02,
              max(abs(none[way] - none["fixed"]) for way in SELF_REGULATED)),
    ]


def draw(found: Found, path: Path) -> None:
    with picture(path, figsize=(7.5, 4)) as axes:
        for place, (way, all_of) in enumerate(found.items()):
            colour = ACCENT if way == "error trace" else INK if way == "need" else QUIET
            axes.plot(all_of, [place] * len(all_of), "o", color=colour, alpha=0.6)
            axes.plot([np.mean(all_of)], [place], "|", color=colour, markersize=22)
        axes.set(title="Where labels keep changing, a larger constant rate does best",
                 xlabel="accuracy of guesses before they are learned from, one point a seed",
                 yticks=range(len(found)), yticklabels=list(found))
        axes.invert_yaxis()


if __name__ == "__main__":
    main(TITLE, run)
