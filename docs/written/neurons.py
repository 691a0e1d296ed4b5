"""A page for each neuron model, from what its class says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import partial

import numpy as np

from neuromorph import backends
from neuromorph.network import Network, Population
from neuromorph.network.model import Domain
from neuromorph.neurons import NeuronModel, models
from neuromorph.profiles import Profile, load_profile, profile_names
from written.parts import WRITTEN, prose, rst, section, spelled, table, within

HOME = "reference/neurons"
UNIT = 1
"""Of a parameter that has no default, in the examples that are asked what they need."""

NUMBERS: dict[Domain, str] = {"fixed": "integers", "float": "floats"}


def example(kind: type[NeuronModel], domain: str = "fixed") -> NeuronModel:
    """A neuron of its default parameters, each put into its range."""
    made = kind(**{field.name: UNIT for field in fields(kind) if field.default is MISSING})
    limits = made.limits(domain)
    inside = {name: float(np.clip(value, *limits[name])) for name, value
              in made.parameters().items() if name in limits}
    return made.with_parameters(**inside)


def why_not(kind: type[NeuronModel], backend: str) -> str | None:
    """Why a backend runs no such neuron; None if it does."""
    runner = backends.kind(backend)
    found = None
    for domain in kind.domains:
        if domain in runner.domains:
            alone = Network(kind.__name__, domain, (Population("n", 1, example(kind, domain)),), ())
            found = runner().why_not(alone)
            if found is None:
                return None
    return found or f"it computes in {NUMBERS[runner.domains[0]]} only"


def lacks(kind: type[NeuronModel], profile: Profile) -> str:
    """What a chip lacks for such neurons; empty if it takes them."""
    one, has = example(kind), profile.neuron
    if one.from_outside:
        return ""
    wants = [("no programmable neurons", kind.programmable and not has.programmable),
             ("no graded spikes", one.payload_bits and not has.graded_spikes),
             (f"payloads of {int(has.payload_bits)} bits", has.graded_spikes
              and one.payload_bits > has.payload_bits)]
    return ", ".join(text for text, lacking in wants if lacking)


def neuron_page(name: str) -> str:
    """All about one model."""
    kind = models()[name]
    first, *more = prose(kind)
    return "\n\n".join([f"# {name}", first, *more, _parameters(kind), _keeps(kind),
                        _runs(kind), _chip(kind), _update(kind), _python(kind)]) + "\n"


def _parameters(kind: type[NeuronModel]) -> str:
    one = example(kind)
    limits = {domain: one.limits(domain) for domain in kind.domains}
    columns = ("parameter", "default", *(f"in {NUMBERS[d]}" for d in kind.domains), "may be")
    rows = ((f"`{field.name}`", "must be given" if field.default is MISSING
             else spelled(field.default),
             *(within(limits[d][field.name]) if field.name in limits[d] else "any"
               for d in kind.domains), _may_be(kind, field.name)) for field in fields(kind))
    if not fields(kind):
        return "## Parameters\n\nNone."
    return f"## Parameters\n\n{_meanings(kind)}{table(columns, rows)}".rstrip()


def _may_be(kind: type[NeuronModel], name: str) -> str:
    each = "one a neuron" if name in kind.by_neuron else "one number for all"
    return f"{each}, whole in floats too" if name in kind.whole else each


def _meanings(kind: type[NeuronModel]) -> str:
    """What the docstring says of the parameters, as a list."""
    said = [f"- {', '.join(f'`{name}`' for name in one.names)} ({one.kind}): {one.text}"
            for one in section(kind, "Attributes")]
    return "\n".join(said) + "\n\n" if said else ""


def _keeps(kind: type[NeuronModel]) -> str:
    one = example(kind)
    ports = ", ".join(f"`{port}`" for port in kind.ports)
    lines = [f"Inputs: {ports}, one sum a step each." if ports else "It has no input: what it "
             "sends comes from outside, as a train."]
    sends = (f"A spike carries a signed payload of {one.payload_bits} bits, with "
             f"{_which(kind)}." if one.payload_bits else "A spike is a spike, and carries nothing."
             if not kind.from_outside else "Spikes are plain, or carry `payload_bits`.")
    lines.append(sends)
    lines.append("State, a word of 24 bits each, signed, 0 at first: "
                 + ", ".join(f"`{word}`" for word in kind.words) + "." if kind.words
                 else "It keeps nothing from step to step.")
    recorded = ", ".join(f"`{name}`" for name in kind.records)
    lines.append(f"May be recorded: {recorded}.")
    registers = one.registers(1)
    text = "## What comes in, what it keeps, what it sends\n\n" + "\n".join(
        f"- {line}" for line in lines)
    if not registers:
        return text
    rows = ((r.name, f"`{r.port}`", within((r.lowest, r.highest)), spelled(r.shift),
             "cut off, and counted" if r.clips else "must not happen: it is proved")
            for r in registers)
    return (f"{text}\n\nAccumulators, of a neuron with the default parameters:\n\n" + table(
        ("accumulator", "fed by", "holds", "input shifted up by", "beyond"), rows)).rstrip()


def _which(kind: type[NeuronModel]) -> str:
    given = any(field.default is MISSING for field in fields(kind))
    return f"parameters of {UNIT}" if given else "the default parameters"


def _runs(kind: type[NeuronModel]) -> str:
    rows = [(f"`{name}`", "yes" if (reason := why_not(kind, name)) is None
             else f"no: {reason.removeprefix('n: ')}") for name in backends.names()]
    domains = " and in ".join(NUMBERS[domain] for domain in kind.domains)
    return (f"## Where it runs\n\nIt has a meaning in {domains}.\n\n"
            + table(("backend", "runs it"), rows)).rstrip()


def _chip(kind: type[NeuronModel]) -> str:
    if kind.from_outside:
        return ("## On a chip\n\nA source is no neuron: its spikes are sent by the host, or by "
                f"another part of the network. Lava Process: `{kind.process}`.")
    one = example(kind)
    takes, not_ = [], []
    for name in sorted(profile_names()):
        reason = lacks(kind, load_profile(name))
        (not_ if reason else takes).append(f"`{name}`" + (f" ({reason})" if reason else ""))
    lines = [("It needs a core that runs programs." if kind.programmable else
              "It is the chip's stock neuron.")]
    lines.append(f"Profiles that take it: {', '.join(takes) or 'none'}.")
    if not_:
        lines.append(f"Not: {', '.join(not_)}.")
    words = "1 word" if one.stored_words == 1 else f"{one.stored_words or 'no'} words"
    lines.append(f"Memory: {words} of 24 bits" + (", and one more for each parameter that "
                 "differs from neuron to neuron." if kind.by_neuron else "."))
    if kind.shared_state:
        lines.append(f"All neurons of a population run on one core: {kind.shared_state}.")
    cost = " and ".join(f"{count} × {what}" for what, count in kind.operations.items())
    lines.append("An estimate counts an update at the price of a stock neuron's"
                 + (f", and {cost}." if cost else "."))
    lines.append(f"Lava Process: `{kind.process}`"
                 + (f", with inputs up to {spelled(kind.process_input_max)} a step."
                    if kind.process_input_max else "."))
    return "## On a chip\n\n" + "\n".join(f"- {line}" for line in lines)


def _update(kind: type[NeuronModel]) -> str:
    from neuromorph.straight import numpy_function
    from neuromorph.straight.update import why_not_straight_kind

    if kind.from_outside or why_not_straight_kind(kind) is not None:
        return "## One step\n\nNothing happens in a source." if kind.from_outside else (
            f"## One step\n\nNot as straight code: {why_not_straight_kind(kind)}.")
    text = numpy_function(kind, len(example(kind).constants()))
    return ("## One step, in integers\n\nThe kernel that `fast` compiles, without branches, as "
            "it stands in `replay.py` of a lab's folder; arrays are int64.\n\n"
            f"```py\n{text.strip()}\n```")


def _python(kind: type[NeuronModel]) -> str:
    name = f"{kind.__module__}.{kind.__name__}"
    return "## Python\n\n" + rst(f".. py:class:: {name}({_signature(kind)})", "",
                                 "   A `NeuronModel`: a frozen dataclass.").rstrip()


def _signature(kind: type[NeuronModel]) -> str:
    return ", ".join(f.name if f.default is MISSING else f"{f.name}={f.default}"
                     for f in fields(kind))


def index_page() -> str:
    """All models, a line each."""
    rows = []
    for name, kind in sorted(models().items()):
        where = "outside" if kind.from_outside else "program" if kind.programmable else "stock"
        summary = prose(kind)[0].replace("\n", " ")
        rows.append((f"[{name}]({name}.md)", summary, where,
                     " ".join(NUMBERS[d] for d in kind.domains)))
    return (f"# Neuron models\n\n{WRITTEN} A model is one file in `neuromorph/neurons`, which says "
            "all that any other part asks of it; what is not registered is refused by its name. "
            "*Program*: it needs a core that runs programs, as Loihi 2's do; *stock*: every chip "
            "has it.\n\n" + table(("model", "what it is", "core", "computes in"), rows)
            + "\n```{toctree}\n:hidden:\n" + "\n".join(sorted(models())) + "\n```\n")


def pages() -> dict[str, Callable[[], str]]:
    """Every page of neuron models, by file."""
    return {f"{HOME}/index.md": index_page,
            **{f"{HOME}/{name}.md": partial(neuron_page, name) for name in sorted(models())}}

