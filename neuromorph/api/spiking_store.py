"""A Hopfield store as a spiking circuit at work: float cues in, spikes inside, float states out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuromorph import backends
from neuromorph.backends import Attended, AttentionBatch, attend_clocked
from neuromorph.circuits import hebbian_attention
from neuromorph.circuits.hopfield import HopfieldStore, Retrieval, check_cues, retrieve
from neuromorph.circuits.latency_attention import SpikeKind
from neuromorph.errors import UsageError
from neuromorph.network import Network
from neuromorph.runtime import SpikingLayer
from neuromorph.shown import Shown
from neuromorph.translate import LayerCode, Sample, TranslateOptions, calibrate_layer

Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class SpikingStore(Shown):
    """A Hopfield store as a spiking circuit on a backend.

    Attributes
    ----------
    store : HopfieldStore
    backend : str
    spikes : {"graded", "binary"}
    layer : SpikingLayer
        The circuit's codes, and the tally of what it has done.

    Raises
    ------
    UsageError
        If beta is so large that not even the patterns fit the circuit's query codes, or there
        are no such spikes.
    """

    store: HopfieldStore
    backend: str = backends.DEFAULT
    spikes: str = "graded"
    layer: SpikingLayer = field(init=False)

    def __post_init__(self) -> None:
        self.layer = SpikingLayer(self._calibrated(), self.backend)
        patterns = self.store.patterns[None]
        self._keys, _ = self.layer.code.encode_keys(patterns)
        self._values, _ = self.layer.code.encode_values(patterns)

    @property
    def merged(self) -> int:
        """Patterns whose codes are those of an earlier one: duplicates, and what 8 bits merge."""
        codes = np.concatenate([self._keys[0], self._values[0]], axis=1)
        return len(codes) - len(np.unique(codes, axis=0))

    def network(self) -> Network:
        """The circuit, its patterns in the synapses; these are empty where plasticity writes."""
        if self.store.written == "hebbian":
            return hebbian_attention.build(self.layer.code.heads[0])
        return self.layer.code.networks(self._sample())[0]

    def recall(self, cues: ArrayLike, *, max_runs: int = 10) -> Retrieval:
        """Settle from each cue, shape (cues, size); one query a cue and run.

        Raises
        ------
        TensorError, UsageError
            If the cues do not fit the store, or ``max_runs`` is below 1.
        """
        checked = check_cues(self.store, cues)
        return retrieve(checked, self._encode, self._attend, max_runs=max_runs)

    def _encode(self, states: Floats) -> NDArray[np.int32]:
        codes, clipped = self.layer.code.encode_queries(self.store.queries(states)[None])
        self.layer.tally.clipped += clipped
        self.layer.tally.codes += codes.size
        asked: NDArray[np.int32] = codes[0]
        return asked

    def _attend(self, queries: NDArray[np.int32]) -> NDArray[np.float32]:
        mask = np.ones((1, len(queries), self._keys.shape[1]), np.bool_)
        work = AttentionBatch(self.layer.code.heads, queries[None, None], self._keys[None],
                              self._values[None], mask)
        attended = self.layer.run(work) if self.store.written == "static" else self._write(work)
        states: NDArray[np.float32] = self.layer.code.decode(attended)[0, 0]
        return states

    def _write(self, work: AttentionBatch) -> Attended:
        """Attention over patterns that plasticity writes into empty synapses first."""
        attended = attend_clocked(backends.get(self.backend), work, memory="written")
        self.layer.tally.count(self.layer.code, attended)
        return attended

    def _sample(self) -> Sample:
        corners, patterns = self.store.corners(), self.store.patterns[None]
        everywhere = np.ones((len(corners), patterns.shape[1]), np.bool_)
        return Sample(self.store.queries(corners)[None], patterns, patterns, everywhere)

    def _calibrated(self) -> LayerCode:
        """Codes that hold for every state between the patterns, so for all but the cues."""
        kind = cast(SpikeKind, self.spikes)  # checked there
        options = TranslateOptions(spikes=kind, low_quantile=0.0)
        sample = self._sample()
        code = calibrate_layer([sample], options, "Hopfield store")
        _, clipped = code.encode_queries(sample.queries)
        if clipped:
            raise UsageError("beta is larger than the circuit can resolve", where="Hopfield store",
                             found=self.store.beta, hint="nothing changes once a single pattern "
                             "is retrieved: choose a smaller beta")
        return code
