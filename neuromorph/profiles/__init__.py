"""Hardware profiles: what a chip or a board can do, each number with its source."""

from neuromorph.profiles.costs import Energy, Latency, Power
from neuromorph.profiles.load import load_profile, profile_names
from neuromorph.profiles.profile import Family, Profile
from neuromorph.profiles.quantity import Confidence, Quantity
from neuromorph.profiles.sections import Board, Chip, Core, Learning, Neuron, Synapse

__all__ = [
    "load_profile", "profile_names", "Profile", "Quantity", "Confidence", "Family",
    "Board", "Chip", "Core", "Neuron", "Synapse", "Learning", "Energy", "Latency", "Power",
]
