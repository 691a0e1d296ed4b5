"""A neuron model as a short chain of NIR nodes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UnsupportedError
from neuromorph.network import CubaLIF, Population, Readout
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_SHIFT


class FloatLIF(NamedTuple):
    """u' = u(1 - du) + a_in; v' = v(1 - dv) + u' + bias; spike = v' > vth, then v' = 0."""

    du: float
    dv: float
    vth: float
    bias: float


def in_floats(model: CubaLIF | Readout, domain: str) -> FloatLIF:
    """The float neuron of the same equations; integers come to the scale of the input.

    ::

        du / 4096    dv / 4096    64 vth / 2^input_shift    (bias_mant << bias_exp) / 2^input_shift

    Every one of these divisions is exact. A readout is a neuron whose current is its input.
    """
    unity = DECAY_UNITY if domain == "fixed" else 1
    if isinstance(model, Readout):
        return FloatLIF(1.0, model.dv / unity, float(model.vth), 0.0)
    vth, bias = model.vth, model.bias_mant
    if domain == "fixed":
        unit = 1 << model.input_shift
        vth = (int(vth) << INPUT_SHIFT) / unit
        bias = (int(bias) << model.bias_exp) / unit
    return FloatLIF(model.du / unity, model.dv / unity, float(vth), float(bias))


def neuron_nodes(
    nir: Any, population: Population, domain: str, *, dt: float, spiking: bool
) -> dict[str, Any]:
    """The nodes of a population by name, in the order of the chain; the last has its name.

    Parameters
    ----------
    nir : module
    population : Population
        Of CubaLIF or Readout neurons.
    domain : str
    dt : float
        Length of a step in seconds.
    spiking : bool
        Whether the last node sends spikes; if not, its potential.

    Raises
    ------
    UnsupportedError
        If a decay or the step is so small that its inverse is no float.
    """
    model = population.model
    if not isinstance(model, CubaLIF | Readout):
        raise UnsupportedError(f"NIR has no {model.kind}", where=population.name)
    return _Nodes(nir, population, dt).chain(in_floats(model, domain), spiking)


class _Nodes:
    """NIR's constructors, with one value for all neurons of a population."""

    def __init__(self, nir: Any, population: Population, dt: float) -> None:
        self.nir, self.population, self.dt = nir, population, dt

    def chain(self, neuron: FloatLIF, spiking: bool) -> dict[str, Any]:
        name = self.population.name
        if 0 < neuron.du < 1 and neuron.dv:
            return {name: self.cuba(neuron)}
        nodes = {}
        if neuron.du < 1:
            nodes[f"{name}_current"] = self.integrator(neuron.du)
        if neuron.bias and not neuron.dv:
            nodes[f"{name}_bias"] = self.nir.Affine(weight=np.eye(self.population.size),
                                                    bias=self.all(neuron.bias))
        if not spiking:
            return {**nodes, name: self.integrator(neuron.dv)}
        return {**nodes, name: self.leaky(neuron) if neuron.dv else self.perfect(neuron)}

    def all(self, value: float) -> NDArray[np.float64]:
        if not math.isfinite(value):
            raise UnsupportedError("a decay or the step is too small for NIR's constants",
                                   where=self.population.name)
        return np.full(self.population.size, value, np.float64)

    def cuba(self, neuron: FloatLIF) -> Any:
        return self.nir.CubaLIF(tau_syn=self.all(self.dt / neuron.du), w_in=self.all(1 / neuron.du),
                                **self.membrane(neuron), **self.threshold(neuron),
                                tau_mem=self.all(self.dt / neuron.dv))

    def leaky(self, neuron: FloatLIF) -> Any:
        return self.nir.LIF(tau=self.all(self.dt / neuron.dv), **self.membrane(neuron),
                            **self.threshold(neuron))

    def perfect(self, neuron: FloatLIF) -> Any:
        return self.nir.IF(r=self.all(1 / self.dt), **self.threshold(neuron))

    def integrator(self, decay: float) -> Any:
        """x' = x(1 - decay) + input."""
        if not decay:
            return self.nir.I(r=self.all(1 / self.dt))
        return self.nir.LI(tau=self.all(self.dt / decay), r=self.all(1 / decay),
                           v_leak=self.all(0.0))

    def membrane(self, neuron: FloatLIF) -> dict[str, NDArray[np.float64]]:
        return {"r": self.all(1 / neuron.dv), "v_leak": self.all(neuron.bias / neuron.dv)}

    def threshold(self, neuron: FloatLIF) -> dict[str, NDArray[np.float64]]:
        return {"v_threshold": self.all(neuron.vth), "v_reset": self.all(0.0)}
