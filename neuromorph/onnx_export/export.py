"""A network of integers as an ONNX file: one loop over steps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UnsupportedError, UsageError, did_you_mean
from neuromorph.files.atomic import write_file
from neuromorph.network import Network, Probe, verify
from neuromorph.network.model import SYNAPTIC
from neuromorph.onnx_export.body import Body, Carried, draws_name
from neuromorph.onnx_export.graph import IR_VERSION, OPSET, Graph, require_onnx
from neuromorph.onnx_export.refusals import why_not_onnx
from neuromorph.straight.learning import DRAWS, draws_of

LARGEST = 2 * 10**9
"""Bytes of weights in a file: protobuf ends at 2^31."""

STEPS = "steps"
"""Name of the free axis."""


def export_onnx(
    network: Network, path: str | os.PathLike[str], *, probes: Sequence[Probe] | None = None,
    force: bool = False,
) -> tuple[str, ...]:
    """Write a network of the fixed domain as an ONNX model, equal to it in every integer.

    The model is one ``Scan`` over steps, in 32 bits, and in 64 where a number needs them. Its
    inputs are a train for each source, int32 of shape (steps, size), and where synapses learn
    the random numbers of `draws_of_network`; its outputs what the probes name, ``NAME`` for
    spikes and ``NAME.v`` for other variables, int32 or int64 of shape (steps, size), and the
    weights that projections have learned at the end, of shape (post, pre).

    Parameters
    ----------
    network : Network
    path : path
    probes : sequence of Probe, optional
        What is given out; spikes and potentials of all neurons if left out.
    force : bool
        Whether to replace a file.

    Returns
    -------
    tuple of str
        Names of the outputs.

    Raises
    ------
    MissingExtraError
        Without the package onnx.
    UnsupportedError
        If a part of the network has no exact form in ONNX; it is named.
    NetworkError, UsageError, OutputExistsError, WriteError
    """
    model = to_onnx(network, probes=probes)
    write_file(path, model.SerializeToString(deterministic=True), force=force)
    return tuple(output.name for output in model.graph.output)


def to_onnx(network: Network, *, probes: Sequence[Probe] | None = None) -> Any:
    """The ``onnx.ModelProto`` that `export_onnx` writes; same arguments, same errors."""
    onnx = require_onnx()
    reason = why_not_onnx(verify(network))
    if reason:
        raise UnsupportedError("ONNX cannot hold this network", where=network.name, found=reason)
    graph = Graph(onnx)
    asked = _asked(network, probes)
    for name in (*(p.name for p in network.populations if p.is_source), *map(output_name, asked)):
        if graph.name(name) != name:
            raise UnsupportedError("two inputs or outputs of the model would have one name",
                                   where=network.name, found=name, hint="rename the population")
    body = Body(graph, network)
    if graph.bytes > LARGEST:
        raise UnsupportedError("an ONNX file cannot hold so many weights", where=network.name,
                               found=f"{graph.bytes:,} bytes", expected=f"at most {LARGEST:,}",
                               hint="write parts of it: a block at a time")
    return _Model(onnx, graph, body, asked).model()


def draws_of_network(network: Network, steps: int) -> dict[str, NDArray[np.int64]]:
    """The random numbers that a model's rules ask for, by input, shape (steps, 6)."""
    return {draws_name(p): draws_of(p.rule, steps)
            for p in network.plastic if p.rule is not None}


def output_name(probe: Probe) -> str:
    """What an output is called."""
    return probe.target if probe.variable == "spikes" else f"{probe.target}.{probe.variable}"


def _asked(network: Network, probes: Sequence[Probe] | None) -> list[Probe]:
    neurons = [p for p in network.populations if not p.is_source]
    if probes is None:
        return [Probe(p.name, variable) for p in neurons for variable in ("spikes", "v")
                if variable in p.model.records]
    known = {Probe(p.name, variable) for p in neurons for variable in p.model.records}
    known |= {Probe(p.name, variable) for p in network.plastic for variable in SYNAPTIC}
    for probe in probes:
        if probe not in known:
            raise UsageError("a probe names nothing that the model computes",
                             where=network.name, found=output_name(probe),
                             hint=did_you_mean(output_name(probe), map(output_name, known)))
    return list(dict.fromkeys(probes))


class _Model:
    """The graph around the loop."""

    def __init__(self, onnx: Any, graph: Graph, body: Body, asked: Sequence[Probe]) -> None:
        self.onnx, self.graph, self.body, self.asked = onnx, graph, body, asked
        self.helper = onnx.helper

    def model(self) -> Any:
        network, draws = self.body.network, sorted(self.body.draws)
        sizes = {p.name: p.size for p in network.populations}
        sources = list(self.body.sources)
        firsts = [self._first(one) for one in self.body.carried]
        loop = self._loop(draws)
        last = [self.graph.name(one.before.removesuffix(".before")) for one in self.body.carried]
        told = [output_name(probe) for probe in self.asked]
        scan = self.helper.make_node(
            "Scan", [*firsts, *sources, *draws], [*last, *told],
            num_scan_inputs=len(sources) + len(draws), body=loop)
        inputs = [self._info(name, "int32", [STEPS, sizes[name]]) for name in sources]
        inputs += [self._info(name, "int64", [STEPS, len(DRAWS)]) for name in draws]
        outputs = [self._info(name, self.body.said[probe].kind, [STEPS, *self._shape(probe)])
                   for name, probe in zip(told, self.asked, strict=True)]
        outputs += [self._info(name, one.kind, one.first.shape)
                    for name, one in zip(last, self.body.carried, strict=True)
                    if one.before in self._learned]
        made = self.helper.make_graph([*self.graph.outer, scan], "network", inputs, outputs,
                                      self.graph.constants)
        model = self.helper.make_model(
            made, producer_name="neuromorph", ir_version=IR_VERSION,
            opset_imports=[self.helper.make_opsetid("", OPSET)], doc_string=network.name)
        return model

    def _loop(self, draws: Sequence[str]) -> Any:
        body, info = self.body, self._info
        sizes = {p.name: p.size for p in body.network.populations}
        inputs = [info(one.before, one.kind, one.first.shape) for one in body.carried]
        inputs += [info(value.name, "int32", [sizes[name]])
                   for name, value in body.sources.items()]
        inputs += [info(body.draws[name], "int64", [len(DRAWS)]) for name in draws]
        outputs = [info(one.after, one.kind, one.first.shape) for one in body.carried]
        for probe in self.asked:
            name, value = self.graph.name(f"said.{output_name(probe)}"), body.said[probe]
            self.graph.rename(value, name)
            outputs.append(info(name, value.kind, self._shape(probe)))
        return self.helper.make_graph(self.graph.nodes, "step", inputs, outputs)

    def _shape(self, probe: Probe) -> tuple[int, ...]:
        network = self.body.network
        if probe.variable in SYNAPTIC:
            return network.projection(probe.target).weights.shape
        return (network.population(probe.target).size,)

    def _first(self, one: Carried) -> str:
        """The value before the first step: few bytes, since most of them are 0."""
        if not one.first.ndim:
            return self.graph.const(one.first, one.kind).name
        if one.first.any():
            return self.graph.weights(one.first, one.kind).name
        return self.graph.zeros(one.first.shape, one.kind).name

    @property
    def _learned(self) -> set[str]:
        """Weights that are given out as the last step leaves them."""
        return {kept["w"].name for kept in self.body.kept.values()}

    def _info(self, name: str, kind: Any, shape: Any) -> Any:
        return self.helper.make_tensor_value_info(name, self.graph.type_of(kind), list(shape))
