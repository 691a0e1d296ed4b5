"""Continually learning prototypes: one-shot imprints, similarity by the time of the first spike.

The family is Intel's *Continually Learning Prototypes* (CLP): ``lava.proc.clp`` in Lava, its
tutorial, and its measurement on a Loihi 2 (Hajizada et al., arXiv 2511.01553).
"""

from neuromorph.circuits.prototypes.build import PrototypeMemory, build
from neuromorph.circuits.prototypes.closed_form import first_steps
from neuromorph.circuits.prototypes.codes import codes_of
from neuromorph.circuits.prototypes.host import NOBODY, Learned, Learner, vote
from neuromorph.circuits.prototypes.numbers import Prototypes
from neuromorph.circuits.prototypes.ports import inputs_of, outputs_of
from neuromorph.circuits.prototypes.read import Said, said
from neuromorph.circuits.prototypes.rules import LABEL_RULE
from neuromorph.circuits.prototypes.timeline import PROBES, Timeline

__all__ = ["LABEL_RULE", "NOBODY", "PROBES", "Learned", "Learner", "PrototypeMemory",
           "Prototypes", "Said", "Timeline", "build", "codes_of", "first_steps", "inputs_of",
           "outputs_of", "said", "vote"]
