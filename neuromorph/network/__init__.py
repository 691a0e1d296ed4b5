"""The network IR: what the circuits build, what every backend runs."""

from neuromorph.learning import LearningRule
from neuromorph.network.model import Domain, Network, Phase, Probe, Projection, Schedule
from neuromorph.network.populations import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    Population,
    Readout,
    Relay,
    Source,
)
from neuromorph.network.text import to_text
from neuromorph.network.verify import verify

__all__ = [
    "Astrocyte",
    "CubaLIF",
    "Domain",
    "LatencyMatch",
    "LearningRule",
    "Network",
    "Phase",
    "Population",
    "Probe",
    "Projection",
    "Readout",
    "Relay",
    "Schedule",
    "Source",
    "to_text",
    "verify",
]
