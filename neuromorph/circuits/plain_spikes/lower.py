"""Graded sources lowered to plain spikes, for chips whose spikes carry nothing.

::

    (sum_j W_ij p_j) 2^e  =  sum_k (sum_j W_ij s_kj) c_k 2^e          p_j = sum_k c_k s_kj

A payload is what the plain axons that stand for it add up to: its bits, or one axon for each
payload where there are a few only. Each stand-in has synapses of its own, c_k times as strong: by
their exponent, and where the weights leave room by a mantissa. All arrives in the same step, so
sums are those of the graded network to the bit.

A right shift of the graded network rounds its sum down. Where the circuit says that this
rounding decides no spike, the lowered neuron keeps the fractions: its input is aligned by fewer
bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.plain_spikes.letters import Letters
from neuromorph.circuits.plain_spikes.view import lettered
from neuromorph.errors import FitError
from neuromorph.network import Network, Population, Projection, Source, verify
from neuromorph.network.credit import alphabet, fractions_free
from neuromorph.network.ports import still_there
from neuromorph.network.view import IDENTITY, View
from neuromorph.numerics.limits import EXPONENT_MAX, INPUT_SHIFT, WEIGHT_MAX
from neuromorph.numerics.synapse import bits_of

GRADED_NEEDED = "choose a Loihi 2 profile"

NARROW_NEEDED = "export for Loihi 1: --target loihi1"


@dataclass(frozen=True)
class _Digit:
    """A part ``mantissa * 2^exponent`` of a letter."""

    mantissa: int
    exponent: int


def in_plain_spikes(network: Network) -> tuple[Network, View]:
    """The network with plain spikes in the place of every source's payloads.

    Returns
    -------
    network : Network
        Without parts, and without ports of graded sources; where no source is graded, or in the
        float domain, the one given.
    view : View
        `Lettered`, or the identity.

    Raises
    ------
    FitError
        If a sum would round in another place, a payload counts as one spike, or a letter is
        larger than synapses can be.
    """
    letters = {p.name: _letters(p, network) for p in network.populations
               if p.is_source and p.model.payload_bits}
    if not letters or network.domain == "float":
        return network, IDENTITY
    _check_learning(network, letters)
    finer = {p.name: _fraction_bits(network, p, letters) for p in network.populations}
    populations = tuple(q for p in network.populations for q in _plain(p, letters, finer))
    projections = tuple(q for p in network.projections
                        for q in _lowered(p, network, letters, finer))
    lowered = replace(network, populations=populations, projections=projections, parts=(),
                      inputs=still_there(network.inputs, populations),
                      outputs=still_there(network.outputs, populations))
    return verify(lowered), lettered(letters)


def _check_learning(network: Network, letters: Mapping[str, Letters]) -> None:
    for p in network.plastic:
        read = [name for name in letters if name in (p.pre, *p.modulators)]
        if read:
            raise FitError("a learning rule reads payloads, which plain spikes do not have",
                           where=p.name, found=", ".join(read), hint=GRADED_NEEDED)


def _letters(source: Population, network: Network) -> Letters:
    few = alphabet(network, source.name)
    if few:
        return Letters.of_payloads(few)
    return Letters.of_bits(source.model.payload_bits)


def _plain(
    population: Population, letters: Mapping[str, Letters], finer: Mapping[str, int]
) -> Iterator[Population]:
    """A source's stand-ins; other populations as they are, or with finer input."""
    if population.name in letters:
        for name in letters[population.name].names(population.name):
            yield Population(name, population.size, Source())
    elif finer[population.name]:
        aligned = population.model.input_shift - finer[population.name]
        yield replace(population, model=population.model.with_parameters(input_shift=aligned))
    else:
        yield population


def _lowered(
    projection: Projection, network: Network, letters: Mapping[str, Letters],
    finer: Mapping[str, int],
) -> Iterator[Projection]:
    """A projection, or those of its source's stand-ins."""
    found = replace(projection, exponent=projection.exponent + finer[projection.post])
    if projection.pre not in letters:
        yield found
        return
    if not projection.graded:
        raise FitError("every payload counts as one spike here, which plain axons cannot say",
                       where=projection.name, hint=GRADED_NEEDED)
    room = EXPONENT_MAX - network.synapse_exponent(projection)
    said = letters[projection.pre]
    for name, value in zip(said.names(""), said.values, strict=True):
        for digit in _digits(projection, abs(value), room):
            factor = digit.mantissa if value > 0 else -digit.mantissa
            yield replace(found, name=f"{projection.name}{name}.{digit.exponent}",
                          pre=projection.pre + name, graded=False,
                          weights=_times(projection.weights, factor),
                          exponent=found.exponent + digit.exponent)


def _times(weights: NDArray[Any], factor: int) -> NDArray[Any]:
    """One array for all letters that need no other."""
    return weights if factor == 1 else np.multiply(weights, factor, dtype=np.int32)


def _digits(projection: Projection, value: int, room: int) -> Iterator[_Digit]:
    """A letter in as few parts as mantissas and exponents of a synapse allow.

    Digits are as wide as a mantissa is, and no wider than the exponents reach, so that all
    letters share a few exponents: a core has few formats of synapses.
    """
    loudest = max(1, -int(projection.weights.min()), int(projection.weights.max()))
    if loudest > WEIGHT_MAX:
        raise FitError("a weight has no negative and no multiple, which letters need",
                       where=projection.name, found=-loudest,
                       expected=f"at least {-WEIGHT_MAX}", hint=GRADED_NEEDED)
    largest = WEIGHT_MAX // loudest
    width = min((largest + 1).bit_length() - 1, EXPONENT_MAX)
    exponent = 0
    while value > largest:
        if value & (1 << width) - 1:
            yield _Digit(value & (1 << width) - 1, exponent)
        value >>= width
        exponent += width
    if exponent > room:
        raise FitError("a payload is too large for synapses that stand for it",
                       where=projection.name, found=f"a shift by {exponent}",
                       expected=f"at most {room}",
                       hint=NARROW_NEEDED)
    yield _Digit(value, exponent)


def _fraction_bits(
    network: Network, population: Population, letters: Mapping[str, Letters]
) -> int:
    """Bits by which the input of a population must be finer for no sum to round."""
    needed = max((_lost_bits(p) for p in network.projections_to(population.name)
                  if p.pre in letters), default=0)
    if not needed:
        return 0
    free = population.name in fractions_free(network)
    room = population.model.input_shift if free and _keeps_fractions(population) else 0
    if needed > room:
        raise FitError(
            "a right shift rounds the sum of all payloads, which plain spikes do not have",
            where=population.name, found=f"{needed} bits",
            expected=f"at most {room}", hint=NARROW_NEEDED if network.parts else GRADED_NEEDED)
    return needed


def _keeps_fractions(population: Population) -> bool:
    """Whether its input may be aligned less, so that it keeps fractions."""
    return "input_shift" in population.model.parameters()


def _lost_bits(projection: Projection) -> int:
    """Bits of a weight that a right shift drops."""
    either = bits_of(projection.weights)
    zeros = (either & -either).bit_length() - 1 if either else INPUT_SHIFT
    return max(0, -projection.exponent - zeros)
