"""The rules every network keeps. Called at every door and after every pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from neuromorph.errors import NetworkError, did_you_mean
from neuromorph.network.model import Network, Projection
from neuromorph.network.plasticity_rules import check_plasticity
from neuromorph.network.populations import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    Population,
    Readout,
    Relay,
    Source,
    parameters,
)
from neuromorph.numerics import limits


def verify(network: Network) -> Network:
    """Check a network and return it unchanged.

    Raises
    ------
    NetworkError
        For the first rule that is broken, naming the population or projection.
    """
    if network.domain not in ("fixed", "float"):
        raise NetworkError("unknown domain", where=network.name, found=network.domain,
                           expected="'fixed' or 'float'")
    if not network.populations:
        raise NetworkError("the network has no populations", where=network.name)
    _unique("population", (p.name for p in network.populations), network.name)
    _unique("projection", (p.name for p in network.projections), network.name)
    for population in network.populations:
        _check_population(population, network.domain)
    for projection in network.projections:
        _check_projection(projection, network)
    _check_reachable(network)
    return network


def _unique(what: str, names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or not name.isprintable():
            raise NetworkError(f"a {what} needs a printable name", where=where, found=repr(name))
        if name in seen:
            raise NetworkError(f"two {what}s have one name", where=where, found=name)
        seen.add(name)


def _check_population(population: Population, domain: str) -> None:
    if population.size < 1:
        raise NetworkError("a population needs at least one neuron", where=population.name,
                           found=population.size)
    for name, value in parameters(population.model).items():
        if not math.isfinite(value):
            raise NetworkError(f"{name} is not finite", where=population.name, found=value)
        if domain == "fixed" and value != int(value):
            raise NetworkError(f"{name} must be an integer in the fixed domain",
                               where=population.name, found=value)
    checker = _MODEL_RULES.get(type(population.model))
    if checker is None:
        raise NetworkError("unknown neuron model", where=population.name,
                           found=type(population.model).__name__)
    checker(population, domain)


def _within(population: Population, name: str, low: float, high: float) -> None:
    value = getattr(population.model, name)
    if not low <= value <= high:
        raise NetworkError(f"{name} is out of range", where=population.name, found=value,
                           expected=f"{low} to {high}")


def _check_source(population: Population, _: str) -> None:
    _within(population, "payload_bits", 0, limits.PAYLOAD_BITS)


def _check_lif(population: Population, domain: str) -> None:
    if domain == "float":
        _within(population, "du", 0, 1)
        _within(population, "dv", 0, 1)
        return
    _within(population, "du", 0, limits.DECAY_UNITY)
    _within(population, "dv", 0, limits.DECAY_UNITY)
    _within(population, "vth", 0, limits.VTH_MAX)
    _within(population, "bias_mant", -limits.BIAS_MANT_MAX - 1, limits.BIAS_MANT_MAX)
    _within(population, "bias_exp", 0, limits.BIAS_EXP_MAX)
    _within(population, "input_shift", 0, limits.INPUT_SHIFT)


def _check_readout(population: Population, domain: str) -> None:
    _within(population, "dv", 0, 1 if domain == "float" else limits.DECAY_UNITY)
    if domain == "fixed":
        _within(population, "vth", 0, limits.STATE_MAX - 1)


def _check_latency(population: Population, domain: str) -> None:
    if domain == "float":
        raise NetworkError("LatencyMatch has integer semantics only", where=population.name,
                           found="float domain", expected="fixed domain")
    _within(population, "vth", 0, limits.VTH_MAX)
    _within(population, "base", 1, 1 << (limits.PAYLOAD_BITS - 2))
    base = getattr(population.model, "base")  # noqa: B009 - the model is a LatencyMatch
    if base & (base - 1):
        raise NetworkError("base must be a power of two", where=population.name, found=base)
    _within(population, "span", 1, limits.STATE_MAX)
    _within(population, "gain", 1, limits.STATE_MAX)
    _within(population, "gain_shift", 0, 48)


def _check_astrocyte(population: Population, domain: str) -> None:
    _within(population, "dv", 0, 1 if domain == "float" else limits.DECAY_UNITY)
    _within(population, "gain_bits", 0, 16)
    if population.size < 2:
        raise NetworkError("an astrocyte needs its calcium and a unit besides",
                           where=population.name, found=population.size, expected="at least 2")


def _check_relay(population: Population, domain: str) -> None:
    _within(population, "shift", 0, 0 if domain == "float" else -limits.EXPONENT_MIN)


_MODEL_RULES: dict[type, Callable[[Population, str], None]] = {
    Source: _check_source,
    CubaLIF: _check_lif,
    Readout: _check_readout,
    LatencyMatch: _check_latency,
    Astrocyte: _check_astrocyte,
    Relay: _check_relay,
}


def _check_projection(projection: Projection, network: Network) -> None:
    sizes = {p.name: p.size for p in network.populations}
    for end in (projection.pre, projection.post):
        if end not in sizes:
            raise NetworkError("a projection ends at a population that does not exist",
                               where=projection.name, found=end, hint=did_you_mean(end, sizes))
    if isinstance(network.population(projection.post).model, Source):
        raise NetworkError("a source cannot receive synapses", where=projection.name,
                           found=projection.post)
    expected = (sizes[projection.post], sizes[projection.pre])
    if projection.weights.shape != expected:
        raise NetworkError("weights have the wrong shape", where=projection.name,
                           found=projection.weights.shape, expected=f"(post, pre) = {expected}")
    if projection.graded and not network.population(projection.pre).model.payload_bits:
        raise NetworkError("a graded projection starts at plain spikes", where=projection.name,
                           found=projection.pre, hint="give the source payload_bits")
    for name in ("delay", "exponent"):
        if not isinstance(getattr(projection, name), int | np.integer):
            raise NetworkError(f"{name} must be a whole number", where=projection.name,
                               found=getattr(projection, name))
    if not 0 <= projection.delay <= limits.DELAY_MAX:
        raise NetworkError("delay is out of range", where=projection.name,
                           found=projection.delay, expected=f"0 to {limits.DELAY_MAX}")
    _check_weights(projection, network)
    if projection.rule is not None or projection.modulated:
        check_plasticity(projection, network)


def _check_weights(projection: Projection, network: Network) -> None:
    w = projection.weights
    if not np.isfinite(w).all():
        raise NetworkError("weights hold NaN or infinity", where=projection.name)
    if network.domain == "float":
        if projection.exponent:
            raise NetworkError("an exponent has no meaning in the float domain",
                               where=projection.name, found=projection.exponent, expected=0)
        return
    if not np.issubdtype(w.dtype, np.integer):
        raise NetworkError("fixed-domain weights must be integers", where=projection.name,
                           found=w.dtype)
    exponent = network.synapse_exponent(projection)
    if not limits.EXPONENT_MIN <= exponent <= limits.EXPONENT_MAX:
        raise NetworkError("weight exponent is out of range", where=projection.name,
                           found=exponent,
                           expected=f"{limits.EXPONENT_MIN} to {limits.EXPONENT_MAX}")
    if w.min() < limits.WEIGHT_MIN or w.max() > limits.WEIGHT_MAX:
        raise NetworkError("a weight does not fit a synapse", where=projection.name,
                           found=f"{w.min()} to {w.max()}",
                           expected=f"{limits.WEIGHT_MIN} to {limits.WEIGHT_MAX}")
    if (w.min() < 0 < w.max() or w.min() == limits.WEIGHT_MIN) and (w & 1).any():
        raise NetworkError("mixed-sign weights must be even: the synapse drops the lowest bit",
                           where=projection.name, hint="store twice the value")


def _check_reachable(network: Network) -> None:
    reached = {p.name for p in network.populations
               if isinstance(p.model, Source)
               or (isinstance(p.model, CubaLIF) and p.model.bias_mant)}
    grew = True
    while grew:
        new = {p.post for p in network.projections if p.pre in reached} - reached
        reached |= new
        grew = bool(new)
    lost = [p.name for p in network.populations if p.name not in reached]
    if lost:
        raise NetworkError("a population can never be active: no source or bias reaches it",
                           where=network.name, found=", ".join(lost))
