"""Every unit is, to the bit, the network that it was made of.

What passes left alone is compared field by field. Where sources were lowered or sums are relayed,
what arrives at each population is put together again and compared as a whole, see `sums`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.check.memo import Memo
from neuromorph.compile.check.models import MODELS
from neuromorph.compile.check.placed import Bundle, Circuit, Group, Placed, Spelling
from neuromorph.compile.check.registers import unknown_model
from neuromorph.compile.check.report import Violation
from neuromorph.compile.check.row import A_IN, Value
from neuromorph.compile.check.sums import Form, Range, Sum, TangledError, sent_by_relays, sum_to
from neuromorph.network import LearningRule, Network, Population
from neuromorph.network.bounds import payload_ranges
from neuromorph.network.credit import fractions_free

Given: TypeAlias = tuple[str, Network]
"""A unit's name and the network, of integers, that it was made of."""

SPELT = ("dw", "dt")
"""Text of a rule, which may be spelt otherwise: its terms are compared."""


def check_given(placed: Placed, given: Sequence[Given]) -> Iterator[Violation]:
    """Units, populations and synapses that are not those of the given networks."""
    names = [name for name, _ in given]
    if [circuit.name for circuit in placed.circuits] != names:
        yield Violation("units are those that were given", "program",
                        ", ".join(c.name for c in placed.circuits), ", ".join(names))
        return
    memo = Memo()
    for circuit, (_, network) in zip(placed.circuits, given, strict=True):
        yield from _Unit(circuit, network, memo).violations()


