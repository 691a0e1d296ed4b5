"""What nengo-loihi's emulator cannot hold exactly, with the reason. Nothing here imports it."""

from __future__ import annotations

from collections.abc import Iterator

from neuromorph.network import CubaLIF, Network, Population, Projection
from neuromorph.network.bounds import ACCUMULATOR_MAX, input_range, payload_ranges
from neuromorph.numerics.limits import BIAS_EXP_MAX, BIAS_MANT_MAX, DECAY_UNITY
from neuromorph.numerics.synapse import bits_of

LOWEST_EXPONENT = -7
"""Of a synapse format, by nengo-loihi's own validation."""

_PROGRAMMABLE = "Loihi 1 has no programmable neurons, so no {kind}"


def reasons_against_neurons(network: Network) -> Iterator[str]:
    """Why no register holds some of its neurons, whatever reaches them."""
    for population in network.populations:
        yield from (f"{population.name}: {reason}" for reason in _against_population(population))


def reasons_against(network: Network) -> Iterator[str]:
    """All reasons why the emulator cannot hold a network of integers exactly."""
    yield from reasons_against_neurons(network)
    for projection in network.projections:
        yield from (f"{projection.name}: {reason}"
                    for reason in _against_projection(projection, network))
    ranges = payload_ranges(network)
    for population in filter(_is_stock, network.populations):
        low, high = input_range(network, population.name, ranges)
        # Added up in 32 bits, before the emulator looks for an overflow.
        if max(high.max(), -low.min()) << population.model.input_shift > ACCUMULATOR_MAX:
            yield (f"{population.name}: its synaptic input could exceed the 32 bits in which the "
                   "emulator adds up")


def _against_population(population: Population) -> Iterator[str]:
    model = population.model
    if isinstance(model, CubaLIF):
        yield from _against_neuron(model)
    elif not population.is_source:
        yield _PROGRAMMABLE.format(kind=model.kind)


def _is_stock(population: Population) -> bool:
    return isinstance(population.model, CubaLIF)


def _against_neuron(model: CubaLIF) -> Iterator[str]:
    if model.du < 1:
        yield ("no register for du = 0: its du counts one more than it says "
               "(1 to 4096 are possible)")
    if model.dv > DECAY_UNITY - 1:
        yield "no register for dv = 4096 (0 to 4095 are possible)"
    if model.vth < 1:
        yield "nengo-loihi has no threshold of 0"
    if model.bias_mant < -BIAS_MANT_MAX and model.bias_exp == BIAS_EXP_MAX:
        yield "nengo-loihi has no bias below -4095 * 2^7"


def _against_projection(projection: Projection, network: Network) -> Iterator[str]:
    if projection.rule is not None:
        yield "the only plasticity of nengo-loihi is PES; learning rules run on fast and on lava"
    if projection.delay:
        yield "the emulator has no delays beyond the one step that every synapse takes"
    exponent = network.synapse_exponent(projection)
    if exponent < LOWEST_EXPONENT:
        yield f"no synapse format has an exponent of {exponent} (-7 to 7 are possible)"
    step = 1 << max(-projection.exponent, 0)
    if bits_of(projection.weights) % step:
        yield (f"Loihi 1 shifts each weight, not the sum: with an exponent of "
               f"{projection.exponent} weights must be multiples of {step}")
