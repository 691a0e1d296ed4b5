"""From binary patterns to a network that finds them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from neuromorph.circuits.dense_memory.capacity import check_count
from neuromorph.circuits.dense_memory.store import check_spins
from neuromorph.circuits.dense_memory.sweeps import sweep_phases
from neuromorph.errors import RangeProofError
from neuromorph.network import Network, Population, Port, Projection, Schedule
from neuromorph.neurons.product import Product
from neuromorph.numerics.held import held, identity, ones
from neuromorph.numerics.limits import PRODUCT_BITS, STATE_MAX

SPIN_BITS = 2
"""A signed payload that holds -1 and 1."""

WEIGHT = 2
"""Of a synapse of either sign: the lowest bit of such a row is dropped."""


@dataclass(frozen=True)
class DenseMemory:
    """The numbers of a memory of ``count`` patterns of ``size`` spins.

    Attributes
    ----------
    size, count : int
    sweeps : int
        How often all spins are updated, at once.
    """

    size: int
    count: int
    sweeps: int = 4

    @property
    def shift(self) -> int:
        """Bits of M^2 that no field has room for; only matches that are noise are that small."""
        spare = STATE_MAX // (WEIGHT * self.count)
        return next(s for s in range(PRODUCT_BITS) if self.size**2 >> s <= spare)

    @property
    def loudest(self) -> int:
        """Largest payload of a match: of a pattern that is there to the last spin."""
        return self.size**2 >> self.shift

    @property
    def period(self) -> int:
        """Steps from a cue to the next: a cue passes through, then a sweep takes two steps."""
        return 2 * self.sweeps + 1

    @property
    def go_steps(self) -> tuple[int, ...]:
        """When spins are told to answer in the step that follows."""
        return tuple(range(0, self.period, 2))


def prove(numbers: DenseMemory) -> DenseMemory:
    """Show that no field leaves 24 bits: 2 |h_i| <= 2 K (N^2 >> shift).

    Raises
    ------
    UsageError
        If a number is none of a memory's.
    RangeProofError
        If there are more patterns than a field can hear.
    """
    for name in ("size", "count", "sweeps"):
        check_count(getattr(numbers, name), name)
    if not numbers.loudest:
        raise RangeProofError("a field may leave its 24 bits", where="dense memory",
                              found=numbers.count, expected=f"at most {STATE_MAX // WEIGHT} "
                              "patterns")
    return numbers


def build(patterns: NDArray[Any], sweeps: int = 4) -> Network:
    """A memory of spins -1 and 1 that interact three at a time (P = 3).

    ::

        M_mu = sum_j xi_mu,j sigma_j        match    sends M^2 >> shift
        h_i = sum_mu xi_mu,i (M_mu^2 >> shift)
                                            spin     sends sign(h_i) in the step after a go

        cue --(1)--> spin <--(1)-- go       spin --(2 xi)--> match, both ports
                     match --(2 xi^T)--> spin

    It is attention with x^2 in place of exp: no ramp, no normaliser, and neurons that multiply
    (`Product`), so a chip with programs of our own. A spin whose field is 0 says nothing, and has
    no say in the sweep that follows. Unlike in `papers.spin_memory.sweep_dense` all spins change
    at once, and a spin's own part is in M. Without a go what still circulates ends, so that a
    query knows nothing of the one before it.

    Parameters
    ----------
    patterns : array of -1 and 1, shape (patterns, size)
    sweeps : int

    Raises
    ------
    TensorError
        If the patterns are no such array.
    RangeProofError
        If there are more than a field can hear.
    """
    spins = check_spins("patterns", patterns)
    count, size = spins.shape
    numbers = prove(DenseMemory(size, count, sweeps))
    inputs, weights = _inputs(numbers), held(WEIGHT * spins)
    populations = (
        *(port.source for port in inputs),
        Population("match", count, Product(shift=2 + numbers.shift, limit=numbers.loudest)),
        Population("spin", size, Product(limit=1)),
    )
    projections = (
        Projection("cue", "cue", "spin", identity(size), graded=True, port="a"),
        Projection("match a", "spin", "match", weights, graded=True, port="a"),
        Projection("match b", "spin", "match", weights, graded=True, port="b"),
        Projection("recall", "match", "spin", held(weights.T), graded=True, port="a"),
        Projection("go", "go", "spin", ones(size, 1), port="b"),
    )
    said = tuple(sorted((step + 1) % numbers.period for step in numbers.go_steps))
    return Network("dense memory", "fixed", populations, projections,
                   Schedule(numbers.period, sweep_phases(sweeps)), (), inputs,
                   (Port.of(populations[-1], said, "the cue, then the spins after each sweep"),))


def _inputs(numbers: DenseMemory) -> tuple[Port, Port]:
    return (
        Port("cue", "cue", numbers.size, SPIN_BITS, -1, 1, (0,),
             "spins -1 and 1; nothing where a spin is not known", course=((0, 1, -1, 1),)),
        Port("go", "go", 1, steps=numbers.go_steps, says="that spins answer, a step later"),
    )
