"""Tables for the terminal. What stands in files is untrusted: no cell is taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from neuromorph.report.columns import narrowest
from neuromorph.report.shares import apart_said, share_said
from neuromorph.report.text import bytes_text, label, readable
from neuromorph.translate import HeadFidelity, worst_first

READOUTS = {"host": "a host divides control by normaliser",
            "emitted": "heads divide, and send their context"}

WORST = 12
"""Rows of a fidelity table; the rest are summed up."""

DIGITS_OF_A_DIGEST = 12


def pairs_table(title: str, rows: Mapping[str, object]) -> Table:
    """Two columns: what, and how much."""
    table = _table(title, show_header=False)
    texts = {readable(name): readable(value) for name, value in rows.items()}
    table.add_column(style="dim", overflow="fold", min_width=narrowest(texts))
    table.add_column(overflow="fold", min_width=narrowest(texts.values()))
    for name, text in texts.items():
        table.add_row(Text(name), Text(text))
    return table


def rows_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], words: int = 1, *,
    names: bool = False,
) -> Table:
    """One line a row; the first columns hold words, the others numbers.

    With ``names`` the first column holds what people copy, and stays whole.
    """
    table = _table(title)
    texts = [[readable(value) for value in row] for row in rows]
    for i, name in enumerate(columns):
        least = narrowest((row[i] for row in texts), name,
                          whole=i >= words or (names and not i))
        table.add_column(name, justify="left" if i < words else "right", overflow="fold",
                         min_width=least)
    for row in texts:
        table.add_row(*map(Text, row))
    return table


def _table(title: str, **settings: Any) -> Table:
    return Table(title=Text(readable(title)), title_justify="left", title_style="bold",
                 box=box.SIMPLE_HEAD, pad_edge=False, **settings)


def export_tables(result: Mapping[str, Any], fidelity: Sequence[HeadFidelity]) -> list[Table]:
    """What an export made, and the heads that lose most."""
    return [pairs_table("Exported", {
        "bundle": result["bundle"],
        "model": _model_text(result["family"], result["layers"], result["heads"]),
        "slots": result["slots"],
        "steps a query, median head": result["median_steps"],
        "cosine to float attention, mean": f"{result['mean_cosine']:.4f}",
        "forced spikes": _forced(result["forced_spikes"], result["forced_a_query"]),
        "measured on": result["fidelity_on"],
    }), fidelity_table(fidelity)]


def simulation_tables(result: Mapping[str, Any], fidelity: Sequence[HeadFidelity]) -> list[Table]:
    """What a simulation did, and the heads that lose most."""
    return [pairs_table("Simulated", simulation_rows(result)), fidelity_table(fidelity)]


def simulation_rows(result: Mapping[str, Any]) -> dict[str, object]:
    """What a simulation did, in words."""
    rows: dict[str, object] = {
        "bundle": result["bundle"],
        "inputs": result["inputs"],
        "backend": f"{result['backend']} ({result['evidence']})",
        "read-out": READOUTS[result["readout"]],
        "queries": f"{readable(result['queries'])}, over all heads",
        "spikes": _share(result["spikes"], result["queries"], "a query"),
        "forced spikes": _forced(result["forced"], result["forced_a_query"]),
        "queries that tell no key from another": readable(result["flat"]),
        "steps": _share(result["steps"], result["queries"], "a query"),
        "clipped codes": f"{readable(result['clipped'])} of {readable(result['codes'])}",
    }
    if "accuracy" in result:
        rows["accuracy"] = percent(result["accuracy"])
    return rows


def fidelity_table(fidelity: Sequence[HeadFidelity]) -> Table:
    """The heads that lose most, worst first."""
    worst = worst_first(fidelity)[:WORST]
    some = f"the worst {WORST} of {len(fidelity)} heads" if len(fidelity) > WORST else \
        f"{len(fidelity)} head{'s' if len(fidelity) != 1 else ''}, worst first"
    return rows_table(
        f"Against float attention: {some}, by cosine or KL (spikes and steps a query)",
        ("layer", "head", "cosine", "KL (nat)", "forced", "spikes", "steps"),
        [(f.layer, f.head, f"{f.cosine:.5f}", f"{f.kl:.5f}", f.forced,
          f"{f.spikes_per_query:.1f}", f.steps) for f in worst])


def demo_table(summary: Mapping[str, Any]) -> Table:
    """What the demo measured."""
    return pairs_table("Digits, whole in integers and spikes", demo_rows(summary))


def demo_rows(summary: Mapping[str, Any]) -> dict[str, object]:
    """The demo's numbers in words, for the terminal and the page."""
    of = summary["images"]

    def share(name: str) -> str:
        return share_said(round(summary[f"accuracy_{name}"] * of), of)

    def apart(name: str) -> str:
        only_ours, only_float = summary[f"apart_{name}"]
        return apart_said(only_ours, only_float, of)

    rows: dict[str, object] = {
        "test images": of,
        "accuracy, float model": share("float"),
        "accuracy, whole model in integers": share("whole"),
        "whole in integers and float": apart("whole"),
        "accuracy, attention in graded spikes": share("spiking"),
        "graded spikes and float": apart("spiking"),
        "accuracy, attention in plain spikes": share("spiking_binary"),
        "plain spikes and float": apart("spiking_binary"),
        "accuracy, attention switched off": share("uniform_attention"),
        **_whole_rows(summary),
        "cosine to float attention, mean": f"{summary['mean_cosine']:.4f}",
        "attention alone: spiking heads": summary["heads"],
        "steps a query, median head": summary["median_steps"],
        "spikes a query": f"{summary['spikes_per_query']:.1f}",
        "forced spikes": summary["forced_spikes"],
        "attention, equal to the bit": _backends(summary),
    }
    missed = [f"{name}: {why}" for name, why in summary["not_compared"].items()]
    rows |= {"not compared with": missed} if missed else {}
    return rows | ({"warnings": summary["warnings"]} if summary["warnings"] else {})


