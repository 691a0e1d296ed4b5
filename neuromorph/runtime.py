"""Float attention in, spikes inside, float context out: one layer at work.

The jobs meet here: `translate` says how floats become codes, a backend runs the circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import (
    Attended,
    AttentionBatch,
    FloatLayer,
    FloatWork,
    ReadoutKind,
    Sight,
)
from neuromorph.circuits.gated_delta import Remembered
from neuromorph.circuits.latency_attention import flat_queries
from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.shown import Shown
from neuromorph.translate import (
    Caution,
    LayerCode,
    Outliers,
    Sample,
    TranslateOptions,
    calibrate_and_tell,
    measure_fidelity,
    softcap,
)
from neuromorph.translate.delta_code import DeltaCode
from neuromorph.translate.delta_fidelity import MemoryFidelity, compare_memory

FORCED = 0.05
"""Forced spikes a query that a layer may have: where calibration fits there are some .005."""

FLAT = 0.05
"""Share of queries that may tell no key from another."""

CLIPPED = 0.01
"""Share of codes that may be clipped: where calibration fits it is some .0001."""

JUDGED = 200
"""Queries of a layer, over its heads, that are judged; those that it lacks count as good ones."""


@dataclass
class Tally:
    """What spiking attention has done so far.

    Attributes
    ----------
    queries, spikes, forced, steps : int
        Summed over heads; ``steps`` counts each query's whole period.
    clipped, codes : int
        Codes that lay beyond what calibration allowed, of all codes made.
    flat : int
        Queries that told no key from another; see `flat_queries`.
    """

    queries: int = 0
    spikes: int = 0
    forced: int = 0
    steps: int = 0
    clipped: int = 0
    codes: int = 0
    flat: int = 0

    def count(self, code: LayerCode, attended: Attended) -> None:
        """Add one run."""
        self.add(code, attended.spikes.size, int(attended.spikes.sum()),
                 int(attended.forced.sum()),
                 int(np.count_nonzero(flat_queries(code.heads, attended))))

    def add(
        self, code: LayerCode, queries: int, spikes: int, forced: int, flat: int
    ) -> None:
        """Add one run of so many queries, over all heads."""
        self.queries += queries
        self.spikes += spikes
        self.forced += forced
        self.flat += flat
        self.steps += queries // len(code.heads) * code.steps_a_query

    @property
    def forced_a_query(self) -> float:
        """Forced spikes a query of a head."""
        return self.forced / max(1, self.queries)

    @property
    def flat_share(self) -> float:
        """Share of queries that told no key from another."""
        return self.flat / max(1, self.queries)

    @property
    def clipped_share(self) -> float:
        """Share of codes that were clipped."""
        return self.clipped / max(1, self.codes)

    def as_dict(self) -> dict[str, float]:
        """Plain values, for JSON."""
        return {**asdict(self), "forced_a_query": self.forced_a_query,
                "clipped_share": self.clipped_share, "flat_share": self.flat_share}


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum."""
    every = list(tallies)
    return Tally(**{f.name: sum(getattr(t, f.name) for t in every) for f in fields(Tally)})


def of_run(tallies: Mapping[str, Tally]) -> list[Caution]:
    """Layers that calibration did not prepare for what they were given; the worst is named."""
    found = []
    if worst := _worst(tallies, attrgetter("forced_a_query"), FORCED):
        found.append(Caution(
            "forced-spikes", worst[0],
            f"{worst[1]:.2g} forced spikes a query in {worst[0]} ({worst[2]} of {len(tallies)} "
            f"layers above {FORCED}): queries match better than calibration ever saw. Calibrate "
            "on passages as long as those you run, and of their kind"))
    if worst := _worst(tallies, attrgetter("clipped_share"), CLIPPED):
        found.append(Caution(
            "clipped-codes", worst[0],
            f"{worst[1]:.2%} of the codes in {worst[0]} are clipped ({worst[2]} of "
            f"{len(tallies)} layers above {CLIPPED:.0%}): values lie beyond what calibration "
            "saw. Calibrate on data like that which you run"))
    if worst := _worst(tallies, attrgetter("flat_share"), FLAT):
        found.append(Caution(
            "flat-queries", worst[0],
            f"{worst[1]:.2%} of the queries in {worst[0]} tell no key from another ({worst[2]} of "
            f"{len(tallies)} layers above {FLAT:.0%}): all their keys lie below the window, and "
            "the answer is the mean of their values. Calibrate on data like that which you run, "
            "or with a longer window (--window-nats, TranslateOptions(window_nats=…))"))
    return found


def _worst(
    tallies: Mapping[str, Tally], share: Callable[[Tally], float], limit: float
) -> tuple[str, float, int] | None:
    """The layer farthest above the limit, its share, and how many are above; None if none is.

    Queries that a layer lacks to be judged by count as good ones.
    """
    above = {name: share(tally) for name, tally in tallies.items()
             if share(tally) * min(1.0, tally.queries / JUDGED) > limit}
    if not above:
        return None
    name = max(above, key=lambda one: above[one])
    return name, above[name], len(above)


