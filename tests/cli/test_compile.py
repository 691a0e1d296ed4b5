"""compile: a bundle and a profile in; a placed program, a report and an exit code out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import Run

sys.path.insert(0, str(Path(__file__).parent.parent / "core"))

from small_whole import small_whole

from neuromorph.bundle.whole import save_whole
from neuromorph.models.digits import WEIGHTS

# The exported bundle has graded spikes, and the boards of Loihi 2 take them.
BOARD = ("--profile", "oheo_gulch")


def test_table(cli: Run, exported: Path) -> None:
    done = cli("compile", exported, *BOARD)
    assert (done.code, done.err) == (0, "")
    assert "1 of 120 usable" in done.out
    assert "estimate" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_json_is_all_there_is(cli: Run, exported: Path) -> None:
    done = cli("compile", exported, *BOARD, "--json")
    report = json.loads(done.out)
    assert done.err == ""
    for name in ("fits", "profile", "chips_used", "cores_used", "cores_lower_bound",
                 "worst_resource", "bit_exact", "steps", "energy_joules", "evidence"):
        assert name in report
    assert report["fits"] is True
    assert report["bit_exact"]["equal"] is True


def test_quiet_prints_nothing_and_writes_all(cli: Run, exported: Path, tmp_path: Path) -> None:
    done = cli("compile", exported, *BOARD, "-o", tmp_path / "lab", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "lab" / "report.html").read_text("utf-8").startswith("<!")
    assert json.loads((tmp_path / "lab" / "report.json").read_text("utf-8"))["fits"] is True
    # Graded spikes need neurons that stock Lava has not: no script, and the README says so.
    assert not (tmp_path / "lab" / "run_on_loihi2.py").exists()
    assert "There is no script" in (tmp_path / "lab" / "README.md").read_text("utf-8")


def test_the_last_line_names_a_script_only_where_there_is_one(
    cli: Run, exported: Path, tmp_path: Path
) -> None:
    done = cli("compile", exported, *BOARD, "-o", tmp_path / "lab")
    readme = tmp_path / "lab" / "README.md"
    assert " ".join(done.out.split()).endswith(f"lab (no script for a board: {readme} says why)")
    assert readme.is_file()
    cli("export", WEIGHTS, "-o", tmp_path / "plain", "--spikes", "binary")
    done = cli("compile", tmp_path / "plain", "-o", tmp_path / "lab2")
    assert done.out.splitlines()[-1].startswith("Program, report and script: ")


@pytest.mark.parametrize("board", [BOARD, ("--profile", "loihi1")])
def test_warnings_are_lines_as_everywhere(
    cli: Run, tmp_path: Path, board: tuple[str, ...]
) -> None:
    """Whether it fits or not."""
    cli("export", WEIGHTS, "-o", tmp_path / "wide", "--slots", "300")
    done = cli("compile", tmp_path / "wide", *board)
    lines = [line for line in done.out.splitlines() if line.startswith("warning: ")]
    assert any("the heads have 300 slots" in line for line in lines)
    assert "Warnings" not in done.out


def test_an_export_compiles_as_it_is(cli: Run, exported: Path) -> None:
    """Neither command was told a kind of spikes or a chip."""
    done = cli("compile", exported)
    assert (done.code, done.err) == (0, "")
    assert "Compiled for Intel Loihi 2, one chip, programmable neurons" in done.out
    assert "loihi2-graded (the smallest that takes the bundle;" in done.out
    assert "program loihi2-graded" in cli("compile", exported, "--stop-after", "lower").out


@pytest.mark.parametrize("flag", ["--quiet", "--json", "--memory=static"])
def test_what_does_not_fit_has_its_own_exit_code_and_an_error(
    cli: Run, exported: Path, tmp_path: Path, flag: str
) -> None:
    """However little or much was asked for; the report is written all the same."""
    done = cli("compile", exported, "--profile", "kapoho_bay", "-o", tmp_path / "lab", flag)
    assert done.code == 5
    assert done.err.startswith("error: latency_attention: Kapoho Bay, 2 Loihi chips has no "
                               "synaptic input of 24 bits a step")
    assert "Compile for `--profile loihi2-graded`" in done.err
    assert done.err.count("\n") == 1
    assert {path.name for path in (tmp_path / "lab").iterdir()} == {"report.html", "report.json"}
    report = json.loads((tmp_path / "lab" / "report.json").read_text("utf-8"))
    assert report["smallest_board"] == "loihi2-graded"
    if flag == "--json":
        assert report | json.loads(done.out) == report
    elif flag == "--quiet":
        assert done.out == ""
    else:
        assert f"Report: {tmp_path / 'lab'}" in done.out
    again = cli("compile", exported, "-o", tmp_path / "lab", "--force", "-q")
    assert (again.code, again.err) == (0, "")
    assert (tmp_path / "lab" / "program.json").exists()


def test_stock_neurons_take_no_graded_spikes(cli: Run, exported: Path) -> None:
    done = cli("compile", exported, "--profile", "loihi2", "--quiet")
    assert (done.code, done.out) == (5, "")
    assert "no programmable neurons, which a LatencyMatch needs" in done.err
    for remedy in ("--profile loihi2-graded", "--programmable", "--spikes binary"):
        assert remedy in done.err, remedy


def test_options_that_nothing_would_look_at_are_refused(
    fails: Callable[..., str], exported: Path
) -> None:
    stopped = "compile", exported, "--stop-after", "place"
    for option in (("-o", "lab"), ("--dump", "lower"), ("--costs", "loihi1_fitted"), ("--force",)):
        assert "--stop-after prints the program and ends" in fails(2, *stopped, *option)
    for command in ("compile", "simulate"):
        said = fails(2, command, exported, "--force")
        assert said.endswith("it takes no --force. Add -o DIR, or leave --force out")


def test_a_profile_with_narrower_registers_does_not_fit(
    cli: Run, exported: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "mine.toml"
    for table, value, needed in (("synapse.weight_bits", 4, "at least 8"),
                                 ("neuron.potential_bits", 16, "exactly 24"),
                                 ("neuron.decay_bits", 8, "exactly 12")):
        profile.write_text('schema_version = 1\nname = "mine"\ntitle = "Mine"\n'
                           f'extends = "oheo_gulch"\n[{table}]\nvalue = {value}\nunit = "bits"\n'
                           'source = "a test"\nconfidence = "assumed"\n', "utf-8")
        done = cli("compile", exported, "--profile", profile, "--json")
        assert done.code == 5
        assert f"{table} of Mine is not what this circuit needs; found {value}; expected " in (
            json.loads(done.out)["reason"])
        assert needed in json.loads(done.out)["reason"]


def test_a_pass_to_stop_after(cli: Run, exported: Path) -> None:
    done = cli("compile", exported, *BOARD, "--stop-after", "place")
    assert done.code == 0
    assert "core 0 chip=0 at=0,0" in done.out


def test_bad_requests(fails: Callable[..., str], exported: Path) -> None:
    assert "oheo_gulch" in fails(4, "compile", exported, "--profile", "oheo_gluch")
    assert "no such pass" in fails(2, "compile", exported, *BOARD, "--stop-after", "plac")
    assert "no such set of costs" in fails(2, "compile", exported, *BOARD, "--costs", "none")
    assert "nowhere" in fails(3, "compile", "nowhere", *BOARD)


@pytest.mark.slow
def test_a_whole_model_is_compiled_by_the_same_command(cli: Run, tmp_path: Path) -> None:
    bundle = save_whole(small_whole(), tmp_path / "whole")
    done = cli("compile", bundle)
    assert done.code == 0
    assert "whole: 2 blocks" in done.out
    assert "one token, pipelined" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    assert json.loads(cli("compile", bundle, "--json").out)["kind_of_bundle"] == "whole"
