"""Binary synapses with a hidden field: the tag is the field, the weight its sign."""

from neuromorph.circuits.hidden_field.build import PROBES, build
from neuromorph.circuits.hidden_field.closed_form import Synapses
from neuromorph.circuits.hidden_field.numbers import PERIOD, HiddenField
from neuromorph.circuits.hidden_field.rules import (
    FIELD_MAX,
    TEACH_MAX,
    TEACH_UNIT,
    WALL,
    field_rule,
)
from neuromorph.circuits.hidden_field.timeline import Lesson, read, stimulate

__all__ = ["FIELD_MAX", "PERIOD", "PROBES", "TEACH_MAX", "TEACH_UNIT", "WALL", "HiddenField",
           "Lesson", "Synapses", "build", "field_rule", "read", "stimulate"]
