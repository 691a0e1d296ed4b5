"""From the text form of a network back to the network, its arrays beside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Annotated, Any, NoReturn, cast

from neuromorph.errors import NeuromorphError, did_you_mean
from neuromorph.learning import LearningRule
from neuromorph.network import text as form
from neuromorph.network.beside import Beside
from neuromorph.network.edges import Edges
from neuromorph.network.lines import Line, fields_of, lines_of, matched, number_of, text_of, word_of
from neuromorph.network.model import THIRD, Network, Phase, Projection, Schedule
from neuromorph.network.parts import Part, circuit_of
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port
from neuromorph.network.verify import verify
from neuromorph.network.words import word
from neuromorph.neurons.contract import A_IN
from neuromorph.neurons.plain import model_of
from neuromorph.shapes import Shaped

NEURONS = 1 << 20
"""Neurons of a network that is read from a text: what checks it takes some bytes of each."""

SEED_DIGITS = 100
"""Of a whole number in a rule; its seed may be any."""

Arrays = Mapping[str, Annotated[Shaped, "..."]]


def parse_network(text: str, arrays: Arrays) -> Network:
    """The network that `to_text` wrote.

    ``to_text(parse_network(text, arrays)) == text``: what would be written in another way is
    refused, whatever it might mean.

    Parameters
    ----------
    text : str
    arrays : mapping of str to array
        Weights and parameters by neuron, by digest as `arrays_of` has them: the text names each
        by that, parameters as well as weights, and equal ones are kept once. Their numbers are
        looked at; of their shape only the number of them matters, the text tells the rest.

    Raises
    ------
    FileFormatError
        Naming the line: if a word is unknown, a name is taken, or an array is missing or another.
    NetworkError
        Naming the line: if there is no such neuron model, or `verify` refuses the network.
    """
    return parse_lines(lines_of(text), arrays)


def parse_networks(text: str, arrays: Arrays) -> dict[str, Network]:
    """The networks of a bundle's text by title: each follows a line ``# TITLE``, a blank between.

    Raises
    ------
    FileFormatError, NetworkError
        As `parse_network`.
    """
    found: dict[str, list[Line]] = {}
    title = None
    lines = lines_of(text)
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        if line.text.startswith("# "):
            title = line.text[2:]
            if title in found:
                line.refuse("two networks have one title", found=title)
            found[title] = []
        elif title is None:
            line.refuse("a network without a title", found=line.text, expected="# TITLE")
        elif line.text or after is None or not after.text.startswith("# "):
            found[title].append(line)
    return {title: parse_lines(some, arrays) for title, some in found.items()}


def parse_lines(lines: Iterable[Line], arrays: Arrays) -> Network:
    """The network of some lines; see `parse_network`.

    Raises
    ------
    FileFormatError, NetworkError
    """
    reading = _Reading(arrays)
    for line in lines:
        reading.take(line)
    return reading.network()


_NETWORK = re.compile(r"network (.*) ([^ ]+)")
_POPULATION = re.compile(r"population ([^ ]+) (\d{1,18}) ([^ ]+) (.*)", re.ASCII)
_PROJECTION = re.compile(
    r"projection ([^ ]+) ([^ ]+?)->([^ ]+) (\d{1,18})x(\d{1,18}) exponent=(-?\d{1,18}) "
    r"delay=(-?\d{1,18}) (graded|plain) weights=[^ ]+ sha256=([0-9a-f]{12})", re.ASCII)
_SCHEDULE = re.compile(r"schedule period=(-?\d{1,18})", re.ASCII)
_PHASE = re.compile(r"  phase ([^ ]*) (-?\d{1,18}):(-?\d{1,18})", re.ASCII)
_PART = re.compile(r"part ([^ ]+) offset=(-?\d{1,18})(?: (.*))?", re.ASCII)
_ARRAY = re.compile(r"[^#]*#([0-9a-f]{12})")

_RANKS = {"network": 0, "population": 1, "projection": 2, "  rule": 2, "schedule": 3,
          "  phase": 3, "part": 4, "  populations": 4, "  projections": 4, "input": 5,
          "output": 6}
"""The order of lines."""

_SECTION = re.compile(r"(?:  )?[^ ]*")


class _Reading:
    """A network as far as its lines have been read."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._beside = Beside(arrays)
        self._head: tuple[str, Any] = "", ""
        self._populations: dict[str, Population] = {}
        self._projections: dict[str, Projection] = {}
        self._period: int | None = None
        self._phases: list[Phase] = []
        self._parts: list[Part] = []
        self._ports: dict[str, dict[str, Port]] = {"input": {}, "output": {}}
        self._at: dict[str, list[int]] = {}
        self._edges = Edges()
        self._neurons = 0
        self._last = "", Line(0, "")

    def take(self, line: Line) -> None:
        """Read one more line."""
        found = _SECTION.match(line.text)
        section = found[0] if found else ""
        readers: dict[str, Callable[[Line], str]] = {
            "network": self._network, "population": self._population,
            "projection": self._projection, "  rule": self._rule, "schedule": self._schedule,
            "  phase": self._phase, "part": self._part, "  populations": self._names,
            "  projections": self._names, "input": self._port, "output": self._port}
        if section not in readers:
            line.refuse("no such kind of line", found=line.text or "an empty line",
                        expected=", ".join(readers).replace("  ", ""),
                        hint=did_you_mean(section, readers))
        self._check_order(line, section)
        told = readers[section](line)
        if told != line.text:
            self._refuse_spelling(line, told)
        self._last = section, line

    def network(self) -> Network:
        """All that was read, if it is sound."""
        if not self._head[1]:
            self._last[1].refuse("there is no network", expected="network NAME DOMAIN")
        schedule = None if self._period is None else Schedule(self._period, tuple(self._phases))
        inputs, outputs = (tuple(self._ports[what].values()) for what in ("input", "output"))
        try:
            return verify(Network(
                *self._head, tuple(self._populations.values()),
                tuple(self._projections.values()), schedule, self._whole_parts(), inputs, outputs))
        except NeuromorphError as error:
            lines = self._at.get(str(error.where), [])
            raise _at_line(error, " or ".join(map(str, lines))) if lines else error from error

    def _check_order(self, line: Line, section: str) -> None:
        before = self._last[0]
        follows = {"network": ("",), "  rule": ("projection",),
                   "  phase": ("schedule", "  phase"), "  populations": ("part",),
                   "  projections": ("  populations",)}.get(section, tuple(_RANKS))
        unfinished = before in ("part", "  populations") and before not in follows
        if unfinished or before not in follows or _RANKS[section] < _RANKS.get(before, 0):
            line.refuse(f"no {section.strip()} belongs here", found=line.text,
                        expected="network, populations, projections each with its rule, schedule "
                        "with its phases, inputs, outputs")
        if section == "schedule" and self._period is not None:
            line.refuse("a network has one schedule", found=line.text)

    def _refuse_spelling(self, line: Line, told: str) -> NoReturn:
        pairs = zip([*line.text.split(" "), ""], [*told.split(" "), ""], strict=False)
        found, expected = next(((a, b) for a, b in pairs if a != b), (line.text, told))
        line.refuse("the line is not written as its own network would be", found=found or "no more",
                    expected=expected or "no more")

    def _named(self, line: Line, written: str, taken: Mapping[str, object], what: str,
               where: str = "") -> str:
        """A name that is not taken; and where it is, for what `verify` may say."""
        name = word_of(line, written)
        if name in taken:
            line.refuse(f"two {what}s have one name", found=name,
                        hint=f"the first is in line {self._at[where + name][-1]}")
        self._at.setdefault(where + name, []).append(line.number)
        return name

    def _network(self, line: Line) -> str:
        name, domain = (word_of(line, one) for one in matched(
            line, _NETWORK, "network NAME DOMAIN").groups())
        self._head = name, domain
        self._at[name] = [line.number]
        return form.network_line(name, domain)

    def _population(self, line: Line) -> str:
        written, size, kind, settings = matched(
            line, _POPULATION, "population NAME SIZE MODEL parameter=value …").groups()
        name = self._named(line, written, self._populations, "population")
        self._neurons += int(size)
        if self._neurons > NEURONS:
            line.refuse("too many neurons for a text", found=self._neurons, expected=f"at most "
                        f"{NEURONS}")
        parameters = {field: self._parameter(line, int(size), value)
                      for field, value in fields_of(line, settings).items()}
        model = model_of(word_of(line, kind), parameters, f"line {line.number}, {name}")
        self._populations[name] = population = Population(name, int(size), model)
        return form.population_line(population, self._beside.tell)

    def _parameter(self, line: Line, size: int, value: str) -> Any:
        array = _ARRAY.fullmatch(value)
        return self._beside.array(line, array[1], (size,)) if array else number_of(line, value)

    def _projection(self, line: Line) -> str:
        written, pre, end, rows, columns, exponent, delay, kind, name_of_array = matched(
            line, _PROJECTION, "projection NAME PRE->POST ROWSxCOLUMNS exponent=… delay=… "
            "graded|plain weights=LEAST..LARGEST sha256=DIGEST").groups()
        name = self._named(line, written, self._projections, "projection")
        post, _, port = end.rpartition(".") if "." in end else (end, "", A_IN)
        weights = self._beside.array(line, name_of_array, (int(rows), int(columns)))
        self._projections[name] = projection = Projection(
            name, self._known(line, pre), self._known(line, post), weights, int(delay),
            int(exponent), kind == "graded", port=word_of(line, port))
        return form.projection_line(projection, self._beside.tell)

    def _known(self, line: Line, written: str) -> str:
        name = word_of(line, written)
        if name not in self._populations:
            line.refuse("there is no such population", found=name,
                        hint=did_you_mean(name, self._populations))
        return name

    def _rule(self, line: Line) -> str:
        told = fields_of(line, line.text.removeprefix("  rule "))
        modulators = [self._known(line, told.pop(y)) if y in told else None for y in THIRD]
        known = {field.name: field.default for field in fields(LearningRule)}
        for field in told:
            if field not in known:
                line.refuse("a rule has no such field", found=field,
                            hint=did_you_mean(field, [*known, *THIRD]))
        values: dict[str, Any] = {
            field: text_of(line, value) if isinstance(known[field], str)
            else number_of(line, value, SEED_DIGITS)
            for field, value in told.items()}
        try:
            rule = LearningRule(**values)
        except NeuromorphError as error:
            raise _at_line(error, str(line.number)) from error
        name, last = self._projections.popitem()
        third = modulators[0], modulators[1], modulators[2]
        self._projections[name] = replace(last, rule=rule, modulators=third)
        return form.rule_line(rule, third)

    def _schedule(self, line: Line) -> str:
        self._period = int(matched(line, _SCHEDULE, "schedule period=STEPS")[1])
        return form.schedule_line(self._period)

    def _phase(self, line: Line) -> str:
        name, start, stop = matched(line, _PHASE, "  phase NAME START:STOP").groups()
        self._phases.append(Phase(word_of(line, name), int(start), int(stop)))
        return form.phase_line(self._phases[-1])

    def _part(self, line: Line) -> str:
        kind, offset, told = matched(line, _PART, "part CIRCUIT offset=STEP field=value …").groups()
        values = {name: text_of(line, value) if value.startswith("'")
                  else cast(int, number_of(line, value))  # what is no int is refused
                  for name, value in fields_of(line, told or "").items()}
        found = circuit_of(word_of(line, kind), values, f"line {line.number}")
        self._parts.append(Part(found, (), (), int(offset)))
        return form.part_line(self._parts[-1])

    def _names(self, line: Line) -> str:
        what = "populations" if line.text.startswith("  populations") else "projections"
        known: Mapping[str, object] = (
            self._populations if what == "populations" else self._projections)
        told = line.text.removeprefix(f"  {what}").removeprefix(" ")
        names = tuple((word_of(line, own), word_of(line, here))
                      for own, here in fields_of(line, told).items())
        for _, here in names:
            if here not in known:
                line.refuse("a part names something that does not exist", found=here,
                            hint=did_you_mean(here, known))
        last = self._parts[-1]
        self._parts[-1] = (replace(last, populations=names) if what == "populations"
                           else replace(last, projections=names))
        return form.names_line(what, names)

    def _whole_parts(self) -> tuple[Part, ...]:
        section, line = self._last
        if section in ("part", "  populations"):
            line.refuse("a part is not told to its end", found=line.text,
                        expected="its populations and projections")
        return tuple(self._parts)

    def _port(self, line: Line) -> str:
        what = line.text.partition(" ")[0]
        port = self._edges.port(line)
        name = self._named(line, word(port.name), self._ports[what], "port", f"{self._head[0]}.")
        self._known(line, word(port.population))
        self._ports[what][name] = port
        return form.port_line(what, port)


def _at_line(error: NeuromorphError, lines: str) -> NeuromorphError:
    """The same error that names the line too."""
    return type(error)(error.what, where=f"line {lines}, {error.where}", found=error.found,
                       expected=error.expected, hint=error.hint)
