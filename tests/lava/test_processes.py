"""Our Processes in a Lava user's own script, and what importing them does to a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neuromorph.backends.reference import ReferenceBackend
from neuromorph.network import LatencyMatch, Network, Population, Probe, Projection, Readout, Source

ROOT = Path(__file__).resolve().parents[2]


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, env={"PYTHONPATH": str(ROOT), **environment})


def test_a_users_script_with_stock_recorders_equals_the_reference() -> None:
    done = python("tests/lava/scripts/user_script.py")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    network = Network("user", "fixed", (
        Population("source", 1, Source(payload_bits=8)),
        Population("match", 2, LatencyMatch(vth=300, base=128, span=6400, gain=82, gain_shift=12)),
        Population("readout", 1, Readout(dv=2048, vth=1000)),
    ), (
        Projection("climb", "source", "match", np.array([[10], [200]], np.int32), graded=True),
        Projection("value", "match", "readout", np.array([[2, -4]], np.int32), graded=True),
    ))
    train = np.array([[1, 2, 3, 0, 0, 9, 9, -1]]).T
    probes = [Probe("match"), Probe("readout", "v")]
    truth = ReferenceBackend().run(network, {"source": train}, probes, len(train))
    np.testing.assert_array_equal(seen["spikes"], truth.spikes("match"))
    np.testing.assert_array_equal(seen["v"], truth.potential("readout"))
    assert truth.spikes("match").any()
    assert truth.potential("readout").any()


def test_the_import_leaves_the_program_as_it_was() -> None:
    done = python("-c", """
import dataclasses, logging, multiprocessing
before = dataclasses.dataclass, logging.root.handlers[:]
import neuromorph.processes
import neuromorph.processes.lava_import as lava_import
lava_import.make_lava_importable()
assert (dataclasses.dataclass, logging.root.handlers) == before
assert multiprocessing.get_start_method(allow_none=True) is None
import lava.magma.compiler.var_model
""")
    assert done.returncode == 0, done.stderr


def test_a_program_that_has_chosen_fork_keeps_it() -> None:
    done = python("-c", """
import multiprocessing
multiprocessing.set_start_method("fork")
import neuromorph.processes
from lava.proc.lif.process import LIF
assert multiprocessing.get_start_method() == "fork"
""")
    assert done.returncode == 0, done.stderr


def test_a_program_that_has_chosen_spawn_is_told() -> None:
    done = python("-c", """
import multiprocessing
multiprocessing.set_start_method("spawn")
import neuromorph.processes
""")
    assert "BackendError: Lava runs its processes by fork" in done.stderr
    assert "found spawn" in done.stderr


def test_without_lava_the_install_lines_are_given(tmp_path: Path) -> None:
    hide = "import sys; sys.modules['lava'] = None; import neuromorph.processes"
    done = python("-c", hide)
    assert "MissingExtraError: Lava is not installed" in done.stderr
    assert "--no-deps --ignore-requires-python lava-nc==0.10.0" in done.stderr


def test_without_something_lava_needs_it_is_named() -> None:
    hide = "import sys; sys.modules['scipy.sparse'] = None; import neuromorph.processes"
    done = python("-c", hide)
    assert "MissingExtraError: Lava cannot be imported" in done.stderr
    assert "scipy" in done.stderr


def test_the_backend_imports_without_lava() -> None:
    done = python("-c", """
import sys
import neuromorph.backends.lava
assert not [name for name in sys.modules if name.split(".")[0] == "lava"]
""")
    assert done.returncode == 0, done.stderr


def test_a_process_refuses_what_lava_would_cut_silently() -> None:
    from neuromorph.processes.latency_match.process import LatencyMatch as Process

    with pytest.raises(ValueError, match=r"whole number.*2\.5"):
        Process(shape=(1,), vth=2.5, base=1, span=1, gain=1, gain_shift=0)  # type: ignore[arg-type]
