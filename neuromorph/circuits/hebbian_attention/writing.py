"""How a token is written: what is sent in which step, and the proof that it overflows nothing."""

from __future__ import annotations

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.motif import CLEAR, FLUSH_AGE
from neuromorph.errors import RangeProofError
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_BITS, INPUT_MAX, INPUT_SHIFT

WRITE_STEPS = 7
"""Steps that writing a token takes, before its query, where a slot has one neuron."""

KEY_AT, HOLD_AT, LIFT_AT, FIRE_AT, LEARN_AT = 2, 3, 4, 5, 6
"""Steps of a write: key, floor again, two lifts of the slot, and its spike, which both learn."""

CLEAR_AT = (0, 1, HOLD_AT)
"""Steps of a write in which every match neuron goes to the floor."""


def write_steps(head: LatencyAttention) -> int:
    """Steps that writing a token takes: each neuron of a slot learns its part in its own step."""
    return WRITE_STEPS + head.neurons_per_key - 1


def prove_writes(head: LatencyAttention) -> LatencyAttention:
    """Show that a write overflows nothing and leaves no trace but its weights.

    Raises
    ------
    RangeProofError
        Naming the first bound that fails.
    """
    if head.input_bits != INPUT_BITS:
        raise RangeProofError("a write needs a synaptic input as wide as u",
                              where="hebbian attention", found=f"{head.input_bits} bits",
                              expected=f"{INPUT_BITS} bits",
                              hint="export for Loihi 2, or take a static memory")
    axon = 2 * head.key_limit
    key_input = head.key_size * (axon * axon + axon) >> head.key_shift
    kept = (DECAY_UNITY - head.control_decay) / DECAY_UNITY
    one_write = -(-head.control_bound // (head.slots << INPUT_SHIFT - head.control_shift))
    steps = write_steps(head)
    left_over = int(head.control_threshold * kept ** (FLUSH_AGE + steps)) + 1 + one_write
    rules = (
        ("a write clears in two steps", head.clears, 2),
        ("a key on its axons lifts the potential off the floor", key_input, CLEAR),
        ("the write cannot make a slot fire in two steps", lift_to_fire(head), INPUT_MAX),
        ("the flush does not clear what a write leaves in control",
         head.control_threshold + left_over, head.flush - 1),
    )
    for what, found, limit in rules:
        if found > limit:
            raise RangeProofError(what, where="hebbian attention", found=found,
                                  expected=f"at most {limit}",
                                  hint="smaller code limits or a coarser key shift")
    return head


def lift_to_fire(head: LatencyAttention) -> int:
    """Second injection of a write: from the floor plus `CLEAR` to just past the threshold."""
    return head.threshold + (INPUT_MAX + 1 - CLEAR) + 1
