"""Neuron models, one file each: what a model is, for every part of the house.

A file here is a model of the house as soon as it registers one; nothing else lists them.
"""

import importlib
import pkgutil

from neuromorph.neurons.astrocyte import Astrocyte
from neuromorph.neurons.contract import NeuronModel
from neuromorph.neurons.cuba_lif import CubaLIF
from neuromorph.neurons.latency_match import LatencyMatch
from neuromorph.neurons.readout import Readout
from neuromorph.neurons.registry import models, register, registered
from neuromorph.neurons.relay import Relay
from neuromorph.neurons.source import Source

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "Astrocyte",
    "CubaLIF",
    "LatencyMatch",
    "NeuronModel",
    "Readout",
    "Relay",
    "Source",
    "models",
    "register",
    "registered",
]
