"""Write the pages that repeat the code: `PAGES`."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).parent


def cli_page() -> str:
    """Help of every command."""
    os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb")
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
    from neuromorph.profiles.describe import changes, fields_in_words

    parts = [("# Hardware profiles\n\nWritten by `python docs/generate.py` from the files in "
             "[hardware_profiles](../hardware_profiles/README.md).\n")]
    for name in sorted(profile_names(), key=lambda n: (load_profile(n).lineage[::-1], n)):
        profile = load_profile(name)
        base = f", extends `{profile.lineage[0]}`" if profile.lineage else ""
        parts += [f"## {name}\n\n{profile.title}{base}. Usable cores: {profile.cores_usable:,}.\n"]
        parts += ["".join(f"{note}\n" for note in profile.notes)] if not profile.lineage else []
        parts.append(markdown(("field", "value", "unit", "confidence", "source"), (
            (f"`{field}`", f"{q.value}".lower(), q.unit, q.confidence, q.source)
            for field, q in changes(profile).items())))
    parts += ["## Fields\n", markdown(("field", "takes", "meaning"), (
        (f"`{field.name}`", field.takes, field.meaning) for field in fields_in_words()))]
    return "\n".join(parts)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = (columns, ["---"] * len(columns), *rows)
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


PAGES = {"backends.md": backends_page, "cli.md": cli_page, "errors.md": errors_page,
         "profiles.md": profiles_page, "ways.md": ways_page}


def main() -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    stale = [name for name, page in PAGES.items()
             if not (HERE / name).exists() or (HERE / name).read_text("utf-8") != page()]
    if "--check" in sys.argv:
        for name in stale:
            sys.stderr.write(f"docs/{name} is out of date: run python docs/generate.py\n")
        return len(stale)
    for name in stale:
        (HERE / name).write_text(PAGES[name](), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
