"""A compile report for the terminal: does it fit, where is it, what does it cost and lose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from neuromorph.errors import printable
from neuromorph.report.band_tables import band_rows, span
from neuromorph.report.si import si
from neuromorph.report.tables import pairs_table, rows_table
from neuromorph.report.text import LONGEST, bytes_text, label, readable

WORST = 6
"""Heads and broken rules in the terminal; the page and the JSON have the rest."""

CORE_TABLE = ("chip", "column", "row", "neurons", "synapse_bits", "in_axons", "out_axons")
"""Columns of a report's ``core_table``; the last four are resources."""

RESOURCES = {"synapse_bits": "synaptic memory", "memory_bits": "memory, neurons and synapses",
             "in_axons": "axons in", "out_axons": "axons out"}
"""What people call a resource, where it is not its name."""

BYTE = 8

LONGEST_PHASES = 3
"""Phases in the terminal; the page and the JSON have all."""

HALF_STEPS = {"pairs": "half steps by two neurons a key",
              "longer": "half steps by a ramp of twice the steps",
              "whole": "whole steps, which lose most"}
"""Ways of plain spikes, in words."""

WAITS = {"neuron updates": "neurons", "synaptic operations": "synapses",
         "synaptic memory": "memory", "fullest link": "link", "barrier": "barrier",
         "shortest step": "shortest step"}
"""What a step may wait for, in a word."""

NO_PHASE = "none"
"""Said of steps in no phase of a schedule."""

FIDELITY = {"kl": ("KL (nat)", ".4f"), "forced": ("forced", ","),
            "spikes_per_query": ("spikes", ".1f"), "steps": ("steps", ",")}
"""Columns of a head beside its cosine, with heading and format, as far as they are known."""


def compile_tables(report: Mapping[str, Any]) -> list[Table | Text]:
    """One screen: the whole, what is broken in red, and the heads that lose most.

    Parameters
    ----------
    report : mapping
        Plain values, as in ``report.json``.
    """
    if not report["fits"]:
        return [pairs_table(heading(report), compile_rows(report)),
                rows_table("What it needs", *needs_table(report)),
                *_lines("What would make it fit", report["changes"])]
    broken = [Text(line, style="bold red") for line in faults(report)]
    whole: list[Table | Text] = [pairs_table(heading(report), compile_rows(report)), *broken]
    if not report["fidelity"]:  # a whole model's is judged by `evaluate`
        return whole
    title, columns, rows = fidelity_rows(report, WORST)
    return [*whole, rows_table(title, columns, rows, words=2)]


def heading(report: Mapping[str, Any]) -> str:
    """``Compiled for Kapoho Point, 8 Loihi 2 chips``."""
    done = "Compiled for" if report["fits"] else "Does not fit"
    return f"{done} {printable(report['title'])}"


def _paired(report: Mapping[str, Any]) -> str:
    """That a key has more than one match neuron, where it does."""
    count = report.get("neurons_per_key", 1)
    return f", {count} neurons a key" if count > 1 else ""


def compile_rows(report: Mapping[str, Any]) -> dict[str, object]:
    """The report's numbers in words, for the terminal and the page."""
    chosen = f" ({report['chosen']})" if report.get("chosen") else ""
    rows: dict[str, object] = {"bundle": report["bundle"],
                               "profile": f"{report['profile']}{chosen}"}
    if report.get("kind_of_bundle") == "whole":
        rows["model"] = (f"{report['model_family']}, whole: "
                         f"{_count(report['model_blocks'], 'block')} of width "
                         f"{readable(report['model_width'])}, {_count(report['slots'], 'slot')}, "
                         f"{report['spikes']} spikes, {readable(report['model_weights'])} weights")
    if report.get("kind_of_bundle") == "memories":
        rows["memories"] = (f"{_count(report['memories'], 'memory', 'memories')} of "
                            f"{_count(report['layers'], 'layer')} of {report['model_family']}, "
                            f"{readable(report['key_axons'])} key axons, values of "
                            f"{readable(report['value_size'])}")
    if report.get("kind_of_bundle") == "layers":
        rows["layers"] = (f"{'-'.join(map(str, report['sizes']))}, "
                          f"{readable(report['weights'])} weights, "
                          f"{_whole_percent(report['density'])} of a dense network's")
        rows |= _ensembles(report["wired_by_groups"], laid=bool(report["ensembles"]))
    if "heads" in report:
        rows["attention"] = (f"{_count(report['heads'], 'head')} of "
                             f"{_count(report['slots'], 'slot')}, {report['memory']} memory, "
                             f"{report['spikes']} spikes{_paired(report)}")
    if not report["fits"]:
        board = report["smallest_board"] or "none that is known"
        return rows | {"fits": f"no: {report['reason']}", "smallest board that would do": board}
    return rows | _placed_rows(report) | _run_rows(report) | {"evidence": report["evidence"]}


