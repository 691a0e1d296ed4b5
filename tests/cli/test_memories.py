"""A bundle of memories at the command line: inspect, simulate, compile, convert, and refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_tools import Run
from small_memories import memories_bundle

from neuromorph.api.compile import compile_bundle
from neuromorph.bundle.memories import save_memories
from neuromorph.errors import DisagreementError
from neuromorph.network import Network

BUNDLE = memories_bundle()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save_memories(BUNDLE, tmp_path / "bundle")


def test_inspect_and_simulate(cli: Run, saved: Path, tmp_path: Path) -> None:
    done = cli("inspect", saved)
    assert done.code == 0, done.err
    assert "Bundle of memories" in done.out
    done = cli("simulate", saved, "-o", tmp_path / "results")
    assert done.code == 0, done.err
    assert "Against float memories: 4 memories, worst first" in " ".join(done.out.split())
    assert max(map(len, done.out.splitlines())) <= 100
    with np.load(tmp_path / "results" / "outputs.npz") as arrays:
        assert sorted(arrays) == ["outputs.layers.0", "outputs.layers.1"]
    result = json.loads(cli("simulate", saved, "--json", "--backend", "reference").out)
    assert (result["kind"], result["steps_a_token"], result["tokens"]) == ("memories", 4, 32)


def test_compile_places_checks_and_replays(cli: Run, saved: Path, tmp_path: Path) -> None:
    done = cli("compile", saved, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    assert "4 memories of 2 layers of drawn, 7 key axons, values of 6" in done.out
    assert "yes: 3 tokens of 4 memories, against backend fast" in done.out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["kind_of_bundle"], report["fits"], report["per"]) == (
        "memories", True, "one token of every memory")
    assert report["steps"] == {"a_token": 4}
    assert len(report["fidelity"]) == 4
    replay = subprocess.run([sys.executable, "replay.py"], cwd=tmp_path / "out", text=True,
                            capture_output=True, check=True)
    assert "equal to the bit" in replay.stdout


def test_what_is_not_placed_says_what_would_help(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuromorph.deploy import boards

    small = boards.load_profile("loihi2-graded")
    monkeypatch.setattr(boards, "load_profile", lambda _: replace(
        small, chip=small.chip.model_copy(update={"cores_usable": 1})))
    report = compile_bundle(memories_bundle(heads=6), "loihi2-graded")
    assert not report.report["fits"]
    assert any("The first 1 of 2 layers would fit" in one for one in report.report["changes"])


def test_a_program_that_says_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The placed network without what compares the value."""
    from neuromorph.deploy import run

    def wrong(unit: object, slices: object) -> object:
        found = run_split(unit, slices)
        network: Network = found.network
        projections = tuple(
            replace(p, weights=0 * p.weights) if p.name.startswith("wanted_error_on") else p
            for p in network.projections)
        return replace(found, network=replace(network, projections=projections))

    run_split = run.split
    monkeypatch.setattr(run, "split", wrong)
    with pytest.raises(DisagreementError, match="does not give what the network gives"):
        compile_bundle(BUNDLE)


@pytest.mark.parametrize(("command", "text"), [
    (("compile", "--memory", "plastic"), "always written by plasticity"),
    (("compile", "--profile", "loihi1"), "Loihi 1 has no programmable neurons"),
    (("simulate", "--readout", "emitted"), "nothing is divided"),
    (("evaluate", "--text", "text.txt"), "a bundle of memories is evaluated inside its model"),
    (("generate", "a prompt"), "found one of memories; expected one of a whole model"),
    (("tune", "--keep", "kl<=0.1"), "found one of memories; expected one of attention"),
])
def test_refusals(cli: Run, saved: Path, command: tuple[str, ...], text: str) -> None:
    Path("text.txt").write_text("a text", "utf-8")
    done = cli(command[0], saved, *command[1:])
    assert done.code != 0
    assert text in done.err


def test_export_takes_no_options_of_attention(cli: Run, tmp_path: Path) -> None:
    done = cli("export", tmp_path, "--memories", "-o", "out", "--spikes", "binary")
    assert done.code != 0
    assert "memories are exported by themselves: it takes no --spikes" in done.err
    done = cli("export", tmp_path / "model", "--memories", "-o", "out")
    assert "memories are calibrated on text" in done.err
