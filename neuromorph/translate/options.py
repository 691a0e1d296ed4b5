"""What a person may choose about the translation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from neuromorph.circuits.latency_attention import SpikeKind
from neuromorph.dynamics.mass_mask import check_share
from neuromorph.errors import UsageError
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_BITS, NARROW_INPUT_BITS

Target: TypeAlias = Literal["loihi2", "loihi1"]

WINDOW_NATS = (1.0, 30.0)
"""What a window may reach below a weak query's best match."""

STEP_NATS = 0.01, 2.0
"""Finest and coarsest step."""

PAYLOAD_OCTAVES = 5
"""Octaves that an early spike's payload is trusted with, of the 8 it has."""


@dataclass(frozen=True)
class TranslateOptions:
    """How trained attention becomes spikes.

    Attributes
    ----------
    spikes : {"graded", "binary"}
        Payloads that carry the overshoot, or stock neurons with plain spikes.
    step_nats : float
        Nats of attention logit that one time step stands for.
    window_nats : float
        How far below a weak query's best match keys are still told apart. What lies lower
        counts as if it lay there. Graded payloads cover the last octaves without steps.
    margin_nats : float
        How far above the best match that calibration saw the window reaches.
    headroom : float
        Code ranges are this much wider than calibration saw.
    low_quantile : float
        Share of calibration queries whose best match is weaker than the weak query's.
    slots : int, optional
        Longest context, which the accumulators are dimensioned for; what the model and the
        samples need if left out.
    target : {"loihi2", "loihi1"}
        Whose registers to fit. Loihi 1 has plain spikes only, and a step's synaptic input of
        22 bits; there every bit of a query is a copy of the keys' synapses.
    query_bits : int, optional
        Width of a query code with its sign, 2 to 8; 8, or 6 for Loihi 1, if left out.
    key_bits, value_bits : int
        Width of the codes of keys, and of a match neuron's part of a value, with their sign, 2 to
        8. Fewer take less memory only where a profile stores weights in as few bits as they need.
    neurons_per_key : {1, 2}
        Match neurons of a key (binary spikes only). Two give half steps, no more steps, and twice
        the match neurons and synapses of keys and values.
    late_flush : bool, optional
        Whether keys below the window are dropped, and not counted at its edge (binary spikes only);
        control neurons keep fractions then, so that values have all their bits at any context.
        With two neurons a key if left out.
    slopes : bool
        Whether a bias that falls evenly with the distance, as ALiBi does, is made in the circuit by
        a few axons; else a host sends it key by key, as it does other biases.
    keep_mass : float, optional
        Share of a head's attention, in (0, 1], that its window must keep of calibration: each head
        then has a window of its own, as short as that allows, in place of ``window_nats``.
    """

    spikes: SpikeKind = "graded"
    step_nats: float = math.log(2)
    window_nats: float = 7.5
    margin_nats: float = 0.7
    headroom: float = 1.1
    low_quantile: float = 0.05
    slots: int | None = None
    target: Target = "loihi2"
    query_bits: int | None = None
    neurons_per_key: int = 1
    late_flush: bool | None = None
    slopes: bool = True
    keep_mass: float | None = None
    key_bits: int = 8
    value_bits: int = 8

    def __post_init__(self) -> None:
        if self.spikes not in ("graded", "binary"):
            raise UsageError("unknown kind of spikes", found=self.spikes,
                             expected="graded or binary")
        _between("step_nats", self.step_nats, *STEP_NATS)
        _between("window_nats", self.window_nats, *WINDOW_NATS)
        _between("margin_nats", self.margin_nats, 0.0, 10.0)
        _between("headroom", self.headroom, 1.0, 4.0)
        _between("low_quantile", self.low_quantile, 0.0, 0.2)
        if self.spikes == "graded" and self.control_decay != DECAY_UNITY // 2:
            raise UsageError("graded payloads span a factor of two, so a step is ln 2",
                             found=f"step_nats = {self.step_nats}", expected="0.6931",
                             hint="leave --step-nats out, or use --spikes binary")
        self._check_target()
        self._check_neurons()
        if self.keep_mass is not None:
            check_share(self.keep_mass)
        if self.slots is not None and not 1 <= self.slots <= 1 << 15:
            raise UsageError("slots is out of range", found=self.slots, expected="1 to 32768")

    def _check_target(self) -> None:
        if self.target not in ("loihi2", "loihi1"):
            raise UsageError("unknown target", found=self.target, expected="loihi2 or loihi1")
        if self.target == "loihi1" and self.spikes == "graded":
            raise UsageError("Loihi 1 has no graded spikes", found="spikes = graded",
                             expected="binary", hint='pass spikes="binary" '
                             "(at the command line --spikes binary)")
        for name in ("query_bits", "key_bits", "value_bits"):
            bits = getattr(self, name)
            if bits is not None and not 2 <= bits <= 8:
                raise UsageError(f"{name} is out of range", found=bits, expected="2 to 8")

    def _check_neurons(self) -> None:
        if self.neurons_per_key not in (1, 2) or isinstance(self.neurons_per_key, bool):
            raise UsageError("a key has one or two match neurons", found=self.neurons_per_key,
                             expected="1 or 2")
        if (self.neurons_per_key > 1 or self.late_flush) and self.spikes == "graded":
            raise UsageError("graded payloads say what a second match neuron or a late flush would",
                             found=f"neurons_per_key = {self.neurons_per_key}, "
                             f"late_flush = {self.late_flush}", expected="1, None",
                             hint='pass spikes="binary" (at the command line --spikes binary)')

    @property
    def pause(self) -> int:
        """Silent steps behind step 0, after which keys below the window are forgotten."""
        late = self.neurons_per_key > 1 if self.late_flush is None else self.late_flush
        return int(late)

    @property
    def fractions(self) -> bool:
        """Whether control neurons may keep fractions of a unit, beside those of Loihi 1."""
        return self.neurons_per_key > 1 or self.pause > 0

    @property
    def input_bits(self) -> int:
        """Width of a step's synaptic input."""
        return INPUT_BITS if self.target == "loihi2" else NARROW_INPUT_BITS

    @property
    def query_limit(self) -> int:
        """Largest query code; of 8 bits one less, so that a 64-channel score keeps one bit more."""
        bits = self.query_bits or (8 if self.target == "loihi2" else 6)
        return min(126, (1 << bits - 1) - 1)

    @property
    def key_limit(self) -> int:
        """Largest key code."""
        return (1 << self.key_bits - 1) - 1

    @property
    def part_limit(self) -> int:
        """Largest code of a match neuron's part of a value."""
        return (1 << self.value_bits - 1) - 1

    @property
    def control_decay(self) -> int:
        """round(4096 (1 - e^-step)): the decay register of the control neurons."""
        return round(DECAY_UNITY * (1 - math.exp(-self.step_nats)))

    @property
    def free_steps(self) -> int:
        """Steps below the window that cost none.

        Payloads stand for them, halvings until 3 bits are left; or what lies there is dropped, and
        its neighbours in the window are the fainter for it.
        """
        return PAYLOAD_OCTAVES if self.spikes == "graded" else self.pause

    @property
    def exact_step_nats(self) -> float:
        """The step that the decay register really stands for."""
        return -math.log((DECAY_UNITY - self.control_decay) / DECAY_UNITY)


def _between(name: str, value: float, low: float, high: float) -> None:
    if not (isinstance(value, int | float) and low <= value <= high):
        raise UsageError(f"{name} is out of range", found=value, expected=f"{low} to {high}")
