"""Ensembles: layers wired group to group, which take a part of a dense network's cores and spikes.

Konstantaropoulos et al. 2025. Digits are learned in float by masked layers, run in integers, and
placed on a chip by groups. What it saves and what it costs: docs/ensembles.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.ensembles_own import run_own
from neuromorph.api.circuits.ensembles_run import PROFILE, answered, codes_of, in_integers
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.equal import require_equal
from neuromorph.circuits.ensembles import Layer, build
from neuromorph.compile import Placement, Unit, ensembles, placement
from neuromorph.errors import UsageError
from neuromorph.models.digits import load_split
from neuromorph.network import Network
from neuromorph.network.block_masks import Blocks, blocks
from neuromorph.network.regrow import cofiring, prune_regrow
from neuromorph.papers.ensembles import Layers, train
from neuromorph.profiles import load_profile
from neuromorph.progress import Progress
from neuromorph.report.ensembles import draw_ensembles

PIXELS, CLASSES, PIXEL_MAX = 64, 10, 16
WIDE = 784
"""Inputs of the networks whose cores are counted, as of a larger image."""

REGROW = ("none", "random", "hebbian")
RECORDED = 300
"""Images whose activities say what fires together."""

SHARE, UNTIL = 0.2, 0.7
"""f = .2 (1 - t / .7): share of blocks that are swapped after a pass, at a share t of all."""


@dataclass(frozen=True)
class Settings:
    """Two hidden layers, whose weights are wired group to group."""

    width: Annotated[int, Meaning("Neurons of each hidden layer.", low=8, high=1024)] = 128
    groups: Annotated[int, Meaning(
        "Groups of every layer; they divide 64 and the width.", low=1, high=64)] = 16
    fan: Annotated[int, Meaning("Groups that each group hears.", low=1, high=64)] = 4
    regrow: Annotated[str, Meaning(
        "none, random or hebbian: how blocks are swapped between passes.")] = "none"
    epochs: Annotated[int, Meaning("Passes over the images.", low=1, high=200)] = 20
    tests: Annotated[int, Meaning("Test images.", low=1, high=400)] = 100
    largest: Annotated[int, Meaning(
        "Largest width whose cores are counted.", low=256, high=2048)] = 1024
    weights: Annotated[str, Meaning(
        "A file (.npz) of weight.0, bias.0, ... and inputs: layers of your own.")] = ""

    def __post_init__(self) -> None:
        check_limits(self)
        if self.regrow not in REGROW:
            raise UsageError("there is no such way to regrow", where="regrow", found=self.regrow,
                             expected=", ".join(REGROW))
        if self.fan > self.groups:
            raise UsageError("a group cannot hear more groups than there are", where="fan",
                             found=f"{self.fan} of {self.groups}",
                             hint="lower fan, or raise groups")
        for layer in wired(self, 0):
            layer.mask(PIXELS, self.width)


def wired(settings: Settings, seed: int) -> list[Blocks]:
    """The blocks of both hidden layers."""
    return [blocks(settings.groups, settings.fan, 2 * seed + n) for n in range(2)]


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    one = np.ones(1, np.int64)
    return backend.why_not(build([Layer(np.ones((1, 1), np.int8), one, one, one)] * 2))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Learn, run in integers as given and by groups, compare, and count cores."""
    if settings.weights:
        return run_own(settings.weights, backend)
    split, rng = load_split(), np.random.default_rng(seed)
    images = split.train.images.reshape(-1, PIXELS) / PIXEL_MAX
    progress("learning")
    floats = learned(settings, images, split.train.labels, seed)
    layers = in_integers(floats, images)
    chosen = rng.permutation(len(split.test))[: settings.tests]
    tests = split.test.images.reshape(-1, PIXELS)[chosen] / PIXEL_MAX
    unit = Unit("ensembles", build(layers))
    progress(f"answering {len(tests)} images")
    found = answered(unit, layers, codes_of(tests), backend)
    cut = unit
    if settings.fan < settings.groups:
        cut = ensembles(unit, settings.groups)
        require_equal("the network by groups", "ensembles", [(
            "answer", answered(cut, layers, codes_of(tests), backend), found)], "number")
    progress("counting cores")
    labels = split.test.labels[chosen]
    widths, taken = counted(settings)
    numbers = {
        "width": settings.width, "groups": settings.groups, "fan": settings.fan,
        "density": settings.fan / settings.groups, "tests": len(tests),
        "accuracy": float((found.argmax(axis=1) == labels).mean()),
        "accuracy_in_float": floats.accuracy(tests, labels),
        "populations": len(unit.network.populations),
        "populations_by_groups": len(cut.network.populations), "widths": list(widths),
        **{f"{what} {kind}": [one.as_dict()[what] for one in many]
           for kind, many in taken.items() for what in ("cores", "deliveries")}}
    return Outcome(numbers, _sentences(numbers, taken),
                   partial(_draw, floats.masks[1], widths, taken))


