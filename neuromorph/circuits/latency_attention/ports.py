"""The edges of a head: what drives it, and where its result appears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from neuromorph.circuits.latency_attention.drive import drive_course, drive_waveform
from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.circuits.latency_attention.slope import blocks, pace_of, takes_bias
from neuromorph.network import Population, Port
from neuromorph.numerics.limits import PAYLOAD_BITS


def inputs_of(head: LatencyAttention, after: int = 0) -> tuple[Port, ...]:
    """What a query needs; each port is a source of its name.

    Parameters
    ----------
    head : LatencyAttention
    after : int
        Steps of a period that come before the query's own, such as those of a write.
    """
    drive = int(drive_waveform(head).max())
    limit = head.bias_limit
    asked, hidden = (after + head.query_at,), (after + head.clears,)
    flushed = flushes(head, after)
    return (
        Port("query", "query", head.key_size, head.query_limit.bit_length() + 1,
             -head.query_limit, head.query_limit, asked, "the query's codes"),
        Port("drive", "drive", 1, PAYLOAD_BITS, -head.clear, drive,
             tuple(range(after, after + head.period)),
             "in every step: clear, lift, ramp, go (drive_waveform)",
             course=drive_course(head, after)),
        Port("mask", "mask", head.slots, PAYLOAD_BITS, 0, head.clear, hidden,
             f"{head.clear} for every slot that is hidden"),
        Port("excused", "excused", 1, head.slots.bit_length() + 1, 0, head.slots, hidden,
             "how many of the hidden slots hold a key"),
        Port("flush", "flush", 1, PAYLOAD_BITS, 0, head.flush, flushed,
             f"{head.flush}: control and normaliser forget",
             course=tuple((at, at + 1, head.flush, head.flush) for at in flushed)),
        *([Port("ahead", "ahead", 1, head.ahead.bit_length() + 1, 0, head.ahead, asked,
                f"{head.ahead}: the first match neuron of every slot is half a step ahead",
                course=((*asked, asked[0] + 1, head.ahead, head.ahead),))] if head.ahead else []),
        *([Port("bias", "bias", head.slots, limit.bit_length() + 1, -limit, limit, asked,
                "what the query adds to each slot's score")] if takes_bias(head) else []),
        *(_of_slope(head, asked) if head.slope else ()),
    )


def _of_slope(head: LatencyAttention, asked: tuple[int]) -> Iterator[Port]:
    """Two inputs that stand in the place of a bias."""
    pace = pace_of(head)
    yield Port("near", "near", blocks(head), head.near.bit_length() + 1, 0, head.near, asked,
               "what each block of slots gains, the more the nearer it is")
    yield Port("pace", "pace", 1, pace.bit_length() + 1, 0, pace, asked,
               f"{pace}: within a block, later slots gain more",
               course=((*asked, asked[0] + 1, pace, pace),))


def flushes(head: LatencyAttention, after: int = 0) -> tuple[int, ...]:
    """Steps of a period in which control and normaliser are told to forget."""
    late = (after + head.forget_at,) if head.pause else ()
    return (after + head.clears, *late)


def outputs_of(
    head: LatencyAttention, populations: Iterable[Population], after: int = 0, rest: int = 0
) -> tuple[Port, ...]:
    """What the head sends while its inputs speak in their steps; parameters as for `inputs_of`.

    ``rest`` are silent steps at the end of a period.

    A spike arrives a step after it was sent, so `done` speaks a step after the last match. The
    last steps may be the next period's first.
    """
    at = {p.name: p for p in populations}

    def steps(*found: int) -> tuple[int, ...]:
        return tuple(sorted({(after + n) % (after + head.period + rest) for n in found}))

    matched = range(head.arrival, head.period + 1)
    flushed = steps(*(at + 1 for at in flushes(head)))
    forgets = "1 when it is flushed, and else never; the result is its potential v"
    return (
        Port.of(at["match"], steps(*matched), "a spike for each slot that is not hidden"),
        Port.of(at["control"], flushed, f"{forgets} when done speaks: the numerators"),
        Port.of(at["normaliser"], flushed, f"{forgets} when done speaks: their denominator"),
        Port.of(at["done"], steps(head.clears + 1, *(n + 1 for n in matched)),
                "1 when every slot has fired or was excused"),
    )
