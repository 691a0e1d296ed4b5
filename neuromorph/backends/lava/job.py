"""What the child process is asked to do, as a file of plain arrays and JSON; never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.network import Network, Probe
from neuromorph.network.plain import network_as_dict, network_from_dict
from neuromorph.shown import Shown

Results: TypeAlias = tuple[list[NDArray[Any]], dict[str, tuple[NDArray[Any], NDArray[Any]]]]
"""Traces in the order of the probes, and the learned weights and tags by projection."""


@dataclass(frozen=True, eq=False, repr=False)
class Job(Shown):
    """A checked network, what drives it, and what to record."""

    network: Network
    inputs: Mapping[str, NDArray[Any]]
    probes: tuple[Probe, ...]
    steps: int


def write_job(file: IO[bytes], job: Job) -> None:
    """Write a job; schedule and parts stay behind, for Lava does not look at them."""
    arrays: dict[str, NDArray[Any]] = {}

    def keep(weights: NDArray[Any]) -> str:
        name = f"weights{len(arrays)}"
        arrays[name] = weights
        return name

    description = {
        "network": network_as_dict(job.network, keep),
        "inputs": list(job.inputs),
        "probes": [[p.target, p.variable] for p in job.probes],
        "steps": int(job.steps),
    }
    arrays |= {f"input{i}": np.asarray(train) for i, train in enumerate(job.inputs.values())}
    text = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(file, description=text, **arrays)


def read_job(file: IO[bytes]) -> Job:
    """Read what `write_job` wrote."""
    with np.load(file, allow_pickle=False) as arrays:
        description = json.loads(arrays["description"].tobytes())
        network = network_from_dict(description["network"], arrays)
        inputs = {name: arrays[f"input{i}"] for i, name in enumerate(description["inputs"])}
        probes = tuple(Probe(*probe) for probe in description["probes"])
        return Job(network, inputs, probes, description["steps"])


def write_results(
    file: IO[bytes], traces: Sequence[NDArray[Any]], synapses: Mapping[str, Sequence[NDArray[Any]]]
) -> None:
    """Write the traces in the order of the job's probes, and what plastic projections learned."""
    arrays = {f"trace{i}": trace for i, trace in enumerate(traces)}
    for i, (weights, tags) in enumerate(synapses.values()):
        arrays |= {f"weights{i}": weights, f"tags{i}": tags}
    np.savez(file, **arrays)


def read_results(
    file: IO[bytes], job: Job
) -> tuple[dict[Probe, NDArray[Any]], dict[str, tuple[NDArray[Any], NDArray[Any]]]]:
    """Read what `write_results` wrote."""
    with np.load(file, allow_pickle=False) as arrays:
        traces = {probe: arrays[f"trace{i}"] for i, probe in enumerate(job.probes)}
        synapses = {p.name: (arrays[f"weights{i}"], arrays[f"tags{i}"])
                    for i, p in enumerate(job.network.plastic)}
        return traces, synapses
