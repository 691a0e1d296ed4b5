"""Layers of one's own, from a file of arrays: what they say in integers, and by groups."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from neuromorph.api.circuits.ensembles_run import PROFILE, answered, codes_of, in_integers
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.equal import require_equal
from neuromorph.api.own_layers import read_own
from neuromorph.circuits.ensembles import build
from neuromorph.compile import Unit, ensembles, placement
from neuromorph.compile.ensembles import groups_of
from neuromorph.profiles import load_profile
from neuromorph.report.ensembles import draw_ensembles


def run_own(path: str, backend: str) -> Outcome:
    """Answers to the file's inputs, in float and integers, and what both packings take.

    Parameters
    ----------
    path : str
        As `read_own` takes it.
    backend : str

    Raises
    ------
    TensorError
        If arrays do not fit each other, or hold what is no number.
    UsageError
        If no layer is made of blocks.
    """
    floats, inputs = read_own(path)
    layers = in_integers(floats, inputs)
    unit = Unit("layers", build(layers))
    cut = ensembles(unit)
    found = answered(unit, layers, codes_of(inputs), backend)
    require_equal("the network by groups", "ensembles", [
        ("answer", answered(cut, layers, codes_of(inputs), backend), found)], "number")
    exact = floats.activities(inputs)[-1]
    profile = load_profile(PROFILE)
    taken = {"blocks, packed as any layer": [placement(unit, profile)],
             "blocks, by groups": [placement(cut, profile)]}
    groups = dict(groups_of(unit.network))
    numbers: dict[str, Any] = {
        "layers": len(layers), "inputs": len(inputs),
        "groups": list(groups.values()), "populations_by_groups": len(cut.network.populations),
        "same_largest_answer_as_float": float((found.argmax(1) == exact.argmax(1)).mean()),
        **{f"{what} {kind}": one.as_dict()[what] for kind, (one,) in taken.items()
           for what in ("cores", "deliveries")}}
    plain, own = (one for (one,) in taken.values())
    said = (f"{', '.join(groups)}: groups of {', '.join(map(str, groups.values()))}. By groups it "
            f"takes {own.cores} core{'s' * (own.cores != 1)} and {own.deliveries:,} arrivals, "
            f"packed as any layers {plain.cores} and {plain.deliveries:,}.")
    first = next(n for n, layer in enumerate(layers) if not layer.weights.all())
    return Outcome(numbers, (said, "All integers are the closed form's, cut by groups or not."),
                   partial(_draw, layers[first].weights != 0, sum(map(len, floats.biases)),
                           {kind: [one.as_dict()] for kind, (one,) in taken.items()}))


def _draw(mask: NDArray[Any], neurons: int, taken: dict[str, list[dict[str, int]]],
          path: Path) -> None:
    draw_ensembles(mask, [neurons], taken, path, across="neurons of all layers",
                   title="Weights of the first layer with blocks")
