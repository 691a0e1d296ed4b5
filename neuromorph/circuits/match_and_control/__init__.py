"""Match-and-control: a neuron finds the axon that fires in step with it, and follows it."""

from neuromorph.circuits.match_and_control.build import build
from neuromorph.circuits.match_and_control.episode import PROBES, Episode, stimulate
from neuromorph.circuits.match_and_control.ports import inputs_of, outputs_of
from neuromorph.circuits.match_and_control.read import Control, read

__all__ = ["PROBES", "Control", "Episode", "build", "inputs_of", "outputs_of", "read",
           "stimulate"]
