"""The numbers of a layer of binary synapses with hidden fields, and its clock."""

from __future__ import annotations

from dataclasses import dataclass

from neuromorph.errors import UsageError

ASK_AT, TEACH_AT = 0, 1
"""The features ask; a step later they come again, with the lesson."""

PERIOD = 3
"""Steps a sample: in the last one the weights follow the fields."""

SUM_AT = 1
"""When the neurons say what the features of `ASK_AT` bring."""

FEATURES_MAX = 1 << 15
CLASSES_MAX = 1 << 12


@dataclass(frozen=True)
class HiddenField:
    """A layer of neurons, each with a binary synapse for each feature.

    Attributes
    ----------
    features : int
        Axons, 1 to 32768.
    neurons : int
        1 to 4096.
    exponent : int
        Weights are -2^exponent and 2^exponent, 1 to 7.
    gated : bool
        Whether a field moves less the more certain it is.

    Raises
    ------
    UsageError
        Naming the number that is out of range.
    """

    features: int
    neurons: int
    exponent: int = 1
    gated: bool = True

    def __post_init__(self) -> None:
        for name, most in (("features", FEATURES_MAX), ("neurons", CLASSES_MAX), ("exponent", 7)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise UsageError(f"no such number of {name}" if name != "exponent" else
                                 "no such exponent of binary weights", where="hidden field",
                                 found=repr(value), expected=f"1 to {most}")

    @property
    def weight(self) -> int:
        """Magnitude of all weights."""
        return 1 << self.exponent
