"""From patterns with gaps to a network that finds several of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.dense_memory.sweeps import sweep_phases
from neuromorph.circuits.multitasking.store import WHERE, check_patterns, check_whole
from neuromorph.errors import RangeProofError
from neuromorph.network import Network, Population, Port, Projection, Schedule
from neuromorph.neurons.product import Product
from neuromorph.neurons.readout import Readout
from neuromorph.numerics.held import held, identity, ones
from neuromorph.numerics.limits import DECAY_UNITY, STATE_MAX

WEIGHT = 2
"""Of a synapse of either sign, whose lowest bit is dropped; the sum is halved again."""

DRIVE = 254
"""Mantissa of a cue's synapse, which alone passes the threshold."""

MOST_SHIFT = 13
"""Largest exponent of a synapse whose sum is not aligned."""


@dataclass(frozen=True)
class Multitasking:
    """The numbers of a memory of ``count`` patterns of ``size`` spins.

    Attributes
    ----------
    size, count : int
    threshold : int
        theta: a spin whose field is no larger says nothing. Half of the overlap of a cue, as
        `threshold_for` has it, is a good one.
    sweeps : int
        How often all spins are updated, at once.
    """

    size: int
    count: int
    threshold: int
    sweeps: int = 4

    @property
    def period(self) -> int:
        """Steps from a cue to the next: a cue passes through, then a sweep takes two steps."""
        return 2 * self.sweeps + 1

    @property
    def go_steps(self) -> tuple[int, ...]:
        """When patterns are told to answer in the step that follows."""
        return tuple(range(1, self.period, 2))

    @property
    def said_steps(self) -> tuple[int, ...]:
        """When spins speak: the last answer of the cue before, then the cue, then a sweep each."""
        return (0, *self.go_steps)

    @property
    def drive_exponent(self) -> int:
        """Least with which 254 2^e is above the threshold."""
        return max(0, self.threshold.bit_length() - DRIVE.bit_length() + 1)


def prove(numbers: Multitasking) -> Multitasking:
    """Show that no field leaves 24 bits: |h_i| + drive <= K N + 254 2^e.

    Raises
    ------
    UsageError
        If a number is none of a memory's.
    RangeProofError
        If there are more patterns than a field can hear, or no cue passes the threshold.
    """
    for name in ("size", "count", "sweeps"):
        check_whole(name, getattr(numbers, name), 1)
    check_whole("threshold", numbers.threshold, 0)
    if numbers.drive_exponent > MOST_SHIFT:
        raise RangeProofError("no synapse passes the threshold", where=WHERE,
                              found=numbers.threshold, expected=f"below {DRIVE << MOST_SHIFT}")
    drive = DRIVE << numbers.drive_exponent
    found = numbers.count * numbers.size + drive
    if found > STATE_MAX:
        raise RangeProofError("a field may leave its 24 bits", where=WHERE,
                              found=f"{numbers.count} patterns of {numbers.size} spins",
                              expected=f"at most {max(0, STATE_MAX - drive) // numbers.size} "
                                       "patterns of this size")
    return numbers


def build(patterns: NDArray[Any], threshold: int, sweeps: int = 4) -> Network:
    """A memory of patterns of -1, 0 and 1 whose spins may be silent.

    ::

        M_mu = sum_j xi_mu,j sigma_j        match         sends M, in the step after a go
        h_i = sum_mu xi_mu,i M_mu           plus, minus   say sign(h_i) where |h_i| > threshold

        cue on --> plus <--(xi^T)-- match <--(xi)-- plus       go --> match
        cue off -> minus <-(-xi^T)- match <-(-xi)-- minus

    Two neurons a spin and one a pattern; weights need 2 bits, and a gap is no synapse. Patterns
    that share few places are found at once by a cue of parts of each. A cue is ON and OFF spikes,
    and alone drives the spins that it names. Without a go what still circulates ends, so that a
    query knows nothing of the one before it. Silent spins are ours, not Agliari's: binary ones
    raise patterns that nobody asked for.

    Parameters
    ----------
    patterns : array of -1, 0 and 1, shape (patterns, size)
        None of them all gaps.
    threshold : int
    sweeps : int

    Raises
    ------
    TensorError
        If the patterns are no such array.
    UsageError, RangeProofError
        As `prove`.
    """
    stored = check_patterns("patterns", patterns)
    count, size = stored.shape
    numbers = prove(Multitasking(size, count, threshold, sweeps))
    inputs, weights = _inputs(numbers), WEIGHT * stored
    spin, match = Readout(dv=DECAY_UNITY, vth=threshold), Product(limit=size)
    populations = (*(port.source for port in inputs), Population("match", count, match),
                   Population("plus", size, spin), Population("minus", size, spin))
    drive = identity(size, DRIVE)
    projections = (
        Projection("cue on", "cue_on", "plus", drive, exponent=numbers.drive_exponent),
        Projection("cue off", "cue_off", "minus", drive, exponent=numbers.drive_exponent),
        Projection("for", "plus", "match", held(weights), exponent=-1, port="a"),
        Projection("against", "minus", "match", held(-weights), exponent=-1, port="a"),
        Projection("go", "go", "match", ones(count, 1), port="b"),
        Projection("recall plus", "match", "plus", held(weights.T), exponent=-1, graded=True),
        Projection("recall minus", "match", "minus", held(-weights.T), exponent=-1, graded=True),
    )
    return Network("multitasking", "fixed", populations, projections,
                   Schedule(numbers.period, sweep_phases(sweeps)), (), inputs,
                   _outputs(numbers, populations))


def _inputs(numbers: Multitasking) -> tuple[Port, ...]:
    return (
        Port("cue_on", "cue_on", numbers.size, steps=(0,), says="spins of a cue that are 1"),
        Port("cue_off", "cue_off", numbers.size, steps=(0,), says="spins of a cue that are -1"),
        Port("go", "go", 1, steps=numbers.go_steps, says="that patterns answer, a step later"),
    )


def _outputs(numbers: Multitasking, populations: tuple[Population, ...]) -> tuple[Port, ...]:
    own = {p.name: p for p in populations}
    heard = tuple(step + 1 for step in numbers.go_steps)
    return (
        Port("match", "match", numbers.count, own["match"].model.payload_bits, -numbers.size,
             numbers.size, heard, "overlaps of the spins a step before"),
        *(Port.of(own[name], None, f"spins that are {value}, silent where unsure")
          for name, value in (("plus", 1), ("minus", -1))),
    )


def threshold_for(patterns: NDArray[Any], known: float, part: float = 0.5) -> int:
    """theta = part known (1 - d) N: a part of the overlap that a cue has with its pattern.

    Parameters
    ----------
    patterns : array of -1, 0 and 1, shape (patterns, size)
    known : float
        Share of a pattern's places, gaps apart, that a cue names.
    part : float
        One half; more where many patterns crowd.
    """
    return int(part * known * np.count_nonzero(patterns) / len(patterns))
