"""What all heads of one layer have in common: their codes are made together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from neuromorph.circuits.latency_attention.motif import LatencyAttention, SpikeKind
from neuromorph.errors import TensorError

CODES = {"queries": ("key_size", "query_limit"), "keys": ("key_size", "key_limit"),
         "values": ("value_size", "value_limit")}
"""Each kind of codes, and the fields of a head that are its size and its largest magnitude."""


@dataclass(frozen=True)
class Shared:
    """Numbers of a layer that no head has for itself.

    Attributes
    ----------
    slots, key_size, value_size : int
    spikes : {"binary", "graded"}
    query_limit, key_limit, value_limit, control_decay, input_bits, neurons_per_key, pause : int
        As in `LatencyAttention`.
    """

    slots: int
    key_size: int
    value_size: int
    spikes: SpikeKind
    query_limit: int
    key_limit: int
    value_limit: int
    control_decay: int
    input_bits: int
    neurons_per_key: int
    pause: int

    @property
    def limits(self) -> tuple[int, int, int]:
        """Largest magnitude of query, key and value codes."""
        return self.query_limit, self.key_limit, self.value_limit


def shared_by(heads: Sequence[LatencyAttention], where: str | None = None) -> Shared:
    """What the heads of one layer share.

    Raises
    ------
    TensorError
        If there are none, or they differ in one of the fields of `Shared`.
    """
    if not heads:
        raise TensorError("a layer has no heads", where=where)
    for name in (field.name for field in fields(Shared)):
        found = sorted({getattr(head, name) for head in heads})
        if len(found) > 1:
            raise TensorError(f"heads of one layer differ in {name}", where=where,
                              found=f"{found[0]} to {found[-1]}")
    return Shared(**{field.name: getattr(heads[0], field.name) for field in fields(Shared)})
