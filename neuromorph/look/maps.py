"""Attention maps as they come out of the spikes, beside those of float attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.memory import require
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.shown import Shown
from neuromorph.translate import HeadFidelity, LayerCode, Sample, measure_fidelity
from neuromorph.translate.fidelity import float_attention

Floats = NDArray[np.float64]

COPIES = 8
"""Arrays of the size of all maps that are held while they are made: times, payloads, ages, …"""


class Seen(Protocol):
    """What can be looked at: a `Bundle`, or what `attach` returns."""

    @property
    def codes(self) -> Mapping[str, LayerCode]:
        """Of each layer."""

    @property
    def samples(self) -> Mapping[str, Sample]:
        """One sequence through each layer."""


@dataclass(frozen=True, eq=False, repr=False)
class Maps(Shown):
    """Who looks at whom in one layer.

    ::

        spiking_i = payload_i e^(step (n_i - n_last)) / sum of all        n: step of its spike
        target_i  = softmax(q.k + bias)_i

    Attributes
    ----------
    layer : str
    spiking, target : float array, shape (batch, heads, queries, keys)
        Attention weights: what the match spikes stand for, and float attention of the same
        queries and keys. A query that may look nowhere has zeros.
    mask : bool array, shape (batch, queries, keys)
        True where a query may look.
    context : float array, shape (batch, heads, queries, value_size)
        What the circuits answered: control divided by normaliser.
    fidelity : list of HeadFidelity
        Cosine and KL divergence of each head, over all these queries.
    """

    layer: str
    spiking: Floats
    target: Floats
    mask: NDArray[np.bool_]
    context: NDArray[np.float32]
    fidelity: list[HeadFidelity]

    def glance(self) -> dict[str, Any]:
        """What a notebook shows."""
        batch, heads, queries, keys = self.spiking.shape
        return {"layer": self.layer, "sequences": batch, "heads": heads, "queries": queries,
                "keys": keys, "fidelity": [one.as_dict() for one in self.fidelity]}

    def of_columns(self, columns: NDArray[Any], keys: int) -> Maps:
        """The same among more keys, of which these had been looked at; nobody looks at others."""
        def wide(array: NDArray[Any]) -> NDArray[Any]:
            found = np.zeros((*array.shape[:-1], keys), array.dtype)
            found[..., columns] = array
            return found

        return Maps(self.layer, wide(self.spiking), wide(self.target), wide(self.mask),
                    self.context, self.fidelity)

    def without_first(self) -> Maps:
        """Without the first key, which is a sink: what is left sums to less than 1."""
        return Maps(self.layer, self.spiking[..., 1:], self.target[..., 1:], self.mask[..., 1:],
                    self.context, self.fidelity)


def layer_name(known: Mapping[str, object], layer: str | int) -> str:
    """A layer by its name or its number.

    Raises
    ------
    UsageError
    """
    names = list(known)
    if isinstance(layer, str) and layer in known:
        return layer
    whole = isinstance(layer, int | np.integer) and not isinstance(layer, bool)
    if whole and -len(names) <= int(layer) < len(names):
        return names[int(layer)]
    raise UsageError("there is no such layer in spikes", found=repr(layer),
                     expected=f"a number below {len(names)}, or a name such as {names[0]}"
                     if names else "none is in spikes",
                     hint=did_you_mean(str(layer), names))


def maps(seen: Seen, layer: str | int = 0, *, backend: str = backends.DEFAULT) -> Maps:
    """Attention maps of the sequence that a bundle keeps, or an attachment was calibrated on.

    Parameters
    ----------
    seen : Bundle or Attachment
    layer : str or int
        By name, or by number.
    backend : str

    Raises
    ------
    UsageError
        If there is no such layer, or no sample of it.
    """
    name = layer_name(seen.codes, layer)
    return maps_of(name, seen.codes[name], [sample_of(seen, name)], backend)


def sample_of(seen: Seen, name: str) -> Sample:
    """What is kept of a layer.

    Raises
    ------
    UsageError
    """
    if name not in seen.samples:
        raise UsageError("no sample of this layer was kept", where=name,
                         hint="give inputs: spiking.maps(layer, inputs)")
    return seen.samples[name]


def maps_of(
    name: str, code: LayerCode, samples: Sequence[Sample], backend: str = backends.DEFAULT,
    readout: backends.ReadoutKind = "host",
) -> Maps:
    """Attention maps of sequences of one size, in spikes and in float.

    Parameters
    ----------
    name : str
    code : LayerCode
    samples : sequence of Sample
        One a sequence.
    backend, readout : str
        As of `SpikingLayer`.

    Raises
    ------
    MemoryBudgetError
        If the maps would not fit.
    """
    heads, queries = samples[0].queries.shape[:2]
    require(COPIES * 8 * len(samples) * heads * queries * samples[0].keys.shape[1], name)
    layer = SpikingLayer(code, backend, Tally(), readout)
    runs = [layer.run_sample(sample) for sample in samples]
    return Maps(name, np.concatenate([run.weights(*code.clock) for run in runs]),
                np.stack([float_attention(sample)[0] for sample in samples]),
                np.stack([sample.mask for sample in samples]),
                np.concatenate([code.decode(run) for run in runs]),
                measure_fidelity(name, code, samples, runs))
