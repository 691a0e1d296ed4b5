"""Write the pages that repeat the code: `PAGES`."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from written import api, circuits, codes, files, neurons, rules  # noqa: E402


def cli_page() -> str:
    """Help of every command, as wide and as plain on every terminal."""
    with patch.dict(os.environ, COLUMNS="100", NO_COLOR="1", TERM="dumb"):
        return _cli_page()


def _cli_page() -> str:
    import typer.main
    from typer.testing import CliRunner

    from neuromorph.cli.app import app

    parts = ["# Command line\n\nWritten by `python docs/generate.py`.\n"]
    for name in ("", *typer.main.get_command(app).commands):  # type: ignore[attr-defined]
        result = CliRunner().invoke(app, [name, "--help"] if name else ["--help"],
                                    prog_name="neuromorph")
        text = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
        parts.append(f"## neuromorph {name}".rstrip() + f"\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def backends_page() -> str:
    """Every backend: what it says of itself, which is all that there is about it."""
    from neuromorph import backends

    kinds = [backends.kind(name) for name in backends.names()]
    usual = f"Without a name it is `{backends.DEFAULT}` that runs."
    return (f"# Backends\n\nWritten by `python docs/generate.py`. {usual}\n\n" + markdown(
        ("backend", "what it is", "evidence it claims", "computes in", "needs the extra", "cannot"),
        ((f"`{kind.name}`", kind.summary, kind.evidence,
          " and ".join("integers" if d == "fixed" else "floats" for d in kind.domains),
          f"`{kind.extra}`" if kind.extra else "none", kind.cannot or "nothing else")
         for kind in kinds)) + "\nIntegers agree with `reference` to the bit. Floats do so within "
        "a share of a trace's largest value: " + ", ".join(
            f"{kind.tolerance:g} on `{kind.name}`" for kind in kinds if kind.tolerance)
        + ".\n\n" + _profiles_support())


def _profiles_support() -> str:
    """What `compile` asks of a profile, and refuses where it is not."""
    from neuromorph.compile.features import FEATURES
    from neuromorph.compile.registers import REGISTERS, register_of
    from neuromorph.profiles import load_profile, profile_names

    profiles = [load_profile(name) for name in sorted(profile_names())]
    rows = [(name, *("yes" if has(profile) else "no" for profile in profiles))
            for name, has in FEATURES.items()]
    rows += [(f"`{name}`", *(str(register_of(profile, name)) for profile in profiles))
             for name in REGISTERS]
    return ("## Hardware profiles\n\nWhat `compile` looks for before it places a network, and "
            "refuses, all reasons at once, where a network needs more.\n\n"
            + markdown(("", *(f"`{profile.name}`" for profile in profiles)), rows))


def errors_page() -> str:
    """Every error class, its exit code and what it means."""
    from neuromorph import errors

    rows = ["# Errors\n\nWritten by `python docs/generate.py`. Every class is also a builtin.\n",
            "| class | exit code | meaning |", "|---|---|---|"]
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.NeuromorphError) and kind is not errors.NeuromorphError:
            builtins = [b.__name__ for b in kind.__mro__ if b.__module__ == "builtins"]
            meaning = " ".join((kind.__doc__ or "").split())
            rows.append(f"| `{kind.__name__}` ({builtins[0]}) | {kind.exit_code} | {meaning} |")
    return "\n".join(rows) + "\n"


def ways_page() -> str:
    """Ways out: formats, labels, and what each neuron model becomes."""
    from neuromorph.api.convert import ways_table

    head = (HERE / "ways_head.txt").read_text("utf-8")
    table = markdown(("neuron model", "ONNX", "`replay.py`", "NIR"),
                     ((f"`{name}`", *told) for name, *told in ways_table()))
    return f"{head}\n{table}"


def profiles_page() -> str:
    """Every hardware profile: each number with unit, confidence and source."""
    from neuromorph.profiles import load_profile, profile_names
    from neuromorph.profiles.describe import certainty, changes, fields_in_words, value_text

    parts = [("# Hardware profiles\n\nWritten by `python docs/generate.py` from the files in "
             "[hardware_profiles](../hardware_profiles/README.md).\n")]
    for name in sorted(profile_names(), key=lambda n: (load_profile(n).lineage[::-1], n)):
        profile = load_profile(name)
        base = f", extends `{profile.lineage[0]}`" if profile.lineage else ""
        parts += [f"## {name}\n\n{profile.title}{base}. Usable cores: {profile.cores_usable:,}.\n"]
        parts += ["".join(f"{note}\n" for note in profile.notes)] if not profile.lineage else []
        parts.append(markdown(("field", "value", "unit", "confidence", "source"), (
            (f"`{field}`", value_text(q).lower(), q.unit, certainty(q), q.source)
            for field, q in changes(profile).items())))
    parts += ["## Fields\n", markdown(("field", "takes", "meaning"), (
        (f"`{field.name}`", field.takes, field.meaning) for field in fields_in_words()))]
    return "\n".join(parts)


def validation_page() -> str:
    """What estimates say of published measurements, set by set."""
    from neuromorph.cost.measured import ROWS, UNITS
    from neuromorph.cost.validation import (
        AFTER,
        BEFORE,
        before_and_after,
        judged,
        median_factor,
    )
    from neuromorph.profiles import load_profile
    from neuromorph.report.si import si

    sets, found = list(load_profile("loihi2").energy), judged()
    parts = [VALIDATION_TEXT, markdown(("row", "source", "counted by", "how"), (
        (row.name, f"{row.source}, {row.date}", row.counted, row.how) for row in ROWS))]
    for quantity, unit in UNITS.items():
        rows = []
        for row in ROWS:
            if quantity in row.measured:
                value = row.measured[quantity]
                ends = "" if value.low is None else (
                    f" ({si(value.low, unit)} to {si(value.high, unit)})")
                rows.append([row.name, f"{si(value.value, unit)}{ends}", *(
                    _said(one, unit) for one in found if one.row is row
                    and one.quantity == quantity), value.cause or "-"])
        parts.append(f"\n## {VALIDATION_TITLES[quantity]}\n\n" + markdown(
            ("row", "measured", *(f"`{name}`" for name in sets), "why it misses"), rows))
    rows = [[f"`{name}`", *(_median(median_factor(name, what, found)) for what in (
        ("dynamic", "total"), ("seconds",)))] for name in sets]
    parts.append("\n## How far off, in the median\n\n" + markdown(
        ("costs", "factor of energy (of so many)", "factor of time"), rows))
    parts += [f"\n{VALIDATION_ENDS[name]}: `{BEFORE}` × {before:.2f}, `{AFTER}` × {after:.2f} "
              f"({count} rows).\n"
              for name, (before, after, count) in before_and_after(found).items()]
    return "\n".join(parts).replace("\n\n\n", "\n\n")


def _said(one: Any, unit: str) -> str:
    from neuromorph.report.si import si

    if one.predicted is None:
        return "-"
    return f"{si(one.predicted, unit)}, × {one.ratio:.2f}{' (own row)' if one.own else ''}"


def _median(found: tuple[float, int] | None) -> str:
    return "-" if found is None else f"× {found[0]:.2f} (of {found[1]})"


VALIDATION_TITLES = {
    "dynamic": "Energy of events", "total": "Energy in all, the chips in use included",
    "seconds": "Time on the chip", "host_seconds": "Time to reach the host",
    "board_watts": "Idle power of the board"}

VALIDATION_ENDS = {
    "judged": "With the constants that rows asked for (a core in use, ternary weights), energy, "
              "on the rows that gave neither set a constant",
    "fitted too": "The same on all rows, those that gave the constants included, which is a fit "
                  "and no judgement"}

VALIDATION_TEXT = """# Estimates held against measurements

