"""A layer that learns by the delta rule, as fast as its own errors say."""

from neuromorph.circuits.need.build import PROBES, build
from neuromorph.circuits.need.closed_form import Layer
from neuromorph.circuits.need.numbers import LEAST, PERIOD, SENT_MAX, Need
from neuromorph.circuits.need.timeline import Lesson, Read, read, stimulate

__all__ = ["LEAST", "PERIOD", "PROBES", "SENT_MAX", "Layer", "Lesson", "Need", "Read", "build",
           "read", "stimulate"]