def _whole_rows(summary: Mapping[str, Any]) -> dict[str, object]:
    cosines = summary["whole_cosine_by_layer"]
    missed = [f"{name}: {why}" for name, why in summary["whole_not_compared"].items()]
    return {
        "whole: the float model's answer": f"{readable(summary['whole_agrees'])} of "
                                           f"{readable(summary['images'])} images",
        "whole: cosine of hidden states, by layer": ", ".join(f"{one:.5f}" for one in cosines),
        "whole: numbers cut off": summary["whole_saturations"] or "none",
        "whole: neurons, synapses": f"{readable(summary['whole_neurons'])}, "
                                    f"{readable(summary['whole_synapses'])}",
        "whole: steps, spikes of an image": f"{readable(summary['whole_steps'])}, "
                                            f"{readable(summary['whole_spikes'])}",
        "whole: all sums proved": summary["whole_proved"],
        f"whole: cores of {summary['whole_profile']}": summary["whole_cores"],
        "whole, equal to the bit": "closed form = " + " = ".join(_clocked(summary)),
        **({"whole, not compared with": missed} if missed else {})}


def _clocked(summary: Mapping[str, Any]) -> list[str]:
    """Backends, and how much ran on each."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in summary["whole_compared"]:
        found.setdefault(one["backend"], []).append(one)
    return [f"{name} ({_much(runs)})" for name, runs in found.items()]


def _much(runs: Sequence[Mapping[str, Any]]) -> str:
    if all(run["whole_image"] for run in runs):
        return f"{len(runs)} image{'s' if len(runs) != 1 else ''}"
    tokens = sum(run["tokens"] for run in runs)
    return f"{tokens} token{'s' if tokens != 1 else ''} of an image, all passes"


def parts_rows(
    parts: Sequence[tuple[str, int, int, int]]
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Columns and rows of what runs where."""
    rows: list[tuple[object, ...]] = [
        (name, "sends" if name == "host" else "chip", *counts)
        for name, *counts in parts]
    return ("part", "where", "neurons", "synapses", "spikes"), rows


