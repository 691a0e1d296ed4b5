"""A gate before a head: which keys a cheap guess of their logits opens, the others stay silent."""

from neuromorph.circuits.key_gate.build import KeyGate, build
from neuromorph.circuits.key_gate.closed_form import gate_steps, groups_open, open_gates
from neuromorph.circuits.key_gate.stimulus import read, stimulate

__all__ = ["KeyGate", "build", "gate_steps", "groups_open", "open_gates", "read", "stimulate"]
