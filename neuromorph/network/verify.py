"""The rules every network keeps. Called at every door and after every pass."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from neuromorph.errors import NetworkError, did_you_mean
from neuromorph.network.model import Network, Projection
from neuromorph.network.plasticity_rules import check_plasticity, check_third_factors
from neuromorph.network.populations import Population
from neuromorph.network.port_rules import check_ports, check_schedule
from neuromorph.network.reach import reached
from neuromorph.neurons import registered
from neuromorph.numerics import limits
from neuromorph.numerics.held import remembered
from neuromorph.numerics.synapse import extent


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
    for ports in (network.inputs, network.outputs):
        _unique("port", (port.name for port in ports), network.name)
    for population in network.populations:
        _check_population(population, network.domain)
    for projection in network.projections:
        _check_projection(projection, network)
    check_schedule(network)
    check_third_factors(network)
    _check_reachable(network)
    check_ports(network)
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
    registered(population.model, population.name).check(population.name, population.size, domain)


def _check_projection(projection: Projection, network: Network) -> None:
    if not isinstance(projection.weights, np.ndarray) or isinstance(
            projection.weights, np.ma.MaskedArray):
        raise NetworkError("weights must be an array", where=projection.name,
                           found=type(projection.weights).__name__,
                           expected="shape (post, pre)", hint="numpy.array(weights)")
    known = network.by_name
    for end in (projection.pre, projection.post):
        if end not in known:
            raise NetworkError("a projection ends at a population that does not exist",
                               where=projection.name, found=end, hint=did_you_mean(end, known))
    _check_port(projection, network.population(projection.post))
    expected = (known[projection.post].size, known[projection.pre].size)
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


def _check_port(projection: Projection, post: Population) -> None:
    ports = post.model.ports
    if not ports:
        raise NetworkError(f"a {post.model.kind.lower()} cannot receive synapses",
                           where=projection.name, found=projection.post)
    if projection.port not in ports:
        raise NetworkError(f"a {post.model.kind} has no such port", where=projection.name,
                           found=projection.port, expected=" or ".join(ports),
                           hint=did_you_mean(str(projection.port), ports))


def _check_weights(projection: Projection, network: Network) -> None:
    w = projection.weights
    if w.dtype.kind in "fc" and not np.isfinite(w).all():
        raise NetworkError("weights hold NaN or infinity", where=projection.name)
    if network.domain == "float":
        if w.dtype.kind not in "iufb":
            raise NetworkError("weights must be real numbers", where=projection.name,
                               found=w.dtype)
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
    low, high, bits = remembered(extent, w, "extent")
    if low < limits.WEIGHT_MIN or high > limits.WEIGHT_MAX:
        raise NetworkError("a weight does not fit a synapse", where=projection.name,
                           found=f"{low} to {high}",
                           expected=f"{limits.WEIGHT_MIN} to {limits.WEIGHT_MAX}")
    if (low < 0 < high or low == limits.WEIGHT_MIN) and bits & 1:
        raise NetworkError("mixed-sign weights must be even: the synapse drops the lowest bit",
                           where=projection.name, hint="store twice the value")


def _check_reachable(network: Network) -> None:
    active = reached((p.name for p in network.populations if p.model.self_driven),
                     ((p.pre, p.post) for p in network.projections))
    lost = [p.name for p in network.populations if p.name not in active]
    if lost:
        raise NetworkError("a population can never be active: no source or bias reaches it",
                           where=network.name, found=", ".join(lost))