def _ensembles(groups: Mapping[str, int], *, laid: bool) -> dict[str, object]:
    told = ", ".join(f"{printable(name)} in {count}" for name, count in groups.items())
    if not told:
        return {}
    return {"laid by groups": told if laid else f"no; by --ensembles found: {told}"}


def _placed_rows(report: Mapping[str, Any]) -> dict[str, object]:
    broken = len(report["violations"])
    return {
        "fits": f"no: {_count(broken, 'rule')} broken" if broken else "yes, every rule is kept",
        "cores": f"{readable(report['cores_used'])} of {readable(report['cores_usable'])} usable, "
                 f"on {readable(report['chips_used'])} of {_count(report['chips'], 'chip')}; "
                 f"no packing takes fewer than {readable(report['cores_lower_bound'])}",
        **_second_memory(report.get("second_memory")),
        "worst resource": resource(report["worst_resource"]),
        "filled, on average": [f"{resource(name)} {_whole_percent(share)}"
                                    for name, share in report["utilisation"].items()],
        "filled, at most": [f"{resource(name)} {_whole_percent(share)}"
                                     for name, share in _fullest(report).items()],
        "cut": _cut(report["cut"]),
        **_balance(report.get("balance", {})),
        **_search(report.get("search")),
        **_half_steps(report.get("half_steps", ())),
    }


