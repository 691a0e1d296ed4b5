"""The network IR: what the circuits build, what every backend runs."""

from neuromorph.learning import LearningRule
from neuromorph.network.compose import nest, parallel, rename, wire
from neuromorph.network.feed import Feed, fed
from neuromorph.network.model import Domain, Network, Phase, Probe, Projection, Schedule
from neuromorph.network.parse import parse_network, parse_networks
from neuromorph.network.parts import Circuit, Part, circuit
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port
from neuromorph.network.schedules import later
from neuromorph.network.text import arrays_of, to_text
from neuromorph.network.verify import verify
from neuromorph.neurons import Astrocyte, CubaLIF, LatencyMatch, Readout, Relay, Source

__all__ = [
    "Astrocyte",
    "Circuit",
    "CubaLIF",
    "Domain",
    "Feed",
    "LatencyMatch",
    "LearningRule",
    "Network",
    "Part",
    "Phase",
    "Population",
    "Port",
    "Probe",
    "Projection",
    "Readout",
    "Relay",
    "Schedule",
    "Source",
    "arrays_of",
    "circuit",
    "fed",
    "later",
    "nest",
    "parallel",
    "rename",
    "parse_network",
    "parse_networks",
    "to_text",
    "verify",
    "wire",
]
