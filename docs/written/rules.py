"""The field's learning rules by name: text, equation, what the integers lose."""

from __future__ import annotations

import inspect
import math

from neuromorph.learning import RULES, LearningRule
from neuromorph.learning.named import __doc__ as about
from written.parts import WRITTEN, prose, section, spelled, table

TRACES = ("x1", "x2", "y1", "y2", "y3")


def rules_page() -> str:
    """All rules on one page."""
    first, *more = prose(about or "")
    parts = [f"# Learning rules by name\n\n{WRITTEN} {first}", *more,
             ("```py\nfrom neuromorph.learning import RULES\n\nrule = RULES[\"oja\"](rate=2**-4)\n"
              "```"),
             ("A rule of your own is a text: [plasticity](../plasticity.md) has the grammar, "
             "[the API](api/learning.md) the class.")]
    parts += [_rule(name) for name in sorted(RULES)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _rule(name: str) -> str:
    make = RULES[name]
    rule = make()
    return "\n\n".join([f"## {name}", *prose(make), _text(rule), _parameters(name)])


def _text(rule: LearningRule) -> str:
    """The rule as the engine has it."""
    lines = [f"{what} = {text}" for what, text in (("dw", rule.dw), ("dt", rule.dt)) if text]
    traces = [f"{trace}: {_trace(rule, trace)}" for trace in TRACES if rule.impulse(trace)]
    if rule.payload == "overwrite":
        traces.insert(0, "x1: half the payload of the spike")
    kept = f"; sign {rule.sign}" if rule.sign != "mixed" else ""
    text = "\n".join([*lines, *traces])
    return (f"With the defaults, in integers, an epoch of {rule.epoch}{kept}:\n\n"
            f"```text\n{text}\n```")


def _trace(rule: LearningRule, trace: str) -> str:
    tau = rule.tau(trace)
    lasts = ("for ever" if math.isinf(tau) else "for the step of the spike" if tau == 0
             else f"fading with a time constant of {tau:g} steps")
    return f"a spike adds {rule.impulse(trace):g}, {lasts}"


def _parameters(name: str) -> str:
    meanings = {parameter: one.text for one in section(RULES[name], "Parameters")
                for parameter in one.names}
    rows = [(f"`{one.name}`", _default(one.default), meanings.get(one.name, ""))
            for one in inspect.signature(RULES[name]).parameters.values()]
    return table(("parameter", "default", "what it is"), rows).rstrip()


def _default(value: object) -> str:
    if isinstance(value, bool | str) or value is None:
        return f"`{value!r}`"
    if isinstance(value, tuple):
        return ", ".join(spelled(v) for v in value)
    if isinstance(value, float) and 0 < value < 1 and math.log2(value).is_integer():
        return f"2^{int(math.log2(value))}".replace("-", "−")
    return spelled(value)


