"""Hebbian attention: a trained head's keys and values are written by plasticity, then queried.

The head is one of the packaged digits model. Nothing sets a weight from outside: tokens arrive
as spikes, and two Hebbian rules put them into the synapses, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, cast

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.digits_head import digits_layer, one_head
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning
from neuromorph.api.circuits.small_head import SMALL_HEAD
from neuromorph.api.compare import part_of
from neuromorph.backends import AttentionBatch
from neuromorph.backends.attention import Memory, attend_clocked
from neuromorph.circuits import hebbian_attention as hebbian
from neuromorph.circuits.latency_attention import PROBES, Attended, LatencyAttention, SpikeKind
from neuromorph.network import Probe
from neuromorph.progress import Progress
from neuromorph.report.hebbian_attention import Memories, draw_memories
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer
from neuromorph.translate.fidelity import float_attention

CALIBRATION_IMAGES = 32


@dataclass(frozen=True)
class Settings:
    """Which head of the digits model attends over which test image, and how it learns it."""

    image: Annotated[int, Meaning("Test image, from 0.")] = 0
    layer: Annotated[int, Meaning("Layer of the digits model, from 0.")] = 0
    head: Annotated[int, Meaning("Head of that layer, from 0.")] = 0
    causal: Annotated[bool, Meaning(
        "Write a token, ask its query, write the next; otherwise write all tokens first.")] = True
    spikes: Annotated[str, Meaning("graded (payloads) or binary (stock neurons).")] = "graded"


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(hebbian.build(SMALL_HEAD))


def run(
    settings: Settings, *, backend: str, seed: int, progress: Progress  # noqa: ARG001 - draws nothing
) -> Outcome:
    """Write one image's tokens into a head, attend, and compare with weights set from outside."""
    progress("reading the digits model")
    sample, layer = _layer(settings)
    work = _head_work(settings, sample, layer)
    memory: Memory = "causal" if settings.causal else "written"
    progress(f"writing {work.keys.shape[2]} tokens on {backend}")
    written = attend_clocked(backends.get(backend), work, memory=memory)
    static = backends.attend(backends.DEFAULT, work, times=True)
    target = float_attention(one_head(sample, settings.head, work.mask[0]))[0][0]
    spiking = written.weights(layer.code.step_nats)[0, 0]
    numbers = _numbers(work, written, static, target, spiking)
    memories = _memories(work, memory, target, spiking)
    return Outcome(numbers, _sentences(numbers), partial(draw_memories, memories))


def _layer(settings: Settings) -> tuple[Sample, SpikingLayer]:
    """What the image brings to the layer, and the layer's circuits from training images."""
    seen = digits_layer(settings.image, settings.layer, settings.head, CALIBRATION_IMAGES)
    kind = cast(SpikeKind, settings.spikes)  # checked there
    code = calibrate_layer(seen.training, TranslateOptions(spikes=kind), seen.name)
    return seen.sample, SpikingLayer(code)


def _head_work(settings: Settings, sample: Sample, layer: SpikingLayer) -> AttentionBatch:
    tokens = sample.keys.shape[1]
    mask = np.tri(tokens, dtype=bool) if settings.causal else np.ones((tokens, tokens), bool)
    whole = layer.encode(sample.queries[None], sample.keys[None], sample.values[None], mask[None])
    return part_of(whole, 0, settings.head, tokens)


def _numbers(
    work: AttentionBatch, written: Attended, static: Attended, target: NDArray[Any],
    spiking: NDArray[Any],
) -> dict[str, Any]:
    head: LatencyAttention = work.heads[0]
    tokens = work.keys.shape[2]
    return {
        "tokens": tokens, "key_size": head.key_size, "spikes": head.spikes,
        "steps_a_write": hebbian.WRITE_STEPS, "steps_a_query": head.period,
        "steps": tokens * (hebbian.WRITE_STEPS + head.period),
        "equal_to_static_keys": written.differs_from(static) is None,
        "largest_difference_to_float_weights": float(np.abs(target - spiking).max()),
        "forced": int(written.forced.sum()),
    }


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    same = ("equal, to the bit, what" if numbers["equal_to_static_keys"]
            else "DIFFER from what")
    done = (f"{numbers['tokens']} tokens were written by Hebbian plasticity, in "
            f"{numbers['steps_a_write']} steps each; no weight was set from outside.")
    errors = ("Attention weights differ from the float softmax by "
              f"{numbers['largest_difference_to_float_weights']:.3f} at the most.")
    return (done, f"Control, normaliser and all spike times {same} static keys and values give.",
            errors)


def _memories(
    work: AttentionBatch, memory: Memory, target: NDArray[Any], spiking: NDArray[Any]
) -> Memories:
    """The synapses after each token of a causal run, on the usual backend."""
    head, keys, values = work.heads[0], work.keys[0, 0], work.values[0, 0]
    lay = hebbian.causal if memory == "causal" else hebbian.write_then_query
    timeline = lay(head, keys, values, work.queries[0, 0], work.mask[0])
    inputs, steps = timeline.trains()
    recording = backends.get(backends.DEFAULT).run(hebbian.build(head), inputs,
                                                   (*PROBES, Probe("key", "weights")), steps)
    on, off = np.split(recording.weights("key"), 2, axis=2)
    return Memories((on - off) // 2, recording.spikes("match"), keys, target, spiking)
