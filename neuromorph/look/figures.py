"""What there is to look at, each a figure of matplotlib: to be shown, changed or saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.errors import UsageError, printable
from neuromorph.look.episode import check_query, episode, episode_of
from neuromorph.look.lengths import LengthFidelity, lengths
from neuromorph.look.maps import Maps, Seen, layer_name, maps, maps_of, sample_of
from neuromorph.look.whole import block_name, maps_of_work, whole_work
from neuromorph.report.compile_pictures import chips_figure, energy_figure
from neuromorph.report.head_pictures import context_figure, heads_figure
from neuromorph.report.hidden_states import hidden_figure
from neuromorph.report.pictures import Query, maps_figure, raster_figure
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.translate import HeadFidelity, LayerCode, Sample, measure_fidelity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_HEADS = 24
"""Heads of a picture, if nobody says which."""


class Reported(Protocol):
    """What ``compile_bundle`` returns."""

    @property
    def report(self) -> Mapping[str, Any]:
        """Plain values, as ``report.json`` holds them."""


class Evaluated(Protocol):
    """What ``evaluate`` returns."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""


def attention(
    seen: Seen | Maps, layer: str | int = 0, heads: Sequence[int] | None = None, *,
    sequence: int = 0,
) -> Figure:
    """Attention maps of a layer, float above spikes.

    Parameters
    ----------
    seen : Bundle, Attachment or Maps
        Of `Maps` (``spiking.maps(layer)``) those are drawn; of the others the sample is asked.
    layer : str or int
    heads : sequence of int, optional
        The first 24, if left out.
    sequence : int
        Of `Maps`: which of the batch.

    Raises
    ------
    UsageError
        If there is no such layer or head.
    MissingExtraError
        Without matplotlib.
    """
    found = seen if isinstance(seen, Maps) else maps(seen, layer)
    batch, count = found.spiking.shape[:2]
    chosen = list(range(min(count, MOST_HEADS))) if heads is None else list(heads)
    wrong = [head for head in chosen if not 0 <= head < count]
    if wrong or not chosen or not 0 <= sequence < batch:
        raise UsageError("there is no such head or sequence", where=found.layer,
                         found=f"heads {chosen}, sequence {sequence}",
                         expected=f"heads 0 to {count - 1}, sequences 0 to {batch - 1}")
    names = [f"head {h}: KL {found.fidelity[h].kl:.2g}" for h in chosen]
    some = f", {len(chosen)} of {count} heads" if len(chosen) < count else ""
    return maps_figure(found.target[sequence][chosen], found.spiking[sequence][chosen],
                       f"Attention maps of {printable(found.layer)}{some}", names)


def raster(seen: Seen, layer: str | int = 0, head: int = 0, query: int | None = None) -> Figure:
    """One query of one head, step by step: match spikes, control potentials, attention weights.

    Parameters
    ----------
    seen : Bundle or Attachment
        Its sample is asked.
    layer : str or int
    head : int
    query : int, optional
        The last one that may look anywhere, if left out.

    Raises
    ------
    UsageError
        If there is no such layer, head or query.
    MissingExtraError
        Without matplotlib.
    """
    name = layer_name(seen.codes, layer)
    return raster_of(name, seen.codes[name], sample_of(seen, name), head, query)


def raster_of(
    name: str, code: LayerCode, sample: Sample, head: int, query: int | None = None
) -> Figure:
    """`raster` of any sample."""
    asked = int(sample.mask.any(axis=1).nonzero()[0].max(initial=0)) if query is None else query
    check_query(sample.mask, len(sample.queries), head, asked, name)
    found = maps_of(name, code, [sample.asking(slice(asked, asked + 1))])
    part = sample.asking(slice(asked, asked + 1))
    return raster_figure(episode(code, part, head), Query(found.target[0, head, 0],
                                                          found.spiking[0, head, 0]),
                         f"{printable(name)}, head {head}: query {asked}, step by step")


def raster_whole(
    model: Transformer, inputs: NDArray[Any], block: int = 0, head: int = 0,
    query: int | None = None,
) -> Figure:
    """`raster` of a head of a whole model, on inputs of its own.

    Parameters
    ----------
    model : Transformer
        ``bundle.model`` of a whole bundle.
    inputs : int array, shape (tokens,) or (tokens, pixels)
    block, head : int
    query : int, optional
        The last token, if left out.

    Raises
    ------
    UsageError
        If there is no such block, head or token.
    MissingExtraError
        Without matplotlib.
    """
    work = whole_work(model, inputs, block)
    asked = len(work.mask[0]) - 1 if query is None else query
    name = block_name(block)
    check_query(work.mask[0], len(work.heads), head, asked, name)
    found = maps_of_work(name, work)
    return raster_figure(
        episode_of(work, head, asked),
        Query(found.target[0, head, asked], found.spiking[0, head, asked]),
        f"{name}, head {head}: token {asked}, step by step")


def heads(seen: Seen | Sequence[HeadFidelity]) -> Figure:
    """Cosine and KL divergence to float attention, by layer and head.

    Parameters
    ----------
    seen : Bundle, Attachment, or sequence of HeadFidelity
        What ``simulate`` found (``report.fidelity``) is drawn as it is; else samples are asked.
    """
    if isinstance(seen, Sequence):
        return heads_figure(seen)
    return heads_figure([head for name, sample in seen.samples.items() for head in measure_fidelity(
        name, seen.codes[name], [sample],
        [SpikingLayer(seen.codes[name], tally=Tally()).run_sample(sample)])])


def context(seen: Seen | Sequence[LengthFidelity]) -> Figure:
    """Cosine and KL divergence to float attention against the keys in sight.

    Parameters
    ----------
    seen : Bundle, Attachment, or what `lengths` found
    """
    return context_figure(seen if isinstance(seen, Sequence) else lengths(seen))


def hidden(found: Evaluated | Sequence[float]) -> Figure:
    """How far hidden states are from float, layer by layer.

    Parameters
    ----------
    found : Evaluation, or its ``cosine_by_layer``

    Raises
    ------
    UsageError
        If no hidden states were compared.
    """
    cosines = found if isinstance(found, Sequence) else found.as_dict()["cosine_by_layer"]
    return hidden_figure(cosines, "Hidden states against float, layer by layer")


def energy(compiled: Reported) -> Figure:
    """Energy by kind of event, as estimated: nothing is measured on a chip.

    Parameters
    ----------
    compiled : CompileReport

    Raises
    ------
    UsageError
        If the bundle does not fit, or the profile has no costs.
    """
    report = _fitting(compiled)
    if report["energy_joules"] is None:
        raise UsageError("there is no estimate of energy", where=report["title"],
                         hint="name a set of costs: compile_bundle(…, costs=…)")
    return energy_figure(report)


def chips(compiled: Reported) -> Figure:
    """Where the cores are, and how full.

    Parameters
    ----------
    compiled : CompileReport

    Raises
    ------
    UsageError
        If the bundle does not fit.
    """
    return chips_figure(_fitting(compiled))


def _fitting(compiled: Reported) -> Mapping[str, Any]:
    if not compiled.report["fits"]:
        raise UsageError("the bundle does not fit: there is no map of it",
                         found=compiled.report["reason"],
                         hint="compiled.report['changes'] says what would make it fit")
    return compiled.report
