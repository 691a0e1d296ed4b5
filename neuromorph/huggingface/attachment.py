"""Attach: calibrate a model on sample data, then answer its attention calls with spikes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

import numpy as np

from neuromorph import backends
from neuromorph.huggingface.hook import Call, Tensor, connect, disconnect
from neuromorph.errors import CalibrationError, UsageError, did_you_mean
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.translate import LayerCode, Sample, TranslateOptions, calibrate_layer


SLOTS = 512
"""Context that a language model gets room for, if nobody says how much it needs."""


@dataclass(eq=False)
class Attachment:
    """A model whose attention runs in spikes; `detach` gives it its own back.

    Attributes
    ----------
    model : transformers.PreTrainedModel
    codes : dict of layer name to LayerCode
    backend : str
    samples : dict of layer name to list of Sample
        What calibration saw; empty when the codes came from a bundle.
    tally : Tally
    """

    model: Any
    codes: dict[str, LayerCode]
    backend: str = backends.DEFAULT
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    _before: str | None = None

    def attach(self) -> None:
        """Switch the model to spikes (done by `attach`; again after `detach`)."""
        if self._before is None:
            self._before = connect(self.model, self._answer)

    def detach(self) -> None:
        """Switch the model back to its own attention; harmless when done twice."""
        if self._before is not None:
            disconnect(self.model, self._before)
            self._before = None

    def __enter__(self) -> Attachment:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.detach()

    def median_steps(self) -> float:
        """Median over all heads of the steps from one query to the next."""
        return float(np.median([h.period for code in self.codes.values() for h in code.heads]))

    def _answer(self, call: Call) -> Tensor:
        import torch

        code = self.codes.get(call.layer)
        if code is None:
            raise CalibrationError("a layer was never calibrated", where=call.layer,
                                   hint=did_you_mean(call.layer, self.codes))
        layer = SpikingLayer(code, self.backend, self.tally)
        context = layer(_array(call.queries), _array(call.keys), _array(call.values),
                        call.mask.numpy())
        return torch.from_numpy(context).to(call.queries.dtype)


def attach(
    model: Any,
    source: Any,
    *,
    options: TranslateOptions | None = None,
    backend: str = backends.DEFAULT,
) -> Attachment:
    """Run the attention of a Hugging Face model in spikes, in place.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        On the CPU, in ``eval`` mode; any model that uses transformers' attention interface.
    source : path, or calibration inputs
        A bundle that was exported for this model; or what the model is called with on
        sample data: one mapping of tensors (as a tokenizer returns it), or several.
    options : TranslateOptions, optional
        How to translate; only with calibration inputs.
    backend : {"fast", "reference", "lava"}

    Returns
    -------
    Attachment
        Also a context manager that detaches at its end.

    Raises
    ------
    MissingExtraError
        Without torch and transformers.
    CalibrationError, UnsupportedError
        If the data or the model does not fit.

    Examples
    --------
    >>> spiking = neuromorph.attach(model, tokenizer(texts, return_tensors="pt"))  # doctest: +SKIP
    >>> model.generate(**prompt)                                                   # doctest: +SKIP
    >>> spiking.detach()                                                           # doctest: +SKIP
    """
    backends.get(backend)
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        if options is not None:
            raise UsageError("options cannot be given with a bundle, which has its own")
        from neuromorph.bundle import load_bundle

        bundle = load_bundle(source)
        attachment = Attachment(model, dict(bundle.codes), backend)
    else:
        samples = record(model, _batches(source))
        chosen = with_slots(options or TranslateOptions(), samples)
        codes = {name: calibrate_layer(seen, chosen, name) for name, seen in samples.items()}
        attachment = Attachment(model, codes, backend, samples)
    attachment.attach()
    return attachment


def with_slots(
    options: TranslateOptions, samples: Mapping[str, list[Sample]]
) -> TranslateOptions:
    """Room for `SLOTS` tokens, or for the longest sample, unless the options say otherwise."""
    if options.slots is not None:
        return options
    longest = max(sample.keys.shape[1] for seen in samples.values() for sample in seen)
    return replace(options, slots=max(SLOTS, longest))


def record(model: Any, batches: Iterable[Mapping[str, Any]]) -> dict[str, list[Sample]]:
    """Queries, keys and values of every layer while the model runs on sample data, in float.

    Raises
    ------
    CalibrationError
        If no attention layer was reached.
    """
    import torch

    samples: dict[str, list[Sample]] = defaultdict(list)

    def keep(call: Call) -> Tensor:
        samples[call.layer].extend(_samples(call))
        group = call.queries.shape[1] // call.keys.shape[1]
        keys = call.keys.repeat_interleave(group, dim=1)
        values = call.values.repeat_interleave(group, dim=1)
        return torch.nn.functional.scaled_dot_product_attention(
            call.queries, keys, values, attn_mask=call.mask[:, None], scale=1.0)

    before = connect(model, keep)
    try:
        with torch.no_grad():
            for batch in batches:
                model(**batch)
    finally:
        disconnect(model, before)
    if not samples:
        raise CalibrationError("no attention layer was reached", where=type(model).__name__,
                               hint="give at least one batch of inputs")
    return dict(samples)


def _samples(call: Call) -> list[Sample]:
    """One sample a sequence; positions that nobody looks at and that are padding drop out."""
    result = []
    for b in range(call.queries.shape[0]):
        mask = call.mask[b].numpy()
        used = mask.any(axis=0)
        asked = used if mask.shape[0] == mask.shape[1] else np.ones(mask.shape[0], bool)
        result.append(Sample(_array(call.queries[b])[:, asked], _array(call.keys[b])[:, used],
                             _array(call.values[b])[:, used], mask[np.ix_(asked, used)]))
    return result


def _array(tensor: Tensor) -> Any:
    return tensor.detach().float().cpu().numpy()


def _batches(source: Any) -> list[Mapping[str, Any]]:
    batches = [source] if isinstance(source, Mapping) else list(source)
    if not batches:
        raise CalibrationError("there is no calibration data", hint="give at least one batch")
    for batch in batches:
        if not isinstance(batch, Mapping):
            raise UsageError("calibration inputs must be mappings of tensors",
                             found=type(batch).__name__,
                             hint="pass what the tokenizer returns with return_tensors='pt'")
    return batches
