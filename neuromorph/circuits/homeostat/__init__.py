"""Neurons that keep their rate, or channels their mean and spread, when what drives them drifts."""

from neuromorph.circuits.homeostat.build import RULE, Homeostat, build, rule_of, target_train
from neuromorph.circuits.homeostat.channels import (
    Channels,
    build_channels,
    channel_trains,
    followed,
)

__all__ = [
    "RULE",
    "Channels",
    "Homeostat",
    "build",
    "build_channels",
    "channel_trains",
    "followed",
    "rule_of",
    "target_train",
]
