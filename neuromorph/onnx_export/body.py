"""One step of a network: the body of the loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from neuromorph.learning import LearningRule
from neuromorph.network import Network, Population, Probe, Projection
from neuromorph.network.bounds import input_range, payload_ranges
from neuromorph.onnx_export.graph import Graph, Kind, Value
from neuromorph.onnx_export.groups import Group, groups_of
from neuromorph.onnx_export.numbers import Numbers, kind_of
from neuromorph.onnx_export.synapses import Synapses, history_of
from neuromorph.straight import Node, learned
from neuromorph.straight.learning import DRAWS, KEPT
from neuromorph.straight.operations import Span


def draws_name(projection: Projection) -> str:
    """The input that holds the random numbers of a projection: the same of the same seed."""
    rule = projection.rule or LearningRule()
    return f"draws.seed{rule.seed}.epoch{rule.epoch}"


class Carried(NamedTuple):
    """What goes from a step to the next: a name within, one for what it becomes, and the first."""

    before: str
    after: str
    first: Any
    kind: Kind


class Body:
    """All nodes of a step, and what enters and leaves it.

    Attributes
    ----------
    carried : list of Carried
    draws : dict of name to columns
        Random numbers that rules need a row of in each step.
    said : dict of Probe to Value
    """

    def __init__(self, graph: Graph, network: Network) -> None:
        self.graph, self.network = graph, network
        self.ranges = payload_ranges(network)
        self.groups = groups_of(network, self.ranges)
        self.synapses = Synapses(graph, network, self.ranges)
        self.carried: list[Carried] = []
        self.draws: dict[str, str] = {}
        self.said: dict[Probe, Value] = {}
        self.sources = {p.name: Value(graph.name(f"{p.name}.now"), "int32")
                        for p in network.populations if p.is_source}
        self.t = self._clock()
        self.before = self._history()
        self.kept = {p.name: self._kept(p) for p in network.plastic}
        self.sent = dict(self.sources)
        for group in self.groups:
            self._step(group)
        for projection in network.plastic:
            self._learn(projection)
        self._remember()

    def carry(self, name: str, first: Any, kind: Kind) -> Value:
        """A value of the step before; `becomes` says what it is after this one."""
        before = self.graph.name(f"{name}.before")
        self.carried.append(Carried(before, "", np.asarray(first, np.dtype(kind)), kind))
        return Value(before, kind)

    def becomes(self, before: Value, after: Value) -> None:
        """What a carried value is after the step."""
        name = self.graph.name(before.name.removesuffix(".before") + ".after")
        self.graph.rename(self.graph.cast(after, before.kind), name)
        place = next(n for n, one in enumerate(self.carried) if one.before == before.name)
        self.carried[place] = self.carried[place]._replace(after=name)

    # --- time and spikes

    def _clock(self) -> Value:
        t = self.carry("t", 0, "int32")
        self.becomes(t, self.graph.op("Add", (t, self.graph.const(1, "int32")), "int32"))
        return t

    def _history(self) -> dict[str, Value]:
        """Spikes of the last steps, the last first: (size,), or (steps, size) of several."""
        found = {}
        for name, rows in history_of(self.network).items():
            size = self.network.population(name).size
            shape = (size,) if rows == 1 else (rows, size)
            found[name] = self.carry(f"{name}.spikes", np.zeros(shape), "int32")
        return found

    def _back(self, projection: Projection) -> Value:
        """The spikes that arrive now."""
        held = self.before[projection.pre]
        if history_of(self.network)[projection.pre] == 1:
            return held
        return self.graph.op("Gather", (held, self.graph.const(int(projection.delay), "int64")),
                             "int32", axis=0)

    def _remember(self) -> None:
        rows = history_of(self.network)
        for name, held in self.before.items():
            sent = self.sent[name]
            if rows[name] > 1:
                one = self.graph.op("Unsqueeze", (sent, self.graph.const([0], "int64")), "int32")
                older = self.graph.op("Slice", (held, self.graph.const([0], "int64"),
                                                self.graph.const([-1], "int64"),
                                                self.graph.const([0], "int64")), "int32")
                sent = self.graph.op("Concat", (one, older), "int32", axis=0)
            self.becomes(held, sent)

    # --- neurons

    def _step(self, group: Group) -> None:
        model = type(group.populations[0].model)
        words = [self.carry(f"{group.name}.{name}", np.zeros(group.size),
                            kind_of(word.low, word.high))
                 for name, word in zip(model.words, group.update.words, strict=True)]
        ports = [self.graph.concat([self._arrives(p, port) for p in group.populations])
                 for port in model.ports]
        tables = {"word": words, "port": ports}

        def leaf(node: Node) -> Value:
            if node.op == "index":
                return self.graph.const(np.arange(group.size), "int32")
            return self.t if node.op == "t" else tables[node.op][node.value]

        numbers = Numbers(self.graph, leaf, group.name)
        sent = numbers.whole(group.update.sent, "int32", group.size)
        names = [p.name for p in group.populations]
        for name, value in zip(names, self.graph.split(
                sent, group.sizes, [f"{n}.sent" for n in names]), strict=True):
            self.sent[name] = value
            self.said[Probe(name)] = value
        for word, before, node in zip(model.words, words, group.update.words, strict=True):
            after = numbers.whole(node, before.kind, group.size)
            self.becomes(before, after)
            for name, value in zip(names, self.graph.split(
                    after, group.sizes, [f"{n}.{word}" for n in names]), strict=True):
                self.said[Probe(name, word)] = value

    def _arrives(self, population: Population, port: str) -> Value:
        low, high = input_range(self.network, population.name, self.ranges, port)
        parts = [self.kept[p.name]["delivery"] if p.rule is not None
                 else self.synapses.delivered(p, self._back(p))
                 for p in self.network.projections_to(population.name, port)]
        return self.synapses.sum(parts, population.size,
                                 (min(0, int(low.min())), max(0, int(high.max()))))

    # --- learning

    def _kept(self, projection: Projection) -> dict[str, Value]:
        """What a projection that learns keeps, and what it delivers now."""
        rule = self._rule(projection)
        found = {name: self.carry(f"{projection.name}.{name}",
                                  np.zeros(self._shape(projection, name)), "int32")
                 for name in rule if name != "w"}
        found["w"] = self.carry(f"{projection.name}.learned", projection.weights, "int32")
        silence = np.zeros(len(projection.weights))
        found["delivery"] = self.carry(f"{projection.name}.delivery", silence,
                                       self.synapses.kind(projection))
        return found

    def _shape(self, projection: Projection, name: str) -> tuple[int, ...]:
        post, pre = projection.weights.shape
        shapes = {"both": (post, pre), "pre": (pre,), "post": (post,)}
        return shapes[dict(KEPT)[name]]

    def _rule(self, projection: Projection) -> Mapping[str, Node]:
        if projection.rule is None:
            return {}
        spans = {"pre": self._span(projection.pre) if projection.graded else (0, 1),
                 "post": self._span(projection.post)}
        spans |= {f"third{n}": self._span(name) if name else (0, 0)
                  for n, name in enumerate(projection.modulators, 1)}
        return learned(projection.rule, spans, modulated=projection.modulated).kept

    def _span(self, name: str) -> Span:
        span = self.ranges[name].with_silence
        return int(span.low.min()), int(span.high.max())

    def _learn(self, projection: Projection) -> None:
        rule, kept = self._rule(projection), self.kept[projection.name]
        self.becomes(kept["delivery"], self.synapses.delivered(
            projection, self.sent[projection.pre], kept["w"]))
        zeros = self.graph.const(np.zeros(len(projection.weights)), "int32")
        given = {**kept, "pre": self.synapses.counted(projection, self.sent[projection.pre]),
                 "post": self.sent[projection.post]}
        given |= {f"third{n}": zeros if name is None else self.sent[name]
                  for n, name in enumerate(projection.modulators, 1)}

        def leaf(node: Node) -> Value:
            if node.op == "t":
                return self.t
            return given[node.value] if node.value in given else self._draw(projection, node.value)

        numbers = Numbers(self.graph, leaf, projection.name)
        after = {name: numbers.whole(node, "int32", *self._shape(projection, name))
                 for name, node in rule.items()}
        silent = self.graph.const(np.zeros(projection.weights.shape), "int32")
        for name, value in {"w": kept["w"], **after}.items():
            self.becomes(kept[name], value)
        self.said[Probe(projection.name, "weights")] = after.get("w", kept["w"])
        self.said[Probe(projection.name, "tags")] = after.get("tags", silent)

    def _draw(self, projection: Projection, name: str) -> Value:
        """A random number of this step."""
        wanted = draws_name(projection)
        if wanted not in self.draws:
            self.draws[wanted] = self.graph.name(f"{wanted}.now")
        row = self.draws[wanted]
        return self.graph.op("Gather", (Value(row, "int64"), self.graph.const(
            DRAWS.index(name), "int64")), "int64", axis=0)
