"""What NIR cannot say of a network, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from neuromorph.network import Network, Projection
from neuromorph.network.bounds import input_range, payload_ranges
from neuromorph.network.model import THIRD
from neuromorph.neurons import NeuronModel, Readout
from neuromorph.nir_export.roles import gives_potential, inputs, neurons, outputs, undriven
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.numerics.synapse import bits_of

Label: TypeAlias = Literal["faithful", "approximate", "refused"]


def why_not_nir(network: Network) -> str | None:
    """The reason why a network cannot be written at all, or None.

    Losses that leave the rest of the equations as they are do not count: see `lost_in_nir`.
    """
    for p in neurons(network):
        if p.model.leaky_floats(network.domain) is None:
            return f"NIR has no {p.model.kind}, and {p.name} is one"
    for projection in network.projections:
        if network.population(projection.pre).model.payload_bits and not projection.graded:
            return (f"{projection.name} counts every payload of {projection.pre} as 1, "
                    "which NIR cannot say")
    if not neurons(network):
        return "it has no neurons"
    names = [p.name for p in network.populations] + [p.name for p in network.projections]
    wrong = next((name for name in names if "/" in name or name in (".", "..")), None)
    return f"{wrong!r} cannot be a name in a NIR file" if wrong else None


def lost_in_nir(network: Network, dt: float) -> tuple[str, ...]:
    """Everything that a reader of the file will not know, or must assume; one sentence each.

    Parameters
    ----------
    network : Network
        One that `why_not_nir` has nothing against.
    dt : float
        Length of a step in seconds.
    """
    return (*_time(network, dt), *_integers(network), *_ends(network), *_learning(network))


def label_in_nir(network: Network) -> Label:
    """How near a NIR file comes to a network: it is refused, approximate, or faithful.

    Faithful is a network of floats that learns nothing: forward Euler gives its spikes. Integers
    wrap, saturate and truncate, which floats do not.
    """
    if why_not_nir(network):
        return "refused"
    return "approximate" if (*_integers(network), *_learning(network)) else "faithful"


def _time(network: Network, dt: float) -> Iterator[str]:
    yield (f"NIR has continuous time and no step: forward Euler with dt = {dt:g} s, the current "
           "before the potential, gives our steps; a decay of exp(-dt/tau) does not.")
    if network.projections:
        yield ("The step that every synapse takes is part of its Delay node; a simulator that "
               "adds a step to loops adds it once more.")
    if network.schedule is not None:
        phases = ", ".join(p.name for p in network.schedule.phases) or "none"
        yield (f"The schedule is lost: a period of {network.schedule.period} steps, "
               f"phases: {phases}.")


def _integers(network: Network) -> Iterator[str]:
    if network.domain != "fixed":
        return
    yield ("Integers are written as floats: currents no longer wrap at 24 bits, potentials no "
           "longer saturate, weights have no width.")
    full = _may_fill(network)
    if full:
        yield (f"One step's input may fill the 24 bits of {', '.join(full)}: a circuit that is "
               "cleared by saturation, as latency attention is, does not work from this file.")
    fading = [p.name for p in neurons(network) if _truncates(p.model, network.domain)]
    if fading:
        yield (f"Decays truncate towards zero in {', '.join(fading)}; floats keep the fraction.")
    rounded = [p.name for p in network.projections if _rounds(p)]
    if rounded:
        yield (f"The right shift of the sums of {', '.join(rounded)} rounds down; here it is a "
               "factor of the weights, which does not round.")


def _may_fill(network: Network) -> list[str]:
    """The neurons that the widest payloads drive to the limit within a step."""
    ranges = payload_ranges(network)
    found = []
    for p in neurons(network):
        low, high = input_range(network, p.name, ranges)
        aligned = max((register.shift for register in p.model.registers(p.size)), default=0)
        if max(int(high.max()), -int(low.min())) << aligned > STATE_MAX:
            found.append(p.name)
    return found


def _truncates(model: NeuronModel, domain: str) -> bool:
    neuron = model.leaky_floats(domain)
    return neuron is not None and any(0 < decay < 1 for decay in (neuron.du, neuron.dv))


def _rounds(projection: Projection) -> bool:
    """Whether the shift loses bits of some weight, and so of the sum after its spike alone."""
    return projection.exponent < 0 and bool(
        bits_of(projection.weights) & ((1 << -projection.exponent) - 1))


def _ends(network: Network) -> Iterator[str]:
    for p in inputs(network):
        if p.model.payload_bits:
            yield (f"Input {p.name} takes graded spikes of {p.model.payload_bits} bits, signed; "
                   "NIR holds neither their width nor that they are spikes.")
    unused = [p.name for p in network.populations
              if p.is_source and p not in inputs(network)]
    if unused:
        yield f"Sources that feed no synapses are left out: {', '.join(unused)}."
    for p in undriven(network):
        yield (f"{p.name} is driven by its bias alone; NIR wants an Input before it, "
               f"{p.name}_input, which must stay silent.")
    for p in neurons(network):
        if not isinstance(p.model, Readout):
            continue
        if gives_potential(network, p):
            yield (f"Readout {p.name} is a leaky integrator that gives its potential: that it "
                   f"spikes above {p.model.vth:g} and then clears is lost.")
        else:
            yield f"Readout {p.name} is a neuron that gives its spikes, not its potential."
    yield ("A network says not what is read of it; the graph's outputs are "
           f"{', '.join(p.name for p in outputs(network))}.")


def _learning(network: Network) -> Iterator[str]:
    for projection in network.plastic:
        rule = projection.rule
        told = " and ".join(f"{name} = {text}" for name in ("dw", "dt")
                            if (text := getattr(rule, name)))
        third = [f"{y} from {name}"
                 for y, name in zip(THIRD, projection.modulators, strict=True) if name]
        with_third = f", with {', '.join(third)}" if third else ""
        yield (f"Projection {projection.name} learns ({told}{with_third}); here it keeps its "
               "first weights for ever.")
