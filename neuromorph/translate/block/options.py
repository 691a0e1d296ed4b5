"""What a person may choose about the translation of a block."""

from __future__ import annotations

from dataclasses import dataclass, field

from neuromorph.errors import UsageError
from neuromorph.translate.options import TranslateOptions


@dataclass(frozen=True)
class BlockOptions:
    """How a trained block becomes integers.

    Attributes
    ----------
    attention : TranslateOptions
        Of its heads; ``slots`` are the tokens that they remember. For Loihi 2.
    room : float
        How much larger than on calibration text a number may be before it saturates: of the
        stream, of queries, keys and values, of gate and up.
    fold : float
        Each hidden neuron's number is divided by its root mean square to this power, and the
        weight behind it multiplied: 0 leaves them alone.
    compensate : bool
        Whether weights are rounded so that they make up for each other on calibration text.
    correct : bool
        Whether each row's mean error on calibration text is taken away by its bias.
    payload : float, optional
        Root mean square of a norm's payloads; the largest that is proved, if left out.
    turns : int, optional
        Parts in which W_o adds up contexts; as few as are proved, if left out.
    """

    attention: TranslateOptions = field(default_factory=TranslateOptions)
    room: float = 2.0
    fold: float = 0.25
    compensate: bool = True
    correct: bool = True
    payload: float | None = None
    turns: int | None = None

    def __post_init__(self) -> None:
        if self.attention.neurons_per_key > 1 or self.attention.pause:
            raise UsageError("a block writes one match neuron a slot, and knows no late flush",
                             where="block options",
                             found=f"neurons_per_key = {self.attention.neurons_per_key}, "
                             f"a pause of {self.attention.pause}", expected="1 and none",
                             hint="a block's value sides code one value a slot, not two parts of "
                             "it, and its contexts are sent before a late flush; half steps by a "
                             "ramp of twice the steps it knows: half the step_nats (at the command "
                             "line --prefer cores)")
        if min(self.attention.key_bits, self.attention.value_bits) < 8:
            raise UsageError("a block's synapses of keys and values learn, in full width",
                             where="block options", found=f"key_bits = {self.attention.key_bits}, "
                             f"value_bits = {self.attention.value_bits}", expected="8 and 8")
        if self.attention.target != "loihi2":
            raise UsageError("a block's neurons are programmable, as Loihi 2's are",
                             where="block options", found=self.attention.target,
                             expected="loihi2")
        for name, value, low, high in (
                ("room", self.room, 1.0, 16.0), ("fold", self.fold, 0.0, 1.0),
                ("payload", self.payload or 16.0, 1.0, 2.0**15), ("turns", self.turns or 1, 1, 64)):
            if not low <= value <= high:
                raise UsageError(f"{name} is out of range", where="block options", found=value,
                                 expected=f"{low:g} to {high:g}")
