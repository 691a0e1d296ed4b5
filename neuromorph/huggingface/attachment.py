"""Attach: calibrate a model on sample data, then answer its attention calls with spikes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, overload

from neuromorph import backends, threads
from neuromorph.bundle import Bundle, load_bundle, save_bundle
from neuromorph.bundle.manifest import kind_said
from neuromorph.bundle.memories import KIND, MemoriesBundle, load_memories
from neuromorph.errors import CalibrationError, UnsupportedError, UsageError
from neuromorph.huggingface.connect import Link, check_model, connect, links
from neuromorph.huggingface.delta_layers import attach_memories, detach_memories
from neuromorph.huggingface.delta_spikes import DeltaSpikes, delta_spikes
from neuromorph.huggingface.floats import ATTENTION, FLOAT, float_modules
from neuromorph.huggingface.hook import uncompiled
from neuromorph.huggingface.inputs import batches_of, check_batch
from neuromorph.huggingface.intercept.uncaught import Uncaught, stays_float
from neuromorph.huggingface.last_pass import LastPass
from neuromorph.huggingface.looking import Looking
from neuromorph.huggingface.matching import match_layers
from neuromorph.huggingface.memory_attachment import MemoryAttachment
from neuromorph.huggingface.recording import (
    counted_tokens,
    is_causal,
    positions,
    record,
    tokenised,
)
from neuromorph.huggingface.spikes import Spikes
from neuromorph.memory import give_back
from neuromorph.runtime import SpikingLayer, Tally, calibrated, of_run, total
from neuromorph.shown import Shown, sentences
from neuromorph.translate import (
    Caution,
    LayerCode,
    Sample,
    TranslateOptions,
    cautions,
    kept_samples,
    with_slots,
)
from neuromorph.translate.softcap import of_soft_caps

SLOTS = 512
"""Context that a language model gets room for, if nobody says how much it needs."""


@dataclass(eq=False, repr=False)
class Attachment(Looking, Shown):
    """A model whose attention runs in spikes; `detach` gives it its own back.

    Attributes
    ----------
    model : torch.nn.Module
    codes : dict of layer name to LayerCode
    backend : str
    samples : dict of layer name to Sample
        What `save` keeps of the calibration data: some queries of the longest sequence, and the
        keys that they see.
    options, provenance : dict
        How the codes were made, and from what; plain values.
    cautions : tuple of Caution
        What calibration had to say against its data.
    causal : bool
        Whether no query was ever allowed to look ahead.
    readout : {"host", "emitted"}
        Who divides control by normaliser; see `attach`.
    uncaught : Uncaught
        Softmaxes that look like attention and go on in float, since calibration began; counted
        where attention is caught by hooks.
    memories : DeltaSpikes, optional
        Memories of the gated delta rule and of linear attention in integers; see `attach`.
    """

    model: Any
    codes: Mapping[str, LayerCode]
    backend: str = backends.DEFAULT
    samples: Mapping[str, Sample] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()
    causal: bool = False
    readout: backends.ReadoutKind = "host"
    uncaught: Uncaught = field(default_factory=Uncaught)
    memories: DeltaSpikes | None = None
    _layers: dict[str, SpikingLayer] = field(init=False)
    _connection: Link | None = field(init=False, default=None)
    _last: LastPass = field(init=False, default_factory=LastPass)

    def __post_init__(self) -> None:
        self._layers = {name: SpikingLayer(code, self.backend, Tally(), self.readout)
                        for name, code in self.codes.items()}

    @property
    def attached(self) -> bool:
        """Whether the model runs on this attachment's spikes now."""
        return self._connection is not None and self._connection.asked

    def attach(self) -> None:
        """Switch the model to spikes (done by `attach`; again after `detach`).

        An attachment that the model had before is detached.
        """
        if not self.attached:
            others = links(self.model)
            caps = {name: sample.softcap for name, sample in self.samples.items()}
            self._connection = connect(self.model, Spikes(
                self._layers, caps, last=self._last), self.uncaught)
            for other in others:
                other.close()
                if isinstance(other.handler, Spikes):
                    other.handler.forget()
            attach_memories(self.model, self.memories)

    def detach(self) -> None:
        """Switch the model back to its own attention; harmless when done twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            detach_memories(self.model, self.memories)
            Spikes(self._layers).forget()

    def __reduce_ex__(self, protocol: object) -> Any:
        raise UsageError("an attachment cannot be copied or pickled: it holds a live model",
                         hint="save() it as a bundle, and attach the copy of the model to that")

    @property
    def tally(self) -> Tally:
        """What all layers have done so far, summed."""
        return total(layer.tally for layer in self._layers.values())

    def median_steps(self) -> float:
        """Median over all heads of the steps from one query to the next."""
        return float(median(h.period for code in self.codes.values() for h in code.heads))

    def report(self) -> dict[str, Any]:
        """What runs in spikes and what it has done so far; plain values, for JSON."""
        return {
            "model": type(self.model).__name__, "attached": self.attached,
            "backend": self.backend, "readout": self.readout, "threads": threads.count(),
            "layers": len(self.codes),
            "heads": sum(len(code.heads) for code in self.codes.values()),
            "median_steps": self.median_steps(), **self.tally.as_dict(),
            "warnings": [str(caution) for caution in (*self.cautions, *self._seen_so_far())],
            "per_layer": [_layer_report(name, layer) for name, layer in self._layers.items()],
            "float_modules": [found for found in float_modules(self.model, self._in_spikes)
                              if found["kind"] != ATTENTION or not self.uncaught.watched],
            "uncaught": self.uncaught.listed(),
            "way": self._connection.way if self._connection else None,
            "memories": self.memories and self.memories.report(),
        }

    def glance(self) -> dict[str, Any]:
        """What a notebook shows: what runs in spikes, what it has done, and what does not."""
        told = self.report()
        some = ("layer", "heads", "slots", "median_steps", "queries", "spikes", "forced_a_query")
        return {
            **{name: told[name] for name in (
                "model", "attached", "backend", "readout", "queries", "spikes", "forced",
                "clipped_share")},
            "per layer": [{name: row[name] for name in some} for row in told["per_layer"]],
            "in float": ", ".join(one["module"] for one in told["float_modules"]) or "nothing",
            "warnings": sentences(told["warnings"])}

    @property
    def _in_spikes(self) -> set[str]:
        return {*self.codes, *(self.memories.codes if self.memories else ())}

    def _seen_so_far(self) -> list[Caution]:
        return of_run({name: layer.tally for name, layer in self._layers.items()})

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write a bundle that `attach` and ``neuromorph simulate`` take.

        Parameters
        ----------
        path : path
            Folder to write; must not exist unless ``force``.
        force : bool
            Replace a bundle that stands there.

        Raises
        ------
        OutputExistsError, WriteError
        UnsupportedError
            With memories of the gated delta rule, which a bundle has no place for.
        """
        if self.memories:
            raise UnsupportedError("a bundle has no place for memories of the gated delta rule",
                                   where=next(iter(self.memories.codes)),
                                   hint="attach without memories=True to save the attention; "
                                   "neuromorph export MODEL --memories writes a bundle of these")
        config = getattr(self.model, "config", None)
        bundle = Bundle(
            str(getattr(config, "model_type", type(self.model).__name__)),
            self.causal, self.codes, self.samples, self.options,
            cautions.noted(self.provenance, self.cautions))
        return save_bundle(bundle, path, force=force)