def _half_steps(ways: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """What heads of plain spikes cost in each of the ways that there are."""
    told = [f"{HALF_STEPS[way['way']]}: {_least_cores(way['cores_at_least'])} and "
            f"{'' if way['own'] else 'about '}{readable(way['median_steps'])} steps "
            f"({'this bundle' if way['own'] else way['option']})" for way in ways]
    return {"steps against cores": "; ".join(told)} if told else {}


def _least_cores(cores: int | None) -> str:
    return "no circuit of so many slots" if cores is None else f"at least {_count(cores, 'core')}"


def _balance(balance: Mapping[str, float | None]) -> dict[str, object]:
    """How much fuller than the mean the fullest core is, phase by phase."""
    told = [f"{name} × {value:.2f}" for name, value in balance.items() if value is not None]
    return {"fullest core over the mean": ", ".join(told)} if told else {}


def _search(search: Mapping[str, Any] | None) -> dict[str, object]:
    """What a search made of the plain program."""
    if search is None:
        return {}
    before, after = search["before"], search["after"]
    ends = {"seconds": "ended by the clock", "interrupt": "interrupted", "tries": "all made"}
    pairs = [f"{name} {_whole(before[key])} to {_whole(after[key])}" for name, key in (
        ("cores", "cores"), ("synapses of the fullest cores", "busiest"),
        ("spikes × hops", "hops"))]
    tries = f"{_count(search['tries'], 'try', 'tries')}, {ends[search['ended']]}"
    return {"search": [f"{tries}, seed {search['seed']}", *pairs]}


def _second_memory(second: Mapping[str, Any] | None) -> dict[str, object]:
    """Cores by the other memory limit that is known, where there is one."""
    if second is None:
        return {}
    cores = "do not fit" if second["cores"] is None else readable(second["cores"])
    cores = f"at least {cores}" if second.get("at_least") else cores
    return {f"cores, {bytes_text(second['bits'] / BYTE)} each":
            f"{cores}, if a core holds only what a log of Intel's compiler tells, not what its "
            "papers say"}


def _run_rows(report: Mapping[str, Any]) -> dict[str, object]:
    return {
        "equal to the bit": _bit_exact(report["bit_exact"]),
        "counted for": report["per"],
        "steps": _steps(report["steps"]),
        "packets between cores": f"{_whole(report['packets'])}; spikes × hops "
                                 f"{_whole(report['spikes_times_hops'])}, placed row by row "
                                 f"{_whole(report['spikes_times_hops_row_by_row'])}",
        **band_rows(report["band"]),
        **_shown_set(report),
        **_other_paces(report),
    }


def _steps(steps: Mapping[str, Any]) -> str:
    if "an_input" in steps:
        return f"{readable(steps['an_input'])} from an input to its answer, one input a step"
    if "a_token" in steps:
        return f"{readable(steps['a_token'])} a token"
    if "median" in steps:
        return f"median head {readable(steps['median'])}, most {readable(steps['most'])}"
    passes = f", {_count(steps['passes'], 'pass', 'passes')}" if steps["passes"] > 1 else ""
    return (f"{readable(steps['token'])} from a token to its answer, "
            f"{readable(steps['period'])} from a token to the next where pipelined{passes}")


def _other_paces(report: Mapping[str, Any]) -> dict[str, object]:
    """A whole model's token at the pace that is not shown at length."""
    return {f"one token, {pace}": f"{span(plain, 'total', 'J')} in all; "
            f"{span(plain, 'seconds', 's')}"
            for pace, plain in report.get("paces", {}).items()
            if pace != report["pace"] and plain is not None}


def _shown_set(report: Mapping[str, Any]) -> dict[str, object]:
    """The set that is shown by kind and phase, where there are costs at all."""
    if report["energy_joules"] is None:
        return {}
    kinds = [f"{name} {si(joules, 'J')}" for name, joules in report["energy_joules"].items()
             if joules]
    return {f"with {report['costs']}": f"{', '.join(kinds)}; {_time(report)}"}


def _time(report: Mapping[str, Any]) -> str:
    if report["latency_seconds"] is None:
        return "no time: constants are missing"
    mean = f"{si(report['latency_seconds'], 's')}, {si(report['step_seconds'], 's')} a mean step"
    longest = sorted(report["by_phase"], key=lambda phase: -phase["time_share"])[:LONGEST_PHASES]
    told = [f"{_phases(phase)} {_whole_percent(phase['time_share'])} ({WAITS[phase['binding']]})"
            for phase in longest]
    return "; ".join([mean, *([f"waits: {', '.join(told)}"] if told else [])])


def _phases(phase: Mapping[str, Any]) -> str:
    return " + ".join(phase["phases"]) or NO_PHASE


def _bit_exact(compared: Mapping[str, Any]) -> str:
    verdict = "yes" if compared["equal"] else "no"
    if "memories" in compared:
        return (f"{verdict}: {_count(compared['tokens'], 'token')} of "
                f"{_count(compared['memories'], 'memory', 'memories')}, against backend "
                f"{compared['backend']}")
    if "layers" in compared:
        return (f"{verdict}: {_count(compared['inputs'], 'input')} through "
                f"{_count(compared['layers'], 'layer')}, against backend {compared['backend']}")
    if "tokens" in compared:
        return (f"{verdict}: {_count(compared['tokens'], 'token')} through embedding, "
                f"{_count(compared['blocks'], 'block')} of {readable(compared['of_blocks'])} and "
                f"answer as they lie, on {compared['backend']}, against the integers' closed form")
    return (f"{verdict}: {_count(compared['queries'], 'query', 'queries')} of "
            f"{_count(compared['heads'], 'head')}, against backend {compared['backend']}")


def _cut(cut: Mapping[str, int]) -> str:
    if "neurons" in cut:
        return f"{readable(cut['neurons'])} neurons in {_count(cut['slices'], 'slice')}"
    if not cut["heads_cut"]:
        return "nothing: every head is whole on one core"
    return (f"{_count(cut['heads_cut'], 'head')} over several cores; "
            f"{_count(cut['slices'], 'slice')} in all")


def faults(report: Mapping[str, Any], most: int | None = WORST) -> list[str]:
    """What is wrong with a program that was placed, a sentence each; the rest are counted."""
    lines = [f"Broken: {printable(v['where'])}: {printable(v['rule'])}; found "
             f"{readable(v['found'])}, allowed {readable(v['allowed'])}"
             for v in report["violations"]]
    shown = lines[:most]
    if len(lines) > len(shown):
        shown.append(f"Broken: {readable(len(lines) - len(shown))} rules more")
    if not report["bit_exact"]["equal"]:
        shown.append("The placed program and the bundle do not agree to the bit")
    return shown


def fidelity_rows(
    report: Mapping[str, Any], most: int
) -> tuple[str, list[str], list[list[object]]]:
    """Title, columns and rows of the heads that lose most, worst first."""
    heads = report["fidelity"]
    worst = heads[:most]
    known = {name: FIDELITY[name] for name in FIDELITY if all(name in head for head in worst)}
    memories = report.get("kind_of_bundle") == "memories"
    count = _count(len(heads), *(("memory", "memories") if memories else ("head",)))
    some = f"the worst {len(worst)} of {count}" if len(heads) > most else f"{count}, worst first"
    rows: list[list[object]] = [
        [head["layer"], str(head["head"]), number(head["cosine"], ".4f"),
         *(number(head[name], form) for name, (_, form) in known.items())] for head in worst]
    return (f"Against float {'memories' if memories else 'attention'}: {some}",
            ["layer", "head", "cosine", *(title for title, _ in known.values())], rows)


def phase_rows(report: Mapping[str, Any]) -> tuple[str, list[str], list[list[object]]]:
    """Title, columns and rows of the steps by the phases that are active in them."""
    rows: list[list[object]] = [
        [_phases(phase), f"{phase['steps']:.4g}", _core(phase["core"]),
         si(phase["step_seconds"], "s"), phase["binding"], si(phase["seconds"], "s"),
         _whole_percent(phase["time_share"]), _whole_percent(phase["energy_share"])]
        for phase in report["by_phase"]]
    return (f"Phase by phase, {report['per']} (estimate, {report['costs']})",
            ["phases", "steps", "busiest core", "a step", "waits for", "time", "of the time",
             "of the events' energy"], rows)


def _core(core: int | None) -> str:
    """None where tokens of many steps overlap: no single core is the busiest."""
    return "-" if core is None else str(core)


def needs_table(report: Mapping[str, Any]) -> tuple[list[str], list[list[object]]]:
    """Columns and rows of a program that does not fit: what it needs, what a core holds."""
    holds = report.get("capacities", {})
    columns = ["resource", "needed", *(["a core holds"] if holds else [])]
    rows: list[list[object]] = []
    for name, amount in report["needs"].items():
        held = [_amount(name, holds.get(name))] if holds else []
        rows.append([resource(name), _amount(name, amount), *held])
    return columns, rows


def _lines(title: str, lines: Sequence[str]) -> list[Text]:
    """Sentences under a title, or nothing without one."""
    told = [Text(f"  {printable(line, LONGEST)}") for line in lines]
    return [Text(f"{title}:"), *told, Text()] if told else []


def _amount(name: str, amount: int | None) -> str:
    """Bits as bytes, for people count memory in those."""
    if amount is None or not name.endswith("_bits"):
        return readable(amount)
    return bytes_text(amount / BYTE)


def resource(name: str) -> str:
    """A resource as a person calls it."""
    return RESOURCES.get(name, label(name))


def number(value: float | None, form: str) -> str:
    """A number in a format, or ``-`` for none: a head without a query has no cosine."""
    return "-" if value is None or not math.isfinite(value) else format(value, form)


def _whole(value: float) -> str:
    return readable(round(value))


def _whole_percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{readable(number)} {one if number == 1 else many or one + 's'}"


def core_shares(report: Mapping[str, Any], name: str) -> Sequence[float]:
    """How much of the resource each core in use holds, as a share of its capacity."""
    at = CORE_TABLE.index(name)
    return [row[at] / report["capacities"][name] for row in report["core_table"]]


def drawn_resource(report: Mapping[str, Any]) -> str:
    """The worst resource, or the fullest of those that are known core by core."""
    full = _fullest(report)
    worst: str = report["worst_resource"]
    return worst if worst in full else max(full, key=lambda name: full[name])


def _fullest(report: Mapping[str, Any]) -> dict[str, float]:
    """The share of each resource that the core holds which holds most of it."""
    known = [name for name in CORE_TABLE if name in report["capacities"]]
    return {name: max(core_shares(report, name)) for name in known}