@dataclass(frozen=True, eq=False)
class _Unit:
    """A circuit beside its network."""

    circuit: Circuit
    network: Network
    memo: Memo

    def violations(self) -> Iterator[Violation]:
        wrong = [*self._populations(), *self._late()]
        yield from wrong
        if not wrong:
            yield from self._synapses()

    # --- populations

    def _populations(self) -> Iterator[Violation]:
        given = {p.name for p in self.network.populations}
        for wanted in map(group_of, self.network.populations):
            where = f"{self.circuit.name}.{wanted.name}"
            if wanted.kind not in MODELS:
                yield unknown_model(where, wanted)
            elif wanted.name in self.circuit.letters:
                yield from _spelling(where, wanted, self.circuit)
            elif (found := self.circuit.groups.get(wanted.name)) is None:
                yield Violation("a population that was given", where, "none", wanted.kind)
            elif (got := self._coarse(found)) != wanted:
                yield Violation("a population is as it was given", where, _told(got, wanted),
                                _told(wanted, got))
        for name in self.circuit.letters.keys() - given:
            yield Violation("letters of a source that was given", self.circuit.name, name, "none")
        for name, group in self._others.items():
            if group.kind != "Relay":
                yield Violation("only relays are added", f"{self.circuit.name}.{name}",
                                group.kind, "Relay")

    def _finer(self, found: Group) -> int:
        """Bits by which the input keeps fractions of which the circuit says that none counts."""
        free = found.name in fractions_free(self.network)
        if not (free and self.circuit.letters and found.row.aligned):
            return 0
        wanted = group_of(self.network.population(found.name))
        return max(0, wanted.input_shift - found.input_shift) if wanted.row.aligned else 0

    def _coarse(self, found: Group) -> Group:
        """The population without these bits."""
        finer = self._finer(found)
        if not finer:
            return found
        aligned = {found.row.aligned: found.input_shift + finer}
        return replace(found, parameters={**found.parameters, **aligned})

    @cached_property
    def _others(self) -> dict[str, Group]:
        """Populations that were not given and stand for none that was."""
        known = {p.name for p in self.network.populations} - self.circuit.letters.keys()
        known |= {name for source, said in self.circuit.letters.items()
                  for name in _stand_ins(source, said)}
        return {name: g for name, g in self.circuit.groups.items() if name not in known}

    def _late(self) -> Iterator[Violation]:
        """Lateness may not change what counts from the first step: inputs, biases, epochs."""
        learn = {end for p in self.network.plastic for end in (p.pre, p.post, *p.modulators)}
        known = {p.name: group_of(p) for p in self.network.populations}
        for name, steps in self.circuit.late.items():
            early = name in learn or name not in known or known[name].punctual
            if steps < 0 or (early and steps):
                yield Violation("steps by which a population is late",
                                f"{self.circuit.name}.{name}", steps, 0 if early else "0 or more")

    # --- synapses

    def _synapses(self) -> Iterator[Violation]:
        left = {bundle.name: bundle for bundle in self.circuit.bundles}
        missing = []
        for wanted in map(_bundle_of, self.network.projections):
            found = left.get(wanted.name)
            faults = ["none"] if found is None else self._differences(found, wanted)
            if not faults:
                del left[wanted.name]
            elif wanted.rule is not None or not self._changed():
                yield Violation("a projection is as it was given",
                                f"{self.circuit.name}.{wanted.name}", ", ".join(faults), "the same")
                left.pop(wanted.name, None)
            else:
                missing.append(wanted)
        for found in left.values():
            if found.rule is not None or not self._changed():
                yield Violation("a projection that was given",
                                f"{self.circuit.name}.{found.name}", "one more", "none")
        if self._changed():
            yield from self._sums([b for b in left.values() if b.rule is None], missing)

    def _changed(self) -> bool:
        """Whether passes rewired the unit."""
        return bool(self.circuit.letters or self.circuit.late or self._others)

    def _differences(self, found: Bundle, wanted: Bundle) -> list[str]:
        """Fields that differ, of which lateness explains none."""
        late = self.circuit.late
        delay = wanted.delay + late.get(wanted.post, 0) - late.get(wanted.pre, 0)
        faults = [f"{name} {getattr(found, name)}" for name in (
            "pre", "post", "port", "exponent", "graded", "modulators")
            if getattr(found, name) != getattr(wanted, name)]
        if found.delay != delay:
            faults.append(f"delay {found.delay}")
        if not _same_rule(found.rule, wanted.rule):
            faults.append("another rule")
        if not self.memo(np.array_equal, found.weights, wanted.weights):
            faults.append("other weights")
        if self._finer(self.circuit.groups[found.post]):
            faults.append("finer input")
        return faults

    def _sums(self, found: list[Bundle], wanted: list[Bundle]) -> Iterator[Violation]:
        """Compare all that arrives at each port of each population."""
        relays, got_by, due_by = self._others, _by_end(found), _by_end(wanted)
        try:
            sent = sent_by_relays(relays, found, self._ranges(), self.memo)
            for end in (end for end in {**due_by, **got_by} if end[0] not in relays):
                name, port = end
                group, before = self.circuit.groups[name], self.network.population(name)
                fine = bool(self._finer(group))
                got = sum_to(group, got_by.get(end, ()), sent, self.memo, fractions=fine)
                due = sum_to(group_of(before), due_by.get(end, ()), {}, self.memo, fractions=fine)
                where = f"{self.circuit.name}.{name}" + (f".{port}" if port != A_IN else "")
                yield from self._compared(where, self._on_time(got, name), self._spelt(due))
        except TangledError as error:
            yield Violation("relays sum in parts", self.circuit.name, str(error), "a whole sum")

    def _ranges(self) -> dict[str, Range]:
        """What may be sent; a stand-in has plain spikes, which have no payload to ask for."""
        return {name: (r.low, r.high) for name, r in payload_ranges(self.network).items()}

    def _on_time(self, found: Sum, post: str) -> Sum:
        """Delays without what makes up for lateness."""
        late = self.circuit.late

        def moved(form: Form) -> Form:
            return {(pre, graded, delay - late.get(post, 0) + late.get(pre, 0)): weights
                    for (pre, graded, delay), weights in form.items()}
        return Sum(moved(found.exact), [(lost, moved(form)) for lost, form in found.rounded])

    def _spelt(self, due: Sum) -> Sum:
        """Payloads of lowered sources as what their stand-ins' plain spikes count."""
        letters = self.circuit.letters

        def spelt(form: Form) -> Form:
            plain = {}
            for (pre, graded, delay), weights in form.items():
                if pre not in letters or not graded:
                    plain[pre, graded, delay] = weights
                    continue
                for name, value in zip(_stand_ins(pre, letters[pre]), letters[pre].values,
                                       strict=True):
                    plain[name, False, delay] = self.memo(_times, weights, value)
            return plain
        return Sum(spelt(due.exact), [(lost, spelt(form)) for lost, form in due.rounded])

    def _compared(self, where: str, found: Sum, due: Sum) -> Iterator[Violation]:
        """What arrives and what should, the first difference of each axon."""
        yield from self._forms(where, found.exact, due.exact)
        left = list(found.rounded)
        for lost, form in due.rounded:
            same = next((n for n, (also, other) in enumerate(left)
                         if also == lost and not list(self._forms(where, other, form))), None)
            if same is None:
                yield Violation("a sum is rounded as it was", where, "another sum",
                                f"{', '.join(axon[0] for axon in form)} >> {lost}")
            else:
                del left[same]
        for lost, form in left:
            yield Violation("a sum is rounded as it was", where,
                            f"{', '.join(axon[0] for axon in form)} >> {lost}", "no such sum")

    def _forms(self, where: str, found: Form, due: Form) -> Iterator[Violation]:
        for axon in dict.fromkeys((*due, *found)):
            shape = (due[axon] if axon in due else found[axon]).shape
            got, wanted = (form[axon] if axon in form else np.zeros(shape, np.int64)
                           for form in (found, due))
            if not self.memo(np.array_equal, got, wanted):
                post, pre = np.argwhere(got != wanted)[0]
                yield Violation("what arrives is what was given", f"{where}[{post}]",
                                f"{got[post, pre]} from {axon[0]}[{pre}], delay {axon[2]}",
                                int(wanted[post, pre]))


