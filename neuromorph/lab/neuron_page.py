"""`neurons.md`: what somebody has to write who runs a program on other software."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template

import numpy as np

from neuromorph.compile.program import Program, Unit
from neuromorph.errors import escaped
from neuromorph.lab.replaying import learning_text, models_of
from neuromorph.learning import LearningRule
from neuromorph.learning.terms import Term
from neuromorph.network import Population, Projection
from neuromorph.neurons import NeuronModel
from neuromorph.numerics.limits import TAG_MAX, TAG_MIN, TRACE_MAX
from neuromorph.straight import numpy_function, why_not_straight
from neuromorph.straight.update import column_names

NEURONS = "neurons.md"

SHOWN = 6
"""Names of populations that are listed; of more there is a number."""


def neuron_page(program: Program) -> str:
    """The page, of all neuron models and learning rules that a program's units have."""
    models: dict[type[NeuronModel], int] = {}
    for unit in program.units:
        models |= models_of(unit)
    parts = [_model(model, columns, _of(program.units, model))
             for model, columns in sorted(models.items(), key=lambda one: one[0].__name__)]
    rules = list(_rules(program.units))
    head = Path(__file__).with_name("neurons_head.md").read_text("utf-8")
    return "\n".join([Template(head).substitute(models=", ".join(
        f"`{model.__name__}`" for model in sorted(models, key=lambda one: one.__name__)))
        or "none", *parts, *([LEARNING, *rules] if rules else [])])


def _of(units: Sequence[Unit], model: type[NeuronModel]) -> list[Population]:
    return [p for unit in units for p in unit.neurons if type(p.model) is model]


def _model(model: type[NeuronModel], columns: int, found: list[Population]) -> str:
    first = max((p.model for p in found), key=lambda one: one.payload_bits)
    neurons = sum(p.size for p in found)
    lines = [f"## {model.__name__}\n", (f"{_count(len(found), 'population')}, "
              f"{_count(neurons, 'neuron')}: {_names([p.name for p in found])}.\n"),
             inspect.cleandoc(model.__doc__ or "") + "\n",
             _table(("register", "bits"), ((f"`{word}`", "24, signed") for word in model.words))
             if model.words else "It keeps nothing from step to step.\n",
             (f"Inputs: {', '.join(f'`{port}`' for port in model.ports)}, one sum a step each. "
              f"It sends {_sends(first)}.\n")]
    reason = why_not_straight(first)
    if reason is not None:
        return "\n".join([*lines, f"Its update is not written here: {reason}.\n"])
    return "\n".join([
        *lines, ("Constants in this program (those of each neuron are in `program.json`; "
                 "`constants.npz` has them as the update below reads them):\n"),
        _table(("constant", "from", "to"), _constants(model, columns, found)),
        f"```python\n{numpy_function(model, columns)}```\n"])


def _sends(model: NeuronModel) -> str:
    bits = model.payload_bits
    return f"payloads of {bits} bits, signed; 0 is no spike" if bits else "1 or nothing"


def _constants(
    model: type[NeuronModel], columns: int, found: list[Population]
) -> Iterable[tuple[str, str, str]]:
    values = [p.model.constants() for p in found]
    for k, name in enumerate(column_names(model, columns)):
        numbers = np.concatenate([np.atleast_1d(np.asarray(one[k], np.int64)) for one in values])
        yield f"`{name}`", str(int(numbers.min())), str(int(numbers.max()))


# --- learning

LEARNING = f"""\
## Learning

Synapses of these projections change. In a step the old weights deliver; then traces note the
spikes of this very step, and at an epoch's end weights and tags change by a sum of products:

    total = w << 7, then for each product   total = clip(clip((product >> r) << l) + total)
    w'    = (total >> 7) + (draw < (total & 127)), clipped to its sign's range

clip is to -32769 … 32767. A product is a mantissa, where its condition holds (`x0`: there was a
spike before, `y0`: behind the synapse, `u`: always), times factors, each clipped to its bits. A
product whose condition holds nowhere is left out. Traces are within 0 … {TRACE_MAX} (a payload
leaves up to 255), tags within {TAG_MIN} … {TAG_MAX}. A third factor takes the place of a trace y
in the step in which it is sent. The draws are random numbers, one of a kind for a whole
projection a step: `draws_of` in `replay.py`.
"""


def _rules(units: Sequence[Unit]) -> Iterable[str]:
    """Each rule once, and who has it."""
    found: dict[tuple[LearningRule, bool], list[Projection]] = {}
    for projection in (p for unit in units for p in unit.network.plastic):
        if projection.rule is not None:
            key = projection.rule, projection.modulated
            found.setdefault(key, []).append(projection)
    for (rule, _), projections in found.items():
        terms = [("w", term) for term in rule.weight_terms] + [
            ("tag", term) for term in rule.tag_terms]
        traces = [f"`{name}`: impulse {rule.impulse(name):g}, keeps {rule.keeps(name):g} a step"
                  for name in ("x1", "x2", "y1", "y2", "y3")
                  if any(factor.variable == name for _, term in terms for factor in term.factors)]
        yield "\n".join([
            f"### dw = {rule.dw or '0'}, dt = {rule.dt or '0'}\n",
            (f"{_count(len(projections), 'projection')}: {_names([p.name for p in projections])}. "
             f"Epochs of {_count(rule.epoch, 'step')}, sign {rule.sign}, payload {rule.payload}, "
             f"seed {rule.seed}. {'; '.join(traces)}.\n"),
            _table(("changes", "product", "factors' bits", "r", "l"),
                   ((name, f"`{term}`", _bits(term), str(term.right_shift), str(term.left_shift))
                    for name, term in terms)),
            f"```python\n{learning_text('learn', projections[0])}```\n"])


def _bits(term: Term) -> str:
    return ", ".join(f"{factor.variable} {factor.width}" for factor in term.factors) or "none"


# --- Markdown


def _names(names: list[str]) -> str:
    told = [f"`{escaped(name)}`" for name in dict.fromkeys(names)]
    more = [] if len(told) <= SHOWN else [f"and {len(told) - SHOWN} more"]
    return ", ".join([*told[:SHOWN], *more])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
