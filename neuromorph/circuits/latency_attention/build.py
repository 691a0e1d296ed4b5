"""From integer keys and values to a network of match, control, normaliser and done neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention.circuit import HeadCircuit
from neuromorph.circuits.latency_attention.drive import FRACTIONS_FREE, alphabets
from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.circuits.latency_attention.pair import parts_of
from neuromorph.circuits.latency_attention.ports import inputs_of, outputs_of
from neuromorph.circuits.latency_attention.rules import prove_ranges
from neuromorph.circuits.latency_attention.slope import blocks_of, descent_of, takes_bias
from neuromorph.errors import NetworkError
from neuromorph.network import (
    CubaLIF,
    LatencyMatch,
    Network,
    Part,
    Phase,
    Population,
    Projection,
    Readout,
    Schedule,
    circuit,
)
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_SHIFT
from neuromorph.shapes import Bool, Int32, Int64, Integer, Shaped


@circuit("latency_attention")
@dataclass(frozen=True)
class StaticAttention(HeadCircuit):
    """The network of `build`: a head with its keys and values in the synapses."""

    @property
    def alphabets(self) -> Mapping[str, tuple[int, ...]]:
        """Of drive, mask and flush."""
        return alphabets(self.head)

    @property
    def fractions_free(self) -> tuple[str, ...]:
        """Match neurons."""
        return FRACTIONS_FREE

    def rebuilt(self, weights: Mapping[str, Annotated[Shaped, "..."]]) -> Network:
        """The head with the keys, values and occupied slots that its synapses hold."""
        keys, values = codes_in(self.head, weights)
        return build(self.head, keys, values, weights["sweep"][: self.head.slots, 0] != 0)


def codes_in(
    head: LatencyAttention, weights: Mapping[str, Annotated[Integer, "_ _"]]
) -> tuple[Annotated[Int32, "keys key_size"], Annotated[Int64, "keys value_size"]]:
    """Codes of keys and values that a head's synapses hold, of both neurons of a slot."""
    shares = (weights["value"].T // 2).reshape(head.neurons_per_key, head.slots, -1)
    return -(weights["key"][: head.slots] // 2), shares.sum(axis=0)


def build(
    head: LatencyAttention,
    keys: Annotated[Integer, "slots key_size"],
    values: Annotated[Integer, "slots value_size"],
    occupied: Annotated[Bool, "slots"] | None = None,
) -> Network:
    """One attention head with its keys and values in the synapses.

    ::

        query --(-2 k)--> match --(2 v)--> control       drive --> match  (clear, lift, ramp, go)
                          match --(unit)--> normaliser   mask --> match
                          match --(1)--> done            flush --> control, normaliser
                                                         excused --> done
        bias  --(-1)---> match     only where the head has a ``bias_limit``
        ahead --(1)----> match     the first of two neurons a slot; half a ramp step
        near  --(-1)---> match     a block's axon, and
        pace  --(-w)---> match     one for the slope within all blocks: in the bias's place, where
                                   it falls evenly with the distance; see `slope`

    `done` fires when every slot has fired or was excused: then control is read. How many are
    masked comes as one graded spike, so that `done` needs no axon of each slot's mask.

    Parameters
    ----------
    head : LatencyAttention
    keys : integer array, shape (slots, key_size)
        Codes in [-key_limit, key_limit].
    values : integer array, shape (slots, value_size)
        Codes in [-value_limit, value_limit].
    occupied : bool array, shape (slots,), optional
        Slots that hold a key; all if left out. The drive axon does not reach an empty one:
        it gets no ramp, never fires, and `done` does not wait for it.

    Raises
    ------
    NetworkError
        If a shape or a code does not fit the head.
    RangeProofError
        If an accumulator could overflow.
    """
    prove_ranges(head)
    _check_codes("keys", keys, (head.slots, head.key_size), head.key_limit)
    _check_codes("values", values, (head.slots, head.value_size), head.value_limit)
    held = np.ones(head.slots, bool) if occupied is None else occupied
    if held.shape != (head.slots,) or held.dtype != np.bool_ or not held.any():
        raise NetworkError("occupied slots have the wrong shape or type, or there are none",
                           where="latency attention", found=f"{held.shape} {held.dtype}",
                           expected=f"({head.slots},) bool, one True at least")
    populations = _populations(head, int(held.sum()))
    projections = _projections(head, keys, values, held)
    return Network("latency_attention", "fixed", populations, projections, schedule_of(head),
                   (Part.whole(StaticAttention(head), populations, projections),),
                   inputs_of(head), outputs_of(head, populations))


def schedule_of(head: LatencyAttention) -> Schedule:
    """The phases of one query, by the step at which the sources emit."""
    return Schedule(head.period, (
        Phase("clear", 0, head.clears),
        Phase("lift", head.clears, head.query_at),
        Phase("query", head.query_at, head.arrival),
        Phase("ramp", head.arrival, head.period - 1),
        Phase("go", head.period - 1, head.period),
    ))


def _populations(head: LatencyAttention, occupied: int) -> tuple[Population, ...]:
    return (
        *(port.source for port in inputs_of(head)),
        Population("match", head.matches, _match_model(head)),
        Population("control", head.value_size, _control_model(head)),
        Population("normaliser", 1, _control_model(head)),
        Population("done", 1, CubaLIF(
            du=DECAY_UNITY, dv=0, vth=head.neurons_per_key * occupied - 1)),
    )


def _projections(
    head: LatencyAttention, keys: NDArray[Any], values: NDArray[Any], held: NDArray[np.bool_]
) -> tuple[Projection, ...]:
    count = head.neurons_per_key
    one_each = np.tile(held[:, None].astype(np.int32), (count, 1))
    hold = _hold(tuple(np.flatnonzero(~held).tolist()), head.slots, count)
    keys, values = (np.where(held[:, None], codes.astype(np.int32), 0)  # doubled further down
                    for codes in (keys, values))
    keys, shares = np.tile(keys, (count, 1)), _shared(head, values).reshape(head.matches, -1)
    units = np.repeat(_shared(head, head.unit // 2), head.slots)[:, None] * one_each
    shift, graded = -head.value_shift, head.graded
    flush = 0 if graded else INPUT_SHIFT - head.control_shift
    return (
        Projection("key", "query", "match", _synapses(-2 * keys), 0, -head.key_shift, True),
        Projection("sweep", "drive", "match", one_each, graded=True),
        Projection("hold", "mask", "match", hold, graded=True),
        Projection("value", "match", "control", _synapses(2 * shares.T), 0, shift, graded),
        Projection("mass", "match", "normaliser", _synapses(2 * units.T), 0, shift, graded),
        Projection("count", "match", "done", _synapses(one_each.T)),
        Projection("excuse", "excused", "done", _synapses(np.full((1, 1), count)), graded=True),
        Projection("forget", "flush", "control", np.ones((head.value_size, 1), np.int32), 0,
                   flush, True),
        Projection("forget_mass", "flush", "normaliser", np.ones((1, 1), np.int32), 0, flush,
                   True),
        *([Projection("tilt", "bias", "match", hold, graded=True)] if takes_bias(head) else []),
        *([Projection("approach", "near", "match", blocks_of(head, held), graded=True),
           Projection("descend", "pace", "match", descent_of(head, held), graded=True)]
          if head.slope else []),
        *([Projection("start", "ahead", "match", _synapses(_first(one_each)), graded=True)]
          if head.ahead else []),
    )


def _shared(head: LatencyAttention, codes: NDArray[Any] | int) -> NDArray[np.int64]:
    """What each neuron of a slot takes of codes, shape (neurons_per_key, ...)."""
    return parts_of(np.asarray(codes), head.control_decay, head.neurons_per_key)


def _first(one_each: NDArray[np.int32]) -> NDArray[np.int32]:
    """Ones of the first neurons only."""
    return np.where(np.arange(len(one_each))[:, None] < len(one_each) // 2, one_each, 0)


@lru_cache(maxsize=4)
def _hold(empty: tuple[int, ...], slots: int, count: int) -> NDArray[np.int32]:
    """-1 from an axon of mask or bias to its slot's neurons; one array for all heads of a model."""
    diagonal = np.full(slots, -1, np.int32)
    diagonal[list(empty)] = 0
    hold = np.tile(np.diag(diagonal), (count, 1))
    hold.flags.writeable = False
    return hold


def _match_model(head: LatencyAttention) -> CubaLIF | LatencyMatch:
    if not head.graded:
        return CubaLIF(du=DECAY_UNITY, dv=0, vth=head.threshold)
    return LatencyMatch(vth=head.threshold, base=head.payload_base, span=head.payload_span,
                        gain=head.payload_gain, gain_shift=head.payload_gain_shift)


def _control_model(head: LatencyAttention) -> CubaLIF | Readout:
    if not head.graded:
        return CubaLIF(du=DECAY_UNITY, dv=head.control_decay, vth=head.control_threshold,
                       input_shift=head.control_shift)
    return Readout(dv=head.control_decay, vth=head.control_threshold)


def _synapses(weights: NDArray[Any]) -> NDArray[np.int32]:
    return np.ascontiguousarray(weights, dtype=np.int32)


def _check_codes(
    name: str, codes: NDArray[Any], shape: tuple[int, int], limit: int
) -> None:
    if codes.shape != shape:
        raise NetworkError(f"{name} have the wrong shape", where="latency attention",
                           found=codes.shape, expected=shape)
    if not np.issubdtype(codes.dtype, np.integer):
        raise NetworkError(f"{name} must be integer codes", where="latency attention",
                           found=codes.dtype)
    if codes.size and np.abs(codes.astype(np.int64)).max() > limit:
        raise NetworkError(f"{name} exceed their limit", where="latency attention",
                           found=int(np.abs(codes.astype(np.int64)).max()), expected=limit)
