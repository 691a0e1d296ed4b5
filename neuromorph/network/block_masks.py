"""Group to group: which groups of neurons send to which, all to all within a pair.

::

    B = P_0 + … + P_(Q-1)         permutations of G groups that nowhere coincide, P_0 the identity
    M = B^T x ones(n_out / G, n_in / G)             the mask of a layer's weights (Kronecker)

So each group hears Q groups, and is heard by Q: density Q / G. Mechanism of Konstantaropoulos et
al. 2025 (arXiv 2508.14140); the permutations are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError, UsageError
from neuromorph.shapes import Bool, Shaped
from neuromorph.shown import Shown

MOST_GROUPS = 4096

NEARLY = 0.95
"""Share of what may be empty that fewer groups must leave empty, to be taken for more."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Blocks(Shown):
    """Which groups send to which.

    Attributes
    ----------
    wires : bool array, shape (groups, groups)
        From group (row) to group (column); as many ones in each column.

    Raises
    ------
    NetworkError
        If groups hear different numbers of groups.
    """

    wires: Annotated[Bool, "groups groups"]

    def __post_init__(self) -> None:
        shape = self.wires.shape
        if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
            raise NetworkError("blocks are no square", where="blocks", found=shape,
                               expected="(groups, groups)")
        fans = {*self.wires.sum(axis=0).tolist()}
        if len(fans) != 1 or not max(fans):
            raise NetworkError("groups hear different numbers of groups", where="blocks",
                               found=sorted(fans), expected="one number above 0")

    @property
    def groups(self) -> int:
        """G."""
        return len(self.wires)

    @property
    def fan(self) -> int:
        """Q: groups that each group hears."""
        return int(self.wires[:, 0].sum())

    @property
    def density(self) -> float:
        """Q / G."""
        return self.fan / self.groups

    def mask(self, inputs: int, outputs: int) -> Annotated[Bool, "outputs inputs"]:
        """Which weights of a layer there are, shape (outputs, inputs); groups lie in a row.

        Raises
        ------
        UsageError
            If the groups do not divide both sizes.
        """
        for name, size in (("inputs", inputs), ("outputs", outputs)):
            if size < 1 or size % self.groups:
                raise UsageError(f"the groups do not divide the {name}", where="blocks",
                                 found=f"{self.groups} groups of {size}",
                                 hint="take sizes that are multiples, or add neurons that are "
                                      "silent")
        tile = np.ones((outputs // self.groups, inputs // self.groups), np.bool_)
        found: Mask = np.kron(self.wires.T, tile)
        return found


def blocks(groups: int, fan: int, seed: int) -> Blocks:
    """Blocks of G groups, of which each hears Q: the identity and random permutations.

    Parameters
    ----------
    groups : int
        G, 1 to 4096.
    fan : int
        Q, 1 to G.
    seed : int
        The same one gives the same blocks.

    Raises
    ------
    UsageError
    """
    for name, value, most in (("groups", groups, MOST_GROUPS), ("fan", fan, groups)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise UsageError("no such number of blocks", where=name, found=repr(value),
                             expected=f"a whole number from 1 to {most}")
    rng = np.random.default_rng(seed)
    wires = np.eye(groups, dtype=np.bool_)
    for _ in range(fan - 1):
        wires |= _permutation(~wires, rng)
    return Blocks(wires)


def _permutation(free: Mask, rng: np.random.Generator) -> Mask:
    """A random one among places that are free; as many in each row and column, so there is one."""
    from scipy.optimize import linear_sum_assignment  # which every network would wait for

    costs = np.where(free, rng.random(free.shape), 2.0 * len(free))
    found = np.zeros_like(free)
    found[linear_sum_assignment(costs)] = True
    return found


def group_wires(
    weights: Annotated[Shaped, "outputs inputs"], groups: int
) -> Annotated[Bool, "groups groups"]:
    """From which group (row) to which (column) there is any weight, shape (groups, groups).

    Parameters
    ----------
    weights : array, shape (outputs, inputs)
        Whose sizes the groups divide.
    groups : int
    """
    outputs, inputs = weights.shape
    tiles = (weights != 0).reshape(groups, outputs // groups, groups, inputs // groups)
    found: Mask = tiles.any(axis=(1, 3)).T
    return found


def common_groups(weights: Annotated[Shaped, "outputs inputs"], least: int = 2) -> int:
    """Fewest groups, at least so many, that leave nearly as much of a layer empty as any do.

    Nearly: a few small blocks are empty by chance, where weights are rounded to 0.

    1 where no number of groups of two neurons or more leaves a block empty.

    Parameters
    ----------
    weights : array, shape (outputs, inputs)
    least : int
    """
    outputs, inputs = weights.shape
    divide = [g for g in range(least, min(outputs, inputs) // 2 + 1)
              if not outputs % g and not inputs % g]
    shares = {g: float(group_wires(weights, g).mean()) for g in divide}
    empty = 1 - min(shares.values(), default=1.0)
    return 1 if not empty else next(g for g, share in shares.items()
                                    if 1 - share >= NEARLY * empty)