def learned(
    settings: Settings, images: NDArray[Any], labels: NDArray[Any], seed: int
) -> Layers:
    """The network in float, its blocks swapped between passes if so wished."""
    rng = np.random.default_rng(seed)
    own = wired(settings, seed)
    sizes = (PIXELS, settings.width, settings.width, CLASSES)
    layers = Layers.drawn(sizes, [b.mask(*pair) for b, pair in zip(own, pairwise(sizes[:3]),
                                                                  strict=True)], rng)

    def rewire(now: Layers, done: float) -> None:
        share = SHARE * (1 - done / UNTIL)
        if settings.regrow == "none" or share <= 0:
            return
        said = now.activities(images[:RECORDED])
        for n, pair in enumerate(pairwise(sizes[:3])):
            together = cofiring(said[n], said[n + 1]) if settings.regrow == "hebbian" else None
            own[n] = prune_regrow(own[n], now.weights[n], share, together,
                                  seed=int(rng.integers(1 << 31)))
            now.masks[n] = own[n].mask(*pair)

    return train(layers, images, labels, settings.epochs, rng, rewire)


def counted(settings: Settings) -> tuple[list[int], dict[str, list[Placement]]]:
    """Placements of networks 784-H-H-10, dense and by blocks, for H up to the largest."""
    widths = [w for w in (256, 512, 1024, 2048) if w <= settings.largest]
    profile, dense = load_profile(PROFILE), blocks(16, 16, 0)
    wires = [blocks(16, 4, n) for n in range(2)]
    taken: dict[str, list[Placement]] = {
        "dense": [], "blocks, packed as any layer": [], "blocks, by groups": []}
    for width in widths:
        masked = Unit("blocks", sized(width, wires))
        for kind, unit in zip(taken, (Unit("dense", sized(width, [dense, dense])), masked,
                                      ensembles(masked, 16)), strict=True):
            taken[kind].append(placement(unit, profile))
    return widths, taken


def sized(width: int, wires: list[Blocks]) -> Network:
    """A network 784-H-H-10 with weights of 1 where there are any: what compiles alike."""
    masks = [wires[0].mask(WIDE, width), wires[1].mask(width, width),
             np.ones((CLASSES, width), np.bool_)]
    return build([Layer(mask.astype(np.int8), np.zeros(len(mask), np.int64),
                        *np.ones((2, len(mask)), np.int64)) for mask in masks])


def _sentences(
    numbers: dict[str, Any], taken: dict[str, list[Placement]]
) -> tuple[str, ...]:
    dense, groups = taken["dense"][-1], taken["blocks, by groups"][-1]
    found = (f"{numbers['accuracy']:.1%} of {numbers['tests']} test images are right (in float "
             f"{numbers['accuracy_in_float']:.1%}), with {numbers['density']:.0%} of the weights "
             "of both hidden layers.")
    room = (f"784-{numbers['widths'][-1]}-{numbers['widths'][-1]}-10 with a quarter of the "
            f"weights, by groups: {groups.cores} cores where dense takes {dense.cores}, and "
            f"{groups.deliveries:,} arrivals of spikes at cores where dense has "
            f"{dense.deliveries:,}.")
    less = ("Accuracy is no more than dense; what stands is cores and spikes. Cut by groups or "
            "not, all integers are the closed form's.")
    return found, room, less


def _draw(
    mask: NDArray[Any], widths: list[int], taken: dict[str, list[Placement]], path: Path
) -> None:
    draw_ensembles(mask, widths, {kind: [one.as_dict() for one in many]
                                  for kind, many in taken.items()}, path)
