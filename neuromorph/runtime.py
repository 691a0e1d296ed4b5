"""Float attention in, spikes inside, float context out: one layer at work.

The jobs meet here: `translate` says how floats become codes, a backend runs the circuit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import Attended, AttentionBatch
from neuromorph.shown import Shown
from neuromorph.translate import LayerCode, Sample


@dataclass
class Tally:
    """What spiking attention has done so far.

    Attributes
    ----------
    queries, spikes, forced, steps : int
        Summed over heads; ``steps`` counts each query's whole period.
    clipped, codes : int
        Codes that lay beyond what calibration allowed, of all codes made.
    """

    queries: int = 0
    spikes: int = 0
    forced: int = 0
    steps: int = 0
    clipped: int = 0
    codes: int = 0

    def count(self, code: LayerCode, attended: Attended) -> None:
        """Add one run."""
        self.queries += attended.spikes.size
        self.spikes += int(attended.spikes.sum())
        self.forced += int(attended.forced.sum())
        a_head = attended.spikes.size // len(code.heads)
        self.steps += a_head * sum(head.period for head in code.heads)

    def as_dict(self) -> dict[str, int]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(eq=False, repr=False)
class SpikingLayer(Shown):
    """One attention layer on a backend.

    Attributes
    ----------
    code : LayerCode
    backend : str
    tally : Tally
        Shared by all layers of a model, if the caller wants one sum.
    """

    code: LayerCode
    backend: str = backends.DEFAULT
    tally: Tally = field(default_factory=Tally)

    def encode(
        self, queries: NDArray[Any], keys: NDArray[Any], values: NDArray[Any],
        mask: NDArray[np.bool_],
    ) -> AttentionBatch:
        """Integer work of float arrays, each (batch, heads, tokens, size); queries are scaled."""
        coded = (self.code.encode_queries(queries), self.code.encode_keys(keys),
                 self.code.encode_values(values))
        self.tally.clipped += sum(clipped for _, clipped in coded)
        self.tally.codes += sum(codes.size for codes, _ in coded)
        return AttentionBatch(self.code.heads, coded[0][0], coded[1][0], coded[2][0], mask)

    def run(self, work: AttentionBatch, *, times: bool = False) -> Attended:
        """Run coded work and count it."""
        attended = backends.attend(self.backend, work, times=times)
        self.tally.count(self.code, attended)
        return attended

    def __call__(
        self, queries: NDArray[Any], keys: NDArray[Any], values: NDArray[Any],
        mask: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """Context (batch, heads, queries, value_size) of scaled queries, keys and values."""
        return self.code.decode(self.run(self.encode(queries, keys, values, mask)))

    def run_sample(self, sample: Sample) -> Attended:
        """One sample as a batch of one, with spike times."""
        return self.run(self.encode(sample.queries[None], sample.keys[None],
                                    sample.values[None], sample.mask[None]), times=True)
