"""What a range proof says, accumulator by accumulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from neuromorph.network.credit import Doubt
from neuromorph.neurons.contract import Accumulator
from neuromorph.shown import Shown

Basis: TypeAlias = Literal["bounds", "circuits", "float domain"]
Status: TypeAlias = Literal["proved", "harmless", "saturates", "one period", "not proved"]
WEAKEST_FIRST: tuple[Status, ...] = (
    "not proved", "one period", "saturates", "harmless", "proved")


@dataclass(frozen=True)
class Bound:
    """One accumulator, at the neuron or synapse where it can get furthest.

    Attributes
    ----------
    where : str
        A population, or for ``learning`` a plastic projection.
    accumulator : {"input", "current", "potential", "payload", "sum", "learning"}
        The 32-bit sums of the synaptic input, u, v, the input that a relay's payload still
        holds, the sum that a program computes with, or the 15-bit sums of a learning rule.
    low, high : int or None
        What it stays within; None if it can go on for ever.
    lowest, highest : int
        What it can hold.
    status : {"proved", "harmless", "saturates", "one period", "not proved"}
        "harmless": it may wrap, and by a rule of its circuit nothing that is sent changes by that
        (``remedy`` says why). "one period": only from rest to the end of one period of the
        schedule. "saturates": a learning rule's sum may clip where the weight would not, or a
        neuron cuts off what is beyond; that is how they count, and no overflow, but what comes
        of it differs from the rule or the number.
    worst : str
        Where it is not proved, the projection that contributes most, or the rule's product.
    remedy : str
        Where it is not proved, what would make it fit.
    """

    where: str
    accumulator: Accumulator
    low: int | None
    high: int | None
    lowest: int
    highest: int
    status: Status = "proved"
    worst: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        low = "without end" if self.low is None else f"{self.low:,}"
        high = "without end" if self.high is None else f"{self.high:,}"
        text = (f"{self.where} {self.accumulator}: {self.status}; {low} to {high} of "
                f"{self.lowest:,} to {self.highest:,}")
        if self.worst:
            return f"{text}; most of it from {self.worst}; {self.remedy}"
        return f"{text}; {self.remedy}" if self.remedy else text


@dataclass(frozen=True, repr=False)
class RangeProof(Shown):
    """Whether any accumulator of a network can overflow.

    Attributes
    ----------
    network : str
        Its name.
    basis : {"bounds", "circuits", "float domain"}
        Static bounds; rules of known circuits for all of it, which have no bounds of their own;
        or floats, which have nothing to overflow.
    bounds : tuple of Bound
        In the order of populations, then of plastic projections; of populations that no circuit's
        own rules prove.
    circuits : tuple of str
        Parts that their circuits' rules prove, for inputs as their ports say.
    doubts : tuple of Doubt
        Parts that are not their builders', or hear what they do not assume: bounds count there.
    """

    network: str
    basis: Basis
    bounds: tuple[Bound, ...] = ()
    circuits: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether nothing can overflow, however long the network runs."""
        return not self.unproved

    @property
    def unproved(self) -> tuple[Bound, ...]:
        """The accumulators that could overflow."""
        return tuple(b for b in self.bounds if b.status in ("one period", "not proved"))

    def status(self, where: str) -> Status:
        """The weakest status of a population's or plastic projection's accumulators."""
        found = {bound.status for bound in self.bounds if bound.where == where}
        return next((status for status in WEAKEST_FIRST if status in found), "proved")

    def __str__(self) -> str:
        why = ": floats do not overflow" if self.basis == "float domain" else ""
        verdict = "proved" if self.proved else "not proved"
        return "\n".join([f"{self.network}: ranges {verdict}{why}",
                          *(f"  {name}: proved by the rules of its circuit"
                            for name in self.circuits),
                          *(f"  {doubt}" for doubt in self.doubts),
                          *(f"  {bound}" for bound in self.bounds)])