def _bundle_of(projection: Any) -> Bundle:
    return Bundle(*(getattr(projection, f.name) for f in fields(Bundle)))


def _by_end(bundles: Sequence[Bundle]) -> dict[tuple[str, str], list[Bundle]]:
    """The projections to each port of each population, in order."""
    found: dict[tuple[str, str], list[Bundle]] = {}
    for bundle in bundles:
        found.setdefault((bundle.post, bundle.port), []).append(bundle)
    return found


def group_of(population: Population) -> Group:
    """A population that was given, as the program has them."""
    model = population.model
    return Group(population.name, population.size, model.kind,
                 {name: _whole(value) for name, value in model.parameters().items()})


def _whole(value: Any) -> Value:
    return tuple(map(int, value.tolist())) if isinstance(value, np.ndarray) else int(value)


def _told(group: Group, other: Group) -> str:
    """Size, model and parameters; of one that differs by neuron where another is not equal."""
    told = [str(group.size), group.kind]
    for name, value in group.parameters.items():
        if isinstance(value, int):
            told.append(f"{name}={value}")
        else:
            at = _first_apart(value, other.parameters.get(name))
            told.append(f"{name}[{at}]={value[at]}")
    return " ".join(told)


def _first_apart(values: tuple[int, ...], others: Value | None) -> int:
    beside = others if isinstance(others, tuple) else ()
    pairs = zip(values, beside, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), 0)


def _stand_ins(source: str, said: Spelling) -> list[str]:
    return [f"{source}.{k}" for k in range(len(said.values))]


def _spelling(where: str, source: Group, circuit: Circuit) -> Iterator[Violation]:
    """Plain sources that stand for one, and letters that spell each payload in one way."""
    said, bits = circuit.letters[source.name], source.payload_bits
    if source.name in circuit.groups:
        yield Violation("a source that was lowered is gone", where, "there", "none")
    for name in _stand_ins(source.name, said):
        group = circuit.groups.get(name)
        plain = Group(name, source.size, "Source", {"payload_bits": 0})
        if group != plain:
            yield Violation("a letter has a plain source in its place", where,
                            "none" if group is None else _told(group, plain),
                            f"{name}: {_told(plain, plain)}")
    rising = all(a < b for a, b in zip(said.values, said.values[1:], strict=False))
    of_bits = [1 << k for k in range(bits - 1)] + [-(1 << max(bits - 1, 0))]
    if not (rising and 0 not in said.values if said.one_hot else list(said.values) == of_bits):
        yield Violation("letters spell each payload once", where, said.values,
                        "rising, without 0" if said.one_hot else of_bits)


def _same_rule(one: LearningRule | None, other: LearningRule | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.weight_terms, one.tag_terms) == (other.weight_terms, other.tag_terms) and all(
        getattr(one, f.name) == getattr(other, f.name) for f in fields(LearningRule)
        if f.name not in SPELT)


def _times(weights: NDArray[Any], factor: int) -> NDArray[np.int64]:
    return weights.astype(np.int64) * factor
