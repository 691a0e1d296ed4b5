"""The gated delta rule as a plastic memory: it fades, forgets along a key, and writes a value.

The rule of Gated DeltaNet (Yang, Kautz and Hatamizadeh, arXiv 2412.06464), of which linear
attention with decay is the case that forgets along no key.
"""

from neuromorph.circuits.gated_delta.build import build
from neuromorph.circuits.gated_delta.clock import PERIOD
from neuromorph.circuits.gated_delta.closed_form import Remembered, remember
from neuromorph.circuits.gated_delta.codes import Codes
from neuromorph.circuits.gated_delta.numbers import (
    ANSWER_SHIFT,
    KEY_LIMIT,
    KEYS_MAX,
    WHOLE_KEY,
    GatedDelta,
    Rounding,
)
from neuromorph.circuits.gated_delta.ports import READ_LIMIT, VALUE_LIMIT, inputs_of, outputs_of
from neuromorph.circuits.gated_delta.rules import write_rule
from neuromorph.circuits.gated_delta.timeline import PROBES, read, stimulate

__all__ = [
    "ANSWER_SHIFT",
    "KEYS_MAX",
    "KEY_LIMIT",
    "PERIOD",
    "PROBES",
    "READ_LIMIT",
    "VALUE_LIMIT",
    "WHOLE_KEY",
    "Codes",
    "GatedDelta",
    "Remembered",
    "Rounding",
    "build",
    "inputs_of",
    "outputs_of",
    "read",
    "remember",
    "stimulate",
    "write_rule",
]
