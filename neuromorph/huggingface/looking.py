"""Looking at a model that runs in spikes: who attends to whom, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends import ReadoutKind
from neuromorph.errors import UsageError
from neuromorph.huggingface.hook import Call
from neuromorph.huggingface.inputs import call_model, check_batch
from neuromorph.huggingface.last_pass import LastPass
from neuromorph.huggingface.masks import bias_array
from neuromorph.huggingface.switched import Switched
from neuromorph.look import Maps, layer_name, maps_of
from neuromorph.look.episode import check_number
from neuromorph.look.figures import raster_of
from neuromorph.translate import LayerCode, Sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Looking(Switched):
    """Maps and rasters of the last forward pass in spikes, or of inputs."""

    model: Any
    codes: Mapping[str, LayerCode]
    backend: str
    readout: ReadoutKind
    _last: LastPass

    @property
    def attached(self) -> bool:
        """Whether the model runs in spikes now."""
        raise NotImplementedError

    def attention(self, layer: str | int, inputs: Any = None) -> NDArray[np.float64]:
        """Attention weights as they come out of the spikes.

        ::

            w_i = payload_i e^(step (n_i - n_last)) / sum of all,   n: step of a match spike

        A key that is hidden has 0; over the keys a query's weights sum to 1, but for a layer with
        sinks, which take the rest, and for a query that may look nowhere. Of a layer that a pass
        runs several times, such as one whose weights are shared, the last run is kept.

        Parameters
        ----------
        layer : str or int
            By name (see ``codes``), or by number.
        inputs : tensor, tuple of arguments, or mapping, optional
            What the model is called with, in spikes; the last forward pass, if left out.

        Returns
        -------
        float array, shape (batch, heads, queries, keys)

        Raises
        ------
        UsageError
            If there is no such layer, or its last pass was not kept: queries, keys and values of
            all layers may be 256 MiB.

        Examples
        --------
        >>> spiking = neuromorph.attach(model, texts, tokenizer=tokenizer)   # doctest: +SKIP
        >>> model(**inputs)                                                  # doctest: +SKIP
        >>> spiking.attention(0)[0, 3]          # head 3 of the first text   # doctest: +SKIP
        """
        return self.maps(layer, inputs).spiking

    def maps(self, layer: str | int, inputs: Any = None) -> Maps:
        """`attention` beside that of float, with the cosine and the divergence of each head.

        Parameters
        ----------
        layer, inputs
            As of `attention`.
        """
        call = self._call(layer, inputs)
        seen = _columns(call)
        found = maps_of(call.layer, self.codes[call.layer], _samples(call, seen), self.backend,
                        self.readout)
        if seen is not None:
            found = found.of_columns(np.flatnonzero(seen), len(seen))
        return found if call.sink is None else found.without_first()

    def raster(
        self, layer: str | int, head: int = 0, query: int | None = None, *, sequence: int = 0,
        inputs: Any = None,
    ) -> Figure:
        """One query of one head, step by step, as a figure of matplotlib.

        Parameters
        ----------
        layer : str or int
        head : int
        query : int, optional
            The last one that may look anywhere, if left out.
        sequence : int
            Of the batch.
        inputs
            As of `attention`.

        Raises
        ------
        UsageError
            If there is no such layer, head, query or sequence.
        MissingExtraError
            Without matplotlib.
        """
        call = self._call(layer, inputs)
        samples = _samples(call, _columns(call))
        check_number("sequence", sequence, len(samples), call.layer)
        return raster_of(call.layer, self.codes[call.layer], samples[sequence], head, query)

    def _call(self, layer: str | int, inputs: Any) -> Call:
        name = layer_name(self.codes, layer)
        if inputs is not None:
            self._run(inputs)
        return self._last.of(name)

    def _run(self, inputs: Any) -> None:
        """Call the model in spikes; it is switched as it was afterwards."""
        import torch

        check_batch(inputs)
        attached = self.attached
        self.attach()
        try:
            with torch.no_grad():
                call_model(self.model, inputs)
        finally:
            if not attached:
                self.detach()


def _columns(call: Call) -> NDArray[np.bool_] | None:
    """Keys that somebody sees, those of a sink among them; None if all are seen."""
    used: NDArray[np.bool_] = call.mask.any(dim=0).any(dim=0).cpu().numpy()
    return None if used.all() else used


def _samples(call: Call, seen: NDArray[np.bool_] | None) -> list[Sample]:
    """Each sequence of a call, without keys that nobody sees: as `Spikes` runs them."""
    queries, keys, values = call.floats()
    mask, bias = call.mask.cpu().numpy(), bias_array(call)
    if seen is not None:
        keys, values, mask = keys[:, :, seen], values[:, :, seen], mask[..., seen]
        bias = None if bias is None else bias[..., seen]
    if not keys.shape[2]:
        raise UsageError("no query of the last forward pass may look at any key",
                         where=call.layer)
    if bias is not None and not bias.any():
        bias = None
    scaled = queries * queries.dtype.type(call.scale)
    return [Sample(scaled[b], keys[b], values[b], mask[b],
                   None if bias is None else bias[b % len(bias)], call.softcap)
            for b in range(len(scaled))]
