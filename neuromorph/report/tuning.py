"""What a search for a wanted fidelity found, in tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from neuromorph.report.si import si
from neuromorph.report.tables import WORST, pairs_table, rows_table
from neuromorph.report.text import readable

Plain = Mapping[str, Any]

UNITS = {"steps": "steps a query", "spikes": "spikes a query", "cores": "cores",
         "energy": "energy (est.)"}
"""Costs, and how their columns are called."""

FIGURES = {"kl": "KL (nat)", "perplexity_ratio": "ppl ×", "top1": "same top 1", "score": "right",
           "cosine": "cosine", "hidden": "hidden cos."}
"""Metrics, and how their columns are called."""

CODES = (("query_bits", "queries", None), ("key_bits", "keys", 8), ("value_bits", "values", 8))
"""Widths of codes, and what they are where nobody chose."""

ALWAYS = ("kl", "cosine", "score")
"""Metrics that are shown though nobody wished for them."""


def tuning_tables(result: Plain) -> list[Table]:
    """What came out, the curve, all trials by their cost, and heads, worst first.

    Parameters
    ----------
    result : mapping
        Of ``TuneReport.as_dict``.
    """
    return [pairs_table("Tuned", _summary(result)), _trials_table(result),
            *_refused_table(result), *_heads_table(result)]


def figure(trial: Plain, name: str) -> float | None:
    """A metric of a trial; None if its evaluation does not know it."""
    found = trial["found"]
    value = min(found.get("cosine_by_layer", ()), default=None) if name == "hidden" else \
        found.get(name)
    return None if value is None else float(value)


def said(options: Plain) -> str:
    """Options in a few words."""
    bits = "".join(f", {many} of {options[name]} bits" for name, many, usual in CODES
                   if options[name] != usual)
    return (f"{options['slots']} slots, step {options['step_nats']:.3g}, window "
            f"{options['window_nats']:g}, margin {options['margin_nats']:g}, headroom "
            f"{options['headroom']:g}{bits}")


def wished(result: Plain) -> list[str]:
    """The metrics that were wished for."""
    return [wish.replace(">", "<").split("<")[0] for wish in result["keep"]]


def cost_text(by: str, value: float | None) -> str:
    """A cost with its unit, where its column does not say it."""
    if value is None:
        return "-"
    return si(value, "J") if by == "energy" else f"{value:.0f}" if by == "cores" else \
        f"{value:.2f}"


def _summary(result: Plain) -> dict[str, object]:
    told = result["best"] or result["nearest"]
    rows: dict[str, object] = {"source": result["source"], "wished": result["keep"],
                               "least": UNITS[result["by"]], "trials": len(result["trials"])}
    if told is None:
        return rows | {"kept": "nothing that was tried fits"}
    rows["kept" if result["kept"] else "not kept; the nearest"] = (
        f"{told['kind']}, {said(told['options'])}")
    default = result["trials"][0]
    if result["default_is_best"]:
        rows["the default"] = "is the best of all that was tried"
    else:
        rows["there"] = _told(told, result)
        rows["with the default"] = _told(default, result)
    if told["profile"] is not None:
        rows["compiled for"] = told["profile"]
    return rows | ({"bundle": result["bundle"]} if result["bundle"] else {})


def _told(trial: Plain, result: Plain) -> str:
    if trial["refused"]:
        return str(trial["refused"])
    cost = cost_text(result["by"], trial["costs"].get(result["by"]))
    figures = (f"{name} {_number(name, figure(trial, name))}" for name in wished(result))
    return ", ".join((f"{UNITS[result['by']]} {cost}", *figures))


def _trials_table(result: Plain) -> Table:
    by = result["by"]
    done = [trial for trial in result["trials"] if not trial["refused"]]
    done.sort(key=lambda trial: (trial["costs"].get(by) is None, trial["costs"].get(by) or 0.0))
    costs = [name for name in UNITS if any(t["costs"].get(name) is not None for t in done)]
    wanted = [*ALWAYS, *(name for name in FIGURES if name in wished(result))]
    figures = [name for name in FIGURES
               if name in wanted and any(figure(t, name) is not None for t in done)]
    bits = [name for name, _, usual in CODES
            if any(t["options"][name] != usual for t in done)]
    columns = ("kind", "", "slots", "step", "window", "margin", "headroom",
               *(name.replace("_", " ") for name in bits), *(UNITS[name] for name in costs),
               "forced",
               *(FIGURES[name] for name in figures))
    rows = [[trial["kind"], _marks(trial, result), *_options(trial["options"], bits),
             *(cost_text(name, trial["costs"].get(name)) for name in costs),
             f"{trial['costs']['forced']:.1g}",
             *(_number(name, figure(trial, name)) for name in figures)] for trial in done]
    return rows_table("Trials, cheapest first (* the best, = the default, | no other is both "
                      "cheaper and closer)", columns, rows, words=2)


def _options(options: Plain, bits: Sequence[str]) -> Iterator[str]:
    yield str(options["slots"])
    for name, form in (("step_nats", ".3g"), ("window_nats", "g"), ("margin_nats", "g"),
                       ("headroom", "g")):
        yield f"{options[name]:{form}}"
    yield from (readable(options[name]) for name in bits)


def _marks(trial: Plain, result: Plain) -> str:
    trials = result["trials"]
    number = trials.index(trial)
    return (("*" if trial == result["best"] else "") + ("=" if number == 0 else "")
            + ("|" if number in result["frontier"] else ""))


def _number(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4%}" if name in ("top1", "score") else f"{value:.5f}"


def _refused_table(result: Plain) -> list[Table]:
    refused = [trial for trial in result["trials"] if trial["refused"]]
    if not refused:
        return []
    return [rows_table("Not possible", ("kind", "options", "why"),
                       [(t["kind"], said(t["options"]), t["refused"]) for t in refused], words=3)]


def _heads_table(result: Plain) -> list[Table]:
    heads = result["heads"]
    if not heads:
        return []
    asked = sum(head["lost"] is not None for head in heads)
    some = "" if asked == len(heads) else f"; the model was asked about {asked} of {len(heads)}"
    return [rows_table(
        f"Each head alone in spikes, by what the model loses, worst first{some}",
        ("layer", "head", "lost", "own cosine", "steps"),
        [(h["layer"], h["head"], "-" if h["lost"] is None else f"{h['lost']:.2e}",
          f"{h['own_cosine']:.5f}", h["steps"]) for h in heads[:WORST]])]
