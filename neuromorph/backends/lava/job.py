"""What the child process is asked to do, as a file of plain arrays and JSON; never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.network import LearningRule, Network, Population, Probe, Projection
from neuromorph.neurons.plain import model_of, plain_parameters
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
    """Write a job; schedule and motif stay behind, for Lava does not look at them."""
    network = job.network
    description = {
        "name": network.name,
        "domain": network.domain,
        "populations": [[p.name, p.size, p.model.kind, plain_parameters(p.model)]
                        for p in network.populations],
        "projections": [[p.name, p.pre, p.post, p.delay, p.exponent, p.graded, _rule(p),
                         p.modulators, p.port] for p in network.projections],
        "inputs": list(job.inputs),
        "probes": [[p.target, p.variable] for p in job.probes],
        "steps": int(job.steps),
    }
    arrays = {f"weights{i}": p.weights for i, p in enumerate(network.projections)}
    arrays |= {f"input{i}": np.asarray(train) for i, train in enumerate(job.inputs.values())}
    text = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(file, description=text, **arrays)


def read_job(file: IO[bytes]) -> Job:
    """Read what `write_job` wrote."""
    with np.load(file, allow_pickle=False) as arrays:
        description = json.loads(arrays["description"].tobytes())
        network = Network(
            description["name"],
            description["domain"],
            tuple(Population(name, size, model_of(kind, numbers, name))
                  for name, size, kind, numbers in description["populations"]),
            tuple(Projection(name, pre, post, arrays[f"weights{i}"], delay, exponent, graded,
                             LearningRule(**rule) if rule else None, tuple(modulators), port)
                  for i, (name, pre, post, delay, exponent, graded, rule, modulators, port)
                  in enumerate(description["projections"])),
        )
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


def _rule(projection: Projection) -> dict[str, Any] | None:
    """All of a rule's fields; infinity survives JSON as Python writes it."""
    return None if projection.rule is None else asdict(projection.rule)
