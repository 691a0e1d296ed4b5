"""Rewiring of blocks: a group loses the source that matters least to it, and gains another.

::

    prune    mean |w| of a block, least first
    grow     mean |c| of a block, largest first, c = <z(x_j) z(y_i)> over recorded steps
    new blocks begin with weights of 0

Each group hears as many as before, so the chip keeps its layout; which groups hear one may become
uneven. On digits and Fashion-MNIST neither Hebbian nor random regrowth changed accuracy by more
than seeds do: docs/ensembles.md.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError
from neuromorph.network.block_masks import Blocks
from neuromorph.shapes import Float64, Num, Shaped

Floats = NDArray[np.float64]


def cofiring(
    before: Annotated[Shaped, "steps inputs"], after: Annotated[Shaped, "steps outputs"]
) -> Annotated[Float64, "outputs inputs"]:
    """c_ij = <z(x_j) z(y_i)>: how neurons fire together, shape (outputs, inputs).

    Parameters
    ----------
    before, after : array, shape (steps, inputs) and (steps, outputs)
        Recorded spikes, payloads or activities, of the same steps or images; ``after`` is moved
        by the caller by as many steps as its synapses take. What never changes is with nobody.

    Raises
    ------
    UsageError
        If they are of different lengths, too few, or not finite.
    """
    if len(before) != len(after) or len(before) < 2:
        raise UsageError("co-firing needs as many steps before as after, two at least",
                         where="regrow", found=f"{len(before)} and {len(after)}")
    found: Floats = _scored(after).T @ _scored(before) / len(before)
    return found


def _scored(recorded: NDArray[Any]) -> Floats:
    values = np.asarray(recorded, np.float64)
    if not np.isfinite(values).all():
        raise UsageError("recorded activity holds NaN or infinity", where="regrow")
    spread = values.std(axis=0)
    found: Floats = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return found


def block_scores(
    values: Annotated[Num, "outputs inputs"], groups: int
) -> Annotated[Float64, "groups groups"]:
    """Mean magnitude of each block, from group (row) to group (column), shape (groups, groups).

    Parameters
    ----------
    values : array, shape (outputs, inputs)
        Weights, co-firing, or tags that a chip gathered (``dt = 2^-4*y0*x1``).
    groups : int

    Raises
    ------
    UsageError
        If the groups do not divide the layer.
    """
    outputs, inputs = values.shape
    if outputs % groups or inputs % groups:
        raise UsageError("the groups do not divide a layer", where="regrow",
                         found=f"{groups} groups of {values.shape}")
    magnitudes = np.abs(np.asarray(values, np.float64))
    tiles = magnitudes.reshape(groups, outputs // groups, groups, inputs // groups)
    found: Floats = tiles.mean(axis=(1, 3)).T
    return found


def prune_regrow(
    wired: Blocks, weights: Annotated[Num, "outputs inputs"], share: float,
    together: Annotated[Num, "outputs inputs"] | None = None, *, seed: int = 0,
) -> Blocks:
    """Blocks of which a share is swapped, at most one for each group that hears.

    Parameters
    ----------
    wired : Blocks
    weights : array, shape (outputs, inputs)
    share : float
        0 to 1 of all blocks; rounded down to whole ones.
    together : array, shape (outputs, inputs), optional
        `cofiring`; blocks grow at random if left out.
    seed : int
        Of random growth.

    Raises
    ------
    UsageError
        If the share is none, or arrays do not fit the groups.
    """
    if not 0 <= share <= 1:
        raise UsageError("no such share of blocks", where="regrow", found=share,
                         expected="0 to 1")
    weak = np.where(wired.wires, block_scores(weights, wired.groups), np.inf)
    rng = np.random.default_rng(seed)
    best = (rng.random(weak.shape) if together is None
            else block_scores(together, wired.groups))
    absent = np.where(wired.wires, -np.inf, best)
    swaps = min(int(share * wired.wires.sum()), wired.groups)
    wires = wired.wires.copy()
    for target in np.argsort(weak.min(axis=0), kind="stable")[:swaps]:
        grown = int(absent[:, target].argmax())
        if not wires[grown, target]:
            wires[weak[:, target].argmin(), target] = False
            wires[grown, target] = True
    return Blocks(wires)
