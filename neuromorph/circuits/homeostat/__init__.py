"""Neurons that keep their rate when what drives them drifts: a plastic threshold each."""

from neuromorph.circuits.homeostat.build import RULE, Homeostat, build, rule_of, target_train

__all__ = ["RULE", "Homeostat", "build", "rule_of", "target_train"]
