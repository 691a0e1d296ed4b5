"""Starting: help, version, flags, and what is not imported before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import ROOT, Run, child, child_environment

import neuromorph

COMMANDS = ("export", "simulate", "tune", "inspect", "compile", "run", "profiles", "demo", "doctor")
# typer itself may need pydantic to read options.
HEAVY = {"numpy", "numba", "scipy", "safetensors", "torch", "transformers", "lava", "matplotlib",
         "sklearn", "tomli_w", "ml_dtypes"}


def modules_after(*arguments: str) -> set[str]:
    """Top-level modules that a child holds at the end of a command."""
    code = ("import sys, json\nfrom neuromorph.cli import main\ntry:\n    main()\n"
            "except SystemExit:\n    pass\n"
            "print('#' + json.dumps(sorted({m.split('.')[0] for m in sys.modules})))")
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True,
                          env=child_environment(), cwd=ROOT)
    return set(json.loads(done.stdout.rpartition("#")[2]))


@pytest.mark.parametrize("arguments", [
    ("--help",), ("run", "--help"), ("simulate", "nothing", "--bakend"),
])
def test_nothing_heavy_is_imported_to_say_little(arguments: tuple[str, ...]) -> None:
    assert modules_after(*arguments).isdisjoint(HEAVY)


def test_doctor_needs_nothing_but_what_prints() -> None:
    """So it can say that numpy is missing."""
    assert modules_after("doctor", "--quiet").isdisjoint(HEAVY - {"lava"})  # an empty package


def test_help_names_every_command_and_fits_a_terminal(cli: Run) -> None:
    done = cli("--help")
    assert done.code == 0
    assert all(command in done.out for command in (*COMMANDS, "--version", "--debug"))
    assert max(map(len, done.out.splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_the_common_options(cli: Run, command: str) -> None:
    done = cli(command, "--help")
    assert done.code == 0
    assert all(option in done.out for option in ("--seed", "--json", "--quiet", "--output"))


def test_no_command_shows_the_help(cli: Run) -> None:
    done = cli()
    assert done.code == 0
    assert "Commands" in done.out


def test_version(cli: Run) -> None:
    assert cli("--version").out == f"neuromorph {neuromorph.__version__}\n"


def test_module_and_command_are_one() -> None:
    done = child("--version")
    assert done.out == f"neuromorph {neuromorph.__version__}\n"


@pytest.mark.parametrize(("arguments", "text"), [
    (("simulat",), "No such command 'simulat'. Did you mean 'simulate'? See: neuromorph --help"),
    (("export",), "Missing argument 'model'. See: neuromorph export --help"),
    (("export", "m", "-o", "b", "--spikes", "foo"),
     "Invalid value for '--spikes': 'foo' is not one of 'graded', 'binary'."),
    (("export", "m.safetensors"), "Missing option"),
    (("inspect", "a", "b"), "unexpected extra argument"),
    (("simulate", "b", "--bakend", "fast"), "No such option: --bakend"),
    (("export", "m", "-o", "x", "--spikes", "loud"), "--spikes"),
    (("export", "m", "-o", "x", "--slots", "many"), "--slots"),
    (("export", "m", "-o", "x", "--seed", "-1"), "--seed"),
    (("inspect", "m", "--json", "--quiet"), "--json and --quiet contradict each other"),
    (("doctor", "--json", "-q"), "--json and --quiet contradict each other"),
    (("inspect", "a\nb\x1b[31m", "c"), "unexpected extra argument"),
])
def test_usage_errors_are_one_line(fails: Run, arguments: tuple[str, ...], text: str) -> None:
    assert text in fails(2, *arguments)


@pytest.mark.parametrize(("option", "value", "text"), [
    ("--step-nats", "-1", "step_nats is out of range; found -1.0"),
    ("--step-nats", "nan", "step_nats is out of range; found nan"),
    ("--step-nats", "1e308", "step_nats is out of range"),
    ("--step-nats", "0.5", "graded payloads span a factor of two"),
    ("--window-nats", "-1", "window_nats is out of range"),
    ("--window-nats", "0", "window_nats is out of range; found 0.0"),
    ("--window-nats", "inf", "window_nats is out of range"),
    ("--keep-mass", "0", "a share of the mass is out of range; found 0.0"),
    ("--keep-mass", "1.5", "expected more than 0, at most 1"),
    ("--keep-mass", "nan", "found nan"),
    ("--slots", "0", "slots is out of range; found 0; expected 1 to 32768"),
    ("--slots", "-1", "slots is out of range"),
    ("--slots", str(2**70), "slots"),
])
def test_options_out_of_range(fails: Run, option: str, value: str, text: str) -> None:
    """Before the model is even looked for."""
    assert text in fails(2, "export", "nothing.safetensors", "-o", "x", option, value)


def test_a_mass_to_keep_and_a_window(fails: Run) -> None:
    said = fails(2, "export", "nothing.safetensors", "-o", "x", "--keep-mass", "0.9",
                 "--window-nats", "5")
    assert "a mass to keep sets each head's window: it takes no --window-nats" in said


def test_debug_shows_where_it_happened(tmp_path: Path) -> None:
    done = child("inspect", tmp_path / "nothing", "--debug")
    assert done.code == 3
    assert done.err.startswith("Traceback")
    assert done.err.splitlines()[-1].startswith("error: ")


# --- the package


def test_the_package_gives_its_verbs_when_they_are_asked_for() -> None:
    code = ("import sys, neuromorph\nassert 'numpy' not in sys.modules\n"
            "from neuromorph import *\n"
            "print(export.__module__, simulate.__module__, run_demo.__module__, "
            "attach.__module__, 'torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=child_environment(), cwd=ROOT)
    assert done.stderr == ""
    assert done.stdout.split() == [
        "neuromorph.api.export", "neuromorph.api.simulate", "neuromorph.api.demo",
        "neuromorph.huggingface.attachment", "False"]


def test_every_public_name_is_there() -> None:
    assert dir(neuromorph) == neuromorph.__all__
    assert all(getattr(neuromorph, name) is not None for name in neuromorph.__all__)
    with pytest.raises(AttributeError, match="no attribute 'exprt'"):
        _ = neuromorph.exprt


def test_every_folder_of_the_package_is_a_package() -> None:
    """Or it would not be in the wheel."""
    folders = {p.parent for p in (ROOT / "neuromorph").rglob("*.py")}
    assert [str(f) for f in folders if not (f / "__init__.py").exists()] == []