def _layer_report(name: str, layer: SpikingLayer) -> dict[str, Any]:
    heads, shared = layer.code.heads, layer.code.shared
    return {"layer": name, "heads": len(heads), "spike_kind": shared.spikes,
            "slots": shared.slots, "median_steps": float(median(h.period for h in heads)),
            "curved_heads": sum(head.cap > 0 for head in heads),
            "sloped_heads": sum(head.slope > 0 for head in heads), **layer.tally.as_dict()}


@overload
def attach(
    model: Any, source: MemoriesBundle, *, backend: str = backends.DEFAULT,
) -> MemoryAttachment: ...


@overload
def attach(
    model: Any, source: Any, *, tokenizer: Any = None, options: TranslateOptions | None = None,
    backend: str = backends.DEFAULT, readout: backends.ReadoutKind = "host",
    memories: bool = False,
) -> Attachment: ...


def attach(
    model: Any,
    source: Any,
    *,
    tokenizer: Any = None,
    options: TranslateOptions | None = None,
    backend: str = backends.DEFAULT,
    readout: backends.ReadoutKind = "host",
    memories: bool = False,
) -> Attachment | MemoryAttachment:
    """Run the attention of a PyTorch model in spikes, in place.

    Parameters
    ----------
    model : torch.nn.Module
        In ``eval`` mode; any whose attention is a softmax. Models of transformers are reached by
        its attention interface, all others by hooks: torch's `scaled_dot_product_attention`,
        `MultiheadAttention`, or a softmax between two products. What it was attached to before,
        it is detached from.
    source : path, Bundle, MemoriesBundle, or calibration data
        A bundle that was exported for this model, of attention or of memories; or what the model
        is called with on sample data: a tensor, a tuple of arguments, or a mapping of names to
        them (as a tokenizer returns it), or several of these; or, with a tokenizer, texts.
    tokenizer : transformers tokenizer, optional
        Turns texts into inputs, of at most 512 tokens each.
    options : TranslateOptions, optional
        How to translate; only with calibration data.
    backend : str
        One of `neuromorph.backends.names`.
    readout : {"host", "emitted"}
        Whether we divide what the heads' potentials say, or the heads do it and send their context
        as graded spikes, as they must where the next layer is on the chip too. That takes longer.
    memories : bool
        Whether layers that keep a memory by the gated delta rule (Gated DeltaNet: Qwen3-Next,
        OLMo Hybrid) or by linear attention with decay (lightning attention: MiniMax) run in
        integers too, as plastic circuits would; only with calibration data.

    Returns
    -------
    Attachment
        Also a context manager that detaches at its end. Of a bundle of memories, a
        `MemoryAttachment`, which is that too.

    Raises
    ------
    MissingExtraError
        Without torch, or without transformers for a model of its.
    InputError, UsageError, UnsupportedError
        If the data, the bundle or the model does not fit. The model is then as it was before.

    Examples
    --------
    >>> spiking = neuromorph.attach(model, texts, tokenizer=tokenizer)  # doctest: +SKIP
    >>> model.generate(**prompt)                                        # doctest: +SKIP
    >>> spiking.detach()                                                # doctest: +SKIP
    """
    backends.get(backend)
    backends.check_readout(readout)
    model = uncompiled(model)
    check_model(model)
    if isinstance(source, Bundle | MemoriesBundle | os.PathLike) or (
            isinstance(source, str) and tokenizer is None):
        if options is not None or tokenizer is not None or memories:
            raise UsageError("a bundle is calibrated: it takes neither options nor a tokenizer "
                             "nor memories")
        bundle = _loaded(source)
        if isinstance(bundle, MemoriesBundle):
            return _memories_of(model, bundle, backend)
        attachment = _from_bundle(model, bundle, backend, readout)
    else:
        batches = _batches(model, source, tokenizer)
        known = [] if tokenizer is None else cautions.of_tokens(
            *counted_tokens(tokenizer, batches))
        attachment = _from_data(model, batches, options or TranslateOptions(), backend, readout,
                                known)
        attachment.memories = delta_spikes(model, batches, backend=backend) if memories else None
    cautions.warn(attachment.cautions)
    attachment.attach()
    return attachment


