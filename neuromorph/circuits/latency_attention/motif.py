"""The integer parameters of one latency-attention head, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from neuromorph.circuits.latency_attention.curve import rises
from neuromorph.numerics.limits import (
    INPUT_BITS,
    INPUT_MAX,
    INPUT_SHIFT,
    STATE_MAX,
    SYNAPSE_MAX,
)

SpikeKind: TypeAlias = Literal["binary", "graded"]

CLEAR = INPUT_MAX - 1023
"""Size of one clearing injection where the input has 24 bits: with room for a rounded lift."""

FLOOR = -INPUT_MAX - 1
"""Where the potential saturates, rounded down to a whole unit."""

FINEST_SHIFT = INPUT_SHIFT + 1
"""Right shift of a score that loses no bit where weights are even and inputs keep fractions."""

FLUSH_AGE = 2
"""Steps between reading a query and the flush for the next, at the least."""


@dataclass(frozen=True)
class LatencyAttention:
    """One attention head as spike times, in integers.

    With a = ((-2 k.q) >> key_shift) - bias the synaptic input of a query, slot i's match neuron
    starts at ``start + a_i``, climbs ``ramp`` a step and fires at step

        n_i = clip(ceil((threshold - start - a_i) / ramp), 0, window),   start = score_bound

    after the query; one that is due at ``window`` or later is forced by the go pulse. Values
    arrive one step later and lose ``control_decay`` / 4096 a step, so at the last spike of a
    query every value counts ``keep^(n_last - n_i)``. A graded spike carries the rest of its
    logit; one at step 0 says how far below the window its key lies.
    All potentials are in units of synaptic input (64 units of v).

    Attributes
    ----------
    slots, key_size, value_size : int
        Context length, key and value dimensions.
    spikes : {"binary", "graded"}
        Plain spikes and stock neurons, or payloads that carry the overshoot.
    key_shift : int
        Right shift of the score, 0 to 8.
    ramp : int
        Units of potential a step, which stand for ``-log(keep)`` nats.
    window : int
        Steps after a query's arrival until the go pulse.
    score_bound : int
        No score leaves [-score_bound, score_bound]; also the start potential.
    latest : int
        The score -a that is due at step ``window``; better ones are forced.
    query_limit, key_limit, value_limit : int
        Largest magnitudes of the integer codes.
    value_shift : int
        Right shift of the values' summed input (graded only).
    control_decay : int
        Decay of control and normaliser, of 4096.
    unit : int
        What the normaliser receives for one spike.
    payload_base : int
        Payload of a spike one whole step past threshold (graded only).
    input_bits : {24, 22}
        Width of a step's synaptic input. The narrow one of Loihi 1 takes more steps to clear
        and lift, and control neurons whose input keeps fractions of a unit.
    bias_limit : int
        Largest magnitude of what a query may add to each slot's score, in the ramp's units; 0 for
        a head without an input for it.
    neurons_per_key : {1, 2}
        Match neurons of a slot. Two stand half a step apart and share its value; see `pair`.
    pause : int
        Steps after step 0 in which nobody fires, at whose end control and normaliser forget what
        step 0 sent, unless all is said by then; 0 if they never do.
    fine : int
        Bits of a unit's fraction that control and normaliser keep, 0 to 6; for Loihi 1 always 6.
    slope : int
        What a slot's score loses with each slot between it and the last that a query sees, in
        2^-16 of a unit; 0 for none. It comes by block, within ``bias_limit``; see `slope`.
    block : int
        Slots of a block.
    near : int
        What the last slot that a query sees gains over those far away, in units.
    cap : int
        Units at which the model's logits are softly capped, for a ramp that is curved as that
        asks; 0 for a straight one. Binary spikes, one neuron a key, no bias; see `curve`.
    cap_from, cap_step : int
        Where the curve begins, and what a step climbs, in 2^-16 of the cap.
    """

    slots: int
    key_size: int
    value_size: int
    spikes: SpikeKind
    key_shift: int
    ramp: int
    window: int
    score_bound: int
    latest: int
    query_limit: int
    key_limit: int
    value_limit: int
    value_shift: int
    control_decay: int
    unit: int
    payload_base: int = 128
    input_bits: int = INPUT_BITS
    bias_limit: int = 0
    neurons_per_key: int = 1
    pause: int = 0
    fine: int = 0
    slope: int = 0
    block: int = 1
    near: int = 0
    cap: int = 0
    cap_from: int = 0
    cap_step: int = 0

    @property
    def graded(self) -> bool:
        """Whether match spikes carry payloads."""
        return self.spikes == "graded"

    @property
    def input_max(self) -> int:
        """Largest synaptic input of one step."""
        return INPUT_MAX if self.input_bits == INPUT_BITS else SYNAPSE_MAX

    @property
    def clear(self) -> int:
        """Size of one clearing injection, of one whole lift and of a slot's mask."""
        return min(CLEAR, self.input_max)

    @property
    def clears(self) -> int:
        """Clearing injections that bring every potential to the floor."""
        return -((FLOOR - self.threshold) // self.clear)

    @property
    def lifts(self) -> int:
        """Whole lifts from the floor, before the last, which arrives with the query."""
        return -FLOOR // self.clear

    @property
    def go(self) -> int:
        """Injection that makes every unfired neuron fire, whatever its score."""
        return self.score_bound - self.latest + self.ramp

    @property
    def threshold(self) -> int:
        """Firing threshold: just out of reach of a neuron that has fired already."""
        climbs = self.ramp * (self.window - 1 - self.pause)
        if self.cap:
            climbs = int(rises(self).sum())
        return climbs + self.go

    @property
    def matches(self) -> int:
        """Match neurons: the first of every slot, then the second."""
        return self.slots * self.neurons_per_key

    @property
    def ahead(self) -> int:
        """Units by which the first match neuron of a slot starts ahead of the second."""
        return self.ramp // 2 if self.neurons_per_key > 1 else 0

    @property
    def forget_at(self) -> int:
        """Step of a period at which the flush after a pause is sent."""
        return self.arrival + self.pause

    @property
    def lift(self) -> int:
        """What is left of the lift from the floor, which arrives with the query."""
        return self.score_bound - FLOOR - self.lifts * self.clear

    @property
    def query_at(self) -> int:
        """Step of a period at which its query is sent."""
        return self.clears + self.lifts

    @property
    def arrival(self) -> int:
        """Step of a period at which its query arrives: the window begins."""
        return self.query_at + 1

    @property
    def period(self) -> int:
        """Steps from one query to the next."""
        return self.window + self.arrival

    @property
    def first_due(self) -> int:
        """Climb, in units, that a score of 0 needs: n = ceil((first_due - a) / ramp)."""
        return self.threshold - self.score_bound

    @property
    def payload_step(self) -> int:
        """One ramp step in units of v."""
        return self.ramp << INPUT_SHIFT

    @property
    def payload_span(self) -> int:
        """Overshoot, in units of v, at which a payload has faded to 1 or v saturates."""
        faded = self.payload_step * (2 * self.payload_base).bit_length()
        return min(STATE_MAX - (self.threshold << INPUT_SHIFT), faded)

    @property
    def payload_gain_shift(self) -> int:
        """Shift that leaves the payload's gain 12 bits."""
        return max(0, 12 + self.payload_step.bit_length() - self.payload_base.bit_length())

    @property
    def payload_gain(self) -> int:
        """Floor(payload_base / payload_step * 2^payload_gain_shift): no spike seems a step late."""
        return (self.payload_base << self.payload_gain_shift) // self.payload_step

    @property
    def control_shift(self) -> int:
        """How far the readers' synaptic input is shifted up to their potential."""
        return INPUT_SHIFT - self.fine if self.input_bits == INPUT_BITS else 0

    @property
    def control_bound(self) -> int:
        """Largest |control| or normaliser, in units of the readers' synaptic input."""
        return self.slots * max(2 * self.value_limit, self.unit) * self._loudest >> self.value_shift

    @property
    def control_threshold(self) -> int:
        """Control neurons never reach it by themselves; the flush always passes it."""
        return (self.control_bound >> INPUT_SHIFT - self.control_shift) + self.slots

    @property
    def flush(self) -> int:
        """The largest input a control neuron takes: it makes every one fire, and so forget."""
        return STATE_MAX if self.graded else self.input_max

    @property
    def _loudest(self) -> int:
        return 2 * self.payload_base if self.graded else 1
