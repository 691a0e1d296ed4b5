"""Simulate memories: a bundle and what they are sent in, outputs, counts and fidelity out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.gated_delta import run_memory
from neuromorph.api.collect import check_names
from neuromorph.bundle.memories import MemoriesBundle, load_memories
from neuromorph.bundle.memories.arrays import PARTS, fitting_sample
from neuromorph.circuits.gated_delta import PERIOD
from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.errors import CalibrationError, UsageError
from neuromorph.files.arrays import load_arrays
from neuromorph.progress import Progress, silent
from neuromorph.runtime import at_limits
from neuromorph.shown import Shown
from neuromorph.translate import Caution, cautions
from neuromorph.translate.delta_fidelity import MemoryFidelity, compare_memory, of_memories

CLOSED = "closed form, compiled: equal to the clock to the bit"
CLOCKED = "the clock, step by step; equal to the closed form to the bit"


@dataclass(frozen=True, eq=False, repr=False)
class MemoriesSimulation(Shown):
    """What a simulation of memories did.

    Attributes
    ----------
    backend, evidence : str
        What ran it, and what kind of machine that is.
    by : str
        Closed form or clock.
    fidelity : list of MemoryFidelity
    outputs : dict of array
        ``outputs.<layer>``, shape (memories, tokens, value_size), in the layer's own units.
    source : dict
        Which bundle ran on which inputs.
    cautions : tuple of Caution
        Reasons to trust the result less: what the bundle holds of them, and this run's.
    """

    backend: str
    evidence: str
    by: str
    fidelity: list[MemoryFidelity]
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**self.source, "kind": "memories", "backend": self.backend,
                "evidence": self.evidence, "by": self.by, "steps_a_token": PERIOD,
                "tokens": sum(one.tokens for one in self.fidelity),
                "clipped": sum(one.clipped for one in self.fidelity),
                "mean_cosine": sum(one.cosine for one in self.fidelity) / len(self.fidelity),
                "fidelity": [one.as_dict() for one in self.fidelity],
                "warnings": [one.as_dict() for one in self.cautions]}


def simulate_memories(
    bundle: str | os.PathLike[str] | MemoriesBundle,
    *,
    inputs: str | os.PathLike[str] | Mapping[str, NDArray[Any]] | None = None,
    backend: str = backends.DEFAULT,
    readout: str = "host",
    progress: Progress = silent,
) -> MemoriesSimulation:
    """Run a bundle's memories, each on its own inputs.

    Parameters
    ----------
    bundle : path or MemoriesBundle
    inputs : path of an ``.npz``, or mapping of arrays, optional
        ``queries.<i>``, ``keys.<i>`` (memories, tokens, key_size), ``values.<i>`` (memories,
        tokens, value_size), ``keep.<i>`` and ``rate.<i>`` (memories, tokens) of layer i, as
        `neuromorph.dynamics.gated_delta.DeltaSample` has them. The bundle's own sample if left
        out.
    backend : str
        One of `neuromorph.backends.names`. `fast` has a closed form; others run the circuits by
        the clock, and are held against it.
    readout : {"host"}
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        Before anything runs, if the bundle or the inputs are not sound.
    """
    if readout != "host":
        raise UsageError("memories send their answers themselves: nothing is divided",
                         found=f"readout {readout}", expected="host", hint="leave it out")
    machine = backends.get(backend)
    loaded = bundle if isinstance(bundle, MemoriesBundle) else load_memories(bundle)
    arrays = (load_arrays(inputs, lambda found: _check_names(found, loaded))
              if isinstance(inputs, str | os.PathLike) else inputs)
    samples = loaded.samples if arrays is None else samples_of(loaded, arrays)
    fidelity: list[MemoryFidelity] = []
    outputs: dict[str, NDArray[Any]] = {}
    for name, sample in samples.items():
        progress(f"simulating {name}")
        outputs[f"outputs.{name}"], found = _run(loaded, name, sample, backend)
        fidelity += found
    said = (*loaded.cautions, *of_memories(fidelity))
    cautions.warn(said)
    return MemoriesSimulation(
        machine.name, machine.evidence, CLOCKED if machine.memories() is None else CLOSED,
        fidelity, outputs, {"bundle": str(loaded.path or "in memory"), "inputs": told(inputs)},
        said)


def samples_of(
    bundle: MemoriesBundle, arrays: Mapping[str, NDArray[Any]]
) -> dict[str, DeltaSample]:
    """Samples of a bundle's layers from arrays by name.

    Raises
    ------
    CalibrationError, TensorError
        If an array is missing or does not fit its layer.
    """
    _check_names(arrays, bundle)
    samples = {}
    for i, (name, codes) in enumerate(bundle.codes.items()):
        given = {part: np.asarray(arrays[f"{part}.{i}"]) for part in PARTS
                 if f"{part}.{i}" in arrays}
        missing = [part for part in PARTS if part not in given]
        if given and missing:
            raise CalibrationError("an input array is missing", where=name,
                                   expected=f"{missing[0]}.{i}")
        if given:
            samples[name] = fitting_sample(given, codes, name)
    if not samples:
        raise CalibrationError("there are no inputs", expected="queries.0, keys.0, values.0, "
                               "keep.0, rate.0, …")
    return samples


def _run(
    bundle: MemoriesBundle, layer: str, sample: DeltaSample, backend: str
) -> tuple[NDArray[Any], list[MemoryFidelity]]:
    """Outputs of a layer's memories, and what they lose."""
    closed = backends.get(backend).memories()
    outputs, fidelity = [], []
    for head, code in enumerate(bundle.codes[layer]):
        own = sample.part(head)
        codes, clipped, _ = code.encode(own)
        done = (run_memory(code.numbers, codes, backend) if closed is None
                else closed(code.numbers, codes))
        outputs.append(code.decode(done.answers))
        fidelity.append(compare_memory(layer, head, [own], outputs[-1:],
                                       clipped + at_limits(done)))
    return np.stack(outputs), fidelity


def _check_names(arrays: Mapping[str, object], bundle: MemoriesBundle) -> None:
    check_names(arrays, [f"{part}.{i}" for i in range(len(bundle.codes)) for part in PARTS],
                "inputs")


def told(inputs: object) -> str:
    """What ran, in words."""
    if inputs is None:
        return "the bundle's own sample"
    return os.fspath(inputs) if isinstance(inputs, str | os.PathLike) else "arrays in memory"