def _loaded(source: Bundle | MemoriesBundle | str | os.PathLike[str]) -> Bundle | MemoriesBundle:
    """A bundle; one of a whole model is refused, in words."""
    if isinstance(source, Bundle | MemoriesBundle):
        return source
    return load_memories(source) if kind_said(source) == KIND else load_bundle(source)


def _memories_of(model: Any, bundle: MemoriesBundle, backend: str) -> MemoryAttachment:
    found = MemoryAttachment.of(model, bundle, backend)
    cautions.warn(found.cautions)
    found.attach()
    return found


def _from_bundle(
    model: Any, bundle: Bundle, backend: str, readout: backends.ReadoutKind
) -> Attachment:
    modules = match_layers(model, bundle.codes, bundle.path or "bundle")
    codes = {modules[name]: code for name, code in bundle.codes.items()}
    samples = {modules[name]: sample for name, sample in bundle.samples.items()}
    known = [caution for caution in bundle.cautions if caution.kind != FLOAT]
    return Attachment(model, codes, backend, samples, bundle.options, bundle.provenance,
                      (*known, *stays_float(model, codes, Uncaught())), bundle.causal, readout)


def _from_data(
    model: Any, batches: list[Any], options: TranslateOptions, backend: str,
    readout: backends.ReadoutKind, known: Sequence[Caution],
) -> Attachment:
    uncaught = Uncaught()
    samples = record(model, batches, uncaught)
    chosen = with_slots(options, samples, most=positions(model), least=SLOTS)
    codes, outliers = {}, {}
    for name, seen in samples.items():
        codes[name], outliers[name] = calibrated(seen, chosen, name)
    sequences = max(len(seen) for seen in samples.values())
    found = (*known, *cautions.of_data(samples, options.slots),
             *cautions.of_outliers(outliers, range(sequences), sequences),
             *cautions.of_periods(codes), *of_soft_caps(samples, codes),
             *stays_float(model, codes, uncaught))
    kept, causal = kept_samples(samples), is_causal(samples)
    del samples, seen
    give_back()
    return Attachment(model, codes, backend, kept, asdict(chosen), {
        "model": Path(getattr(model, "name_or_path", "")).name or type(model).__name__,
        "calibration": f"{sequences} sequences, given to attach"}, found, causal, readout, uncaught)


def _batches(model: Any, source: Any, tokenizer: Any) -> list[Any]:
    batches = batches_of(source)
    if tokenizer is not None and all(isinstance(batch, str) for batch in batches):
        found = tokenised(model, tokenizer, batches)
        if not found:
            raise CalibrationError("the texts hold no tokens")
        return list(found)
    for batch in batches:
        check_batch(batch)
    return batches