def _backends(summary: Mapping[str, Any]) -> str:
    compared = summary["compared"]
    names = {c["against"]: None for c in compared} | {c["backend"]: None for c in compared}
    return " = ".join(names)


def inspection_tables(result: Mapping[str, Any]) -> list[Table]:
    """What `neuromorph.api.inspect.describe` found: the whole, and its layers."""
    layers = result["layers"]
    provenance = result.get("provenance", {})
    heads = sum(layer["heads"] for layer in layers)
    general: dict[str, object] = {
        "path": result["path"],
        "model": _model_text(result["family"], len(layers), heads),
        "attention": "causal: a token sees itself and those before it"
        if result["causal"] else "every token sees every token",
    }
    if "holds_model" in result:
        general["holds the model"] = result["holds_model"]
    if "calibration" in provenance:
        general["calibrated on"] = provenance["calibration"]
    general |= _file_rows(result.get("files") or provenance.get("files", {}))
    tables = [pairs_table(result["kind"].capitalize(), general)]
    if result.get("options"):
        tables.append(pairs_table("Made with", {label(k): v for k, v in
                                                result["options"].items()}))
    columns = list(layers[0])
    rows = [[layer[name] for name in columns] for layer in layers]
    return [*tables, rows_table("Layers", [label(name) for name in columns], rows)]


def _file_rows(files: object) -> dict[str, object]:
    if not isinstance(files, Mapping):
        return {}
    rows: dict[str, object] = {}
    for name, entry in files.items():
        known = isinstance(entry, Mapping) and {"bytes", "sha256"} <= entry.keys()
        rows[f"file {name}"] = (
            f"{bytes_text(entry['bytes'])}, sha256 {entry['sha256'][:DIGITS_OF_A_DIGEST]}…"
            if known else entry)
    return rows


def diagnosis_tables(result: Mapping[str, Any]) -> list[Table | str]:
    """What `neuromorph.api.doctor.diagnose` found: the machine, the packages, what to install."""
    machine = {
        "neuromorph": result["neuromorph"],
        "Python": f"{result['python']}, {result['executable']}",
        "platform": result["platform"],
        "tested on such a system": result["platform_tested"] or "no: docs/platforms.md",
        "cores": result["cores"],
        "memory": f"{_size(result['memory_available'])} free of {_size(result['memory_total'])}",
        "numpy suits Lava": result["numpy_suits_lava"],
        "Intel's Loihi extension": result["loihi_extension"],
        "the core can run": result["healthy"],
    }
    if result["missing_folders"]:
        machine["missing from this installation"] = result["missing_folders"]
    columns = ("group", "name", "installed", "tested", "status")
    packages = result["packages"]
    tables: list[Table | str] = [
        pairs_table("This machine", machine),
        rows_table("Packages", columns, [[p[c] for c in columns] for p in packages],
                   words=len(columns)),
    ]
    missing = [f"  {p['install']}" for p in packages if p["install"]]
    return [*tables, "To install what is missing:", *missing] if missing else tables


def percent(share: float) -> str:
    """``97.50 %``."""
    return f"{100 * share:.2f} %"


def _size(count: int | None) -> str:
    return "unknown" if count is None else bytes_text(count)


def _share(count: int, of: int, each: str) -> str:
    return f"{readable(count)}, {count / of:.1f} {each}" if of else readable(count)


def _forced(count: int, a_query: float) -> str:
    return f"{readable(count)}, {a_query:.2g} a query"


def _model_text(family: str, layers: int, heads: int) -> str:
    return (f"{family}: {layers} layer{'s' if layers != 1 else ''}, "
            f"{heads} head{'s' if heads != 1 else ''}")
