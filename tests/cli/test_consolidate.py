"""``neuromorph consolidate``: what a compiled program has learned becomes its weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from cli_tools import Run

from neuromorph.api.consolidate import save_learned
from neuromorph.circuits import prototypes
from neuromorph.circuits.hidden_field import HiddenField, build
from neuromorph.circuits.prototypes import Prototypes
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Unit
from neuromorph.compile.program_file import read_program, write_program
from neuromorph.network import Network
from neuromorph.profiles import load_profile


def program(folder: Path, network: Network) -> Path:
    write_program(str(folder), compile_units([Unit("mine", network)],
                                             load_profile("oheo_gulch")).program)
    return folder


def test_one_bit_weights_are_frozen(cli: Run, fails: Run, tmp_path: Path) -> None:
    source, new = program(tmp_path / "program", build(HiddenField(6, 2))), tmp_path / "new"
    weights = np.array([[2, -2, 2, 2, -2, 2], [-2, 2, 2, -2, -2, 2]])
    save_learned({"binary": (weights, 5 * weights)}, tmp_path / "learned.npz")
    command = ["consolidate", source, "--learned", tmp_path / "learned.npz", "-o", new]
    done = cli(*command, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["plastic_synapses"] == 0
    network = read_program(new).units[0].network
    assert np.array_equal(network.projection("binary.kept").weights, weights)
    assert "--force" in fails(2, *command)
    assert "0 of 12 synapses go on learning" in " ".join(cli(*command, "--force").out.split())
    assert "the rule says dt alone" in fails(3, *command, "--force", "--how", "log8")
    assert "the weight follows the tag" in fails(3, *command, "--force", "--how", "anchored")


def test_slots_of_keys_are_refused(fails: Run, tmp_path: Path) -> None:
    source = program(tmp_path / "program", prototypes.build(Prototypes.of_cosines(
        2, 1, 2, novelty=0.9, resolution=0.05, window=2)))
    save_learned({"label": (np.zeros((2, 1)), np.zeros((2, 1)))}, tmp_path / "learned.npz")
    said = fails(6, "consolidate", source, "--learned", tmp_path / "learned.npz", "-o",
                 tmp_path / "new")
    assert "slots of keys are overwritten, not learned" in said.lower()