@dataclass(eq=False, repr=False)
class SpikingLayer(Shown):
    """One attention layer on a backend.

    Attributes
    ----------
    code : LayerCode
    backend : str
    tally : Tally
        Shared by all layers of a model, if the caller wants one sum.
    readout : {"host", "emitted"}
        Whether we divide control by normaliser, or the circuit does; see `AttentionBatch`.
    """

    code: LayerCode
    backend: str = backends.DEFAULT
    tally: Tally = field(default_factory=Tally)
    readout: ReadoutKind = "host"

    def encode(
        self, queries: NDArray[Any], keys: NDArray[Any], values: NDArray[Any],
        mask: NDArray[np.bool_], bias: NDArray[Any] | None = None,
    ) -> AttentionBatch:
        """Integer work of float arrays, each (batch, heads, tokens, size); queries are scaled.

        A bias (batch or 1, heads or 1, queries, keys) is in nats.
        """
        coded = (self.code.encode_queries(queries), self.code.encode_keys(keys),
                 self.code.encode_values(values))
        self.tally.clipped += sum(clipped for _, clipped in coded)
        self.tally.codes += sum(codes.size for codes, _ in coded)
        added, clipped = self.code.encode_bias(bias, mask)
        if added is not None:
            self.tally.clipped += clipped
            self.tally.codes += len(self.code.heads) * int(np.count_nonzero(mask))
        return AttentionBatch(self.code.heads, coded[0][0], coded[1][0], coded[2][0], mask,
                              self.readout, added)

    def run(self, work: AttentionBatch, *, times: bool = False) -> Attended:
        """Run coded work and count it."""
        attended = backends.attend(self.backend, work, times=times)
        self.tally.count(self.code, attended)
        return attended

    def answer(self, work: FloatWork) -> NDArray[np.float32]:
        """Context (batch, heads, queries, value_size).

        Raises
        ------
        TensorError
            If the floats do not fit the layer, or are not finite.
        """
        self.code.check_sizes(work.queries, work.keys, work.values)
        if work.bias is not None and not work.bias.any():
            work = replace(work, bias=None)
        answer = self._floats(work) if self._floats is not None else None
        if answer is not None:
            batch, heads, asked, _ = work.queries.shape
            self.tally.add(self.code, batch * heads * asked, answer.spikes, answer.forced,
                           answer.flat)
            self.tally.clipped += answer.clipped
            self.tally.codes += work.queries.size + work.keys.size + work.values.size
            return answer.context
        queries = work.queries * work.queries.dtype.type(work.scale)
        return self.code.decode(self.run(self.encode(queries, work.keys, work.values,
                                                     work.sight.mask, work.bias)))

    def __call__(
        self, queries: NDArray[Any], keys: NDArray[Any], values: NDArray[Any],
        mask: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """`answer` to scaled queries under a mask (batch, queries, keys)."""
        return self.answer(FloatWork(queries, keys, values, Sight(mask)))

    @cached_property
    def _floats(self) -> FloatLayer | None:
        """A shortcut for what a host reads; there is none for contexts sent, slopes and curves."""
        if self.readout != "host" or any(head.slope or head.cap for head in self.code.heads):
            return None
        return backends.float_layer(self.backend, self.code)

    def forget(self) -> None:
        """Let go of codes that are kept while a text grows."""
        self.__dict__.pop("_floats", None)

    def run_sample(self, sample: Sample) -> Attended:
        """One sample as a batch of one, with spike times."""
        return self.run(self.encode(
            sample.queries[None], sample.keys[None], sample.values[None], sample.mask[None],
            None if sample.bias is None else sample.bias[None]), times=True)


def memory_fidelity(
    layer: str, codes: Sequence[DeltaCode], samples: Sequence[DeltaSample]
) -> list[MemoryFidelity]:
    """Each memory of a layer on samples (heads, tokens, …), in closed form."""
    remember = backends.remembering(backends.DEFAULT)
    found = []
    for head, code in enumerate(codes):
        own, outputs, clipped = [sample.part(head) for sample in samples], [], 0
        for sample in own:
            sent, beyond, _ = code.encode(sample)
            done = remember(code.numbers, sent)
            outputs.append(code.decode(done.answers))
            clipped += beyond + at_limits(done)
        found.append(compare_memory(layer, head, own, outputs, clipped))
    return found


def at_limits(done: Remembered) -> int:
    """Errors, and weights after a token, that are at a limit."""
    return done.clipped_errors + done.clipped_weights


def calibrated(
    samples: Sequence[Sample], options: TranslateOptions, where: str = "layer"
) -> tuple[LayerCode, Outliers]:
    """A layer's code, and what it left out of the samples; see `translate.calibrate_layer`.

    Where logits are softly capped, heads that share keys have curved ramps if the mean cosine of
    their contexts on some of these samples is the higher for it.
    """
    straight, outliers = calibrate_and_tell(samples, options, where)
    if not softcap.may_curve(samples, options):
        return straight, outliers
    bent, _ = calibrate_and_tell(samples, options, where, curved=True)
    gained = _closeness(bent, samples) - _closeness(straight, samples)
    better = gained.reshape(-1, straight.group).mean(axis=1) > 0
    return softcap.mixed(straight, bent, better), outliers


def _closeness(code: LayerCode, samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Mean cosine of each head's contexts to those of float attention."""
    parts, layer = softcap.judged(samples, softcap.CHOSEN_BY), SpikingLayer(code)
    found = measure_fidelity("", code, parts, [layer.run_sample(part) for part in parts])
    return np.array([head.cosine for head in found])
