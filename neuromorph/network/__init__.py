"""The network IR: what the circuits build, what every backend runs."""

from neuromorph.learning import LearningRule
from neuromorph.network.block_masks import Blocks, blocks
from neuromorph.network.compose import nest, parallel, rename, wire
from neuromorph.network.feed import Feed, fed
from neuromorph.network.model import Domain, Network, Phase, Probe, Projection, Schedule
from neuromorph.network.parse import parse_network, parse_networks
from neuromorph.network.parts import Circuit, Part, circuit
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port
from neuromorph.network.regrow import cofiring, prune_regrow
from neuromorph.network.schedules import later
from neuromorph.network.text import arrays_of, to_text
from neuromorph.network.verify import verify
from neuromorph.neurons import Astrocyte, CubaLIF, LatencyMatch, Readout, Relay, Source

__all__ = [
    "Astrocyte",
    "Blocks",
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
    "blocks",
    "circuit",
    "cofiring",
    "fed",
    "later",
    "nest",
    "parallel",
    "parse_network",
    "parse_networks",
    "prune_regrow",
    "rename",
    "to_text",
    "verify",
    "wire",
]