Written by `python docs/generate.py` from `neuromorph/cost/measured.py` (rows) and
`hardware_profiles/loihi2.toml` (cost sets). Each entry is a prediction at the values of a set's
constants, and its ratio to what was measured. Rows and constants were known together, and no
constant was changed after the ratios were seen; a set is never judged on a row that gave one of its
constants (`own row`). `counted by`: `chip`, its own probes; `authors`, printed with the number;
`us`, derived from the network that is described; `guess`. `second-hand`: read in summaries, not in
the paper; `recalled`: from memory, found in no source that was at hand.

Energy is to be within a factor of 2 on one chip where the chip itself counted. PilotNet is, by all
sets but `intel_peak`, which is a lower bound. The autoencoder is not (3 to 5 times too low): what
was measured is a board of 16 chips at its input.
"""


def papers_page() -> str:
    """A line for each paper whose script declares it, with its rows as last kept."""
    sys.path.insert(0, str(HERE.parent))
    from examples.papers.about import COLUMNS, counts, kept, lines
    from examples.papers.scripts import papers

    known = papers()
    judged, missed = counts(row for name in known for row in kept(name))
    return (f"{PAPERS_TEXT}\n{judged} rows are judged, {missed} of them missed.\n\n"
            + markdown(COLUMNS, lines(known)))


PAPERS_TEXT = """# Papers

Written by `python docs/generate.py` from what the scripts in `examples/papers` declare (`ABOUT`)
and their rows in [papers](papers), which `python -m examples.papers NAME --keep` writes. A row is
missed where ours is further from the published figure than a tolerance that was set before; without
a published figure ours is reported only.
"""


def claims_page() -> str:
    """What each measured figure of the pages rests on: `claims`."""
    sys.path.insert(0, str(HERE))
    import claims

    return claims.claims_page()


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = (columns, ["---"] * len(columns), *rows)
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


PAGES = {"backends.md": backends_page, "claims.md": claims_page, "cli.md": cli_page,
         "errors.md": errors_page,
         "papers.md": papers_page, "profiles.md": profiles_page,
         "validation.md": validation_page, "ways.md": ways_page,
         "reference/exit_codes.md": codes.codes_page, "reference/files.md": files.files_page,
         "reference/rules.md": rules.rules_page, **api.pages(), **circuits.pages(),
         **neurons.pages()}

WHOLE = (api.HOME, circuits.HOME, neurons.HOME)
"""Folders that hold written pages and nothing else."""


def left_over() -> list[Path]:
    """Pages of what is no longer there."""
    return [path for folder in WHOLE for path in sorted((HERE / folder).rglob("*.md"))
            if path.relative_to(HERE).as_posix() not in PAGES]


def main() -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    stale = [name for name, page in PAGES.items()
             if not (HERE / name).exists() or (HERE / name).read_text("utf-8") != page()]
    if "--check" in sys.argv:
        for name in stale:
            sys.stderr.write(f"docs/{name} is out of date: run python docs/generate.py\n")
        for path in left_over():
            sys.stderr.write(f"{path.relative_to(HERE.parent)} is of nothing that there is\n")
        return len(stale) + len(left_over())
    for name in stale:
        (HERE / name).parent.mkdir(parents=True, exist_ok=True)
        (HERE / name).write_text(PAGES[name](), "utf-8")
    for path in left_over():
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
