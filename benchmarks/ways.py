"""Ways out: the digits model whole and a block as ONNX and as a folder that replays with NumPy.

All that is recorded is compared, to the bit, with `fast`. ``NEUROMORPH_WHOLE`` may name a bundle of
a whole language model, whose block 3 is measured as well: 4 tokens.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from neuromorph import backends
from neuromorph.api.whole import export_whole
from neuromorph.backends.interface import Inputs
from neuromorph.bundle.whole import load_whole
from neuromorph.circuits.block.build import build as build_block
from neuromorph.circuits.block.closed_form import angles_of
from neuromorph.circuits.block.tokens import stimulate as stimulate_block
from neuromorph.circuits.transformer.build import build
from neuromorph.circuits.transformer.tokens import stimulate
from neuromorph.compile.program import Program, Slice, Unit
from neuromorph.lab.folder import write_lab_folder
from neuromorph.lab.trial import trial_of, trial_probes
from neuromorph.models.digits import WEIGHTS, DigitsViT, load_split
from neuromorph.network import Network
from neuromorph.onnx_export import draws_of_network, output_name, to_onnx
from neuromorph.translate.transformer.digits import digits_patches

BLOCK, TOKENS = 3, 4
SHORT = 40
"""Steps that `reference` runs: all would take it minutes."""

T = TypeVar("T")


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        model = export_whole(WEIGHTS, Path(folder) / "digits").bundle.model
    image = digits_patches(load_split().test.images[:1], DigitsViT.load().config.patch)[0]
    found = {"digits whole": _of(build(model), *stimulate(model, image), tokens=len(image))}
    whole = os.environ.get("NEUROMORPH_WHOLE")
    if whole:
        block = load_whole(whole).model.blocks[BLOCK]
        stream = np.rint(np.random.default_rng(0).normal(0, 2**14, (TOKENS, block.width)))
        angles = angles_of(range(TOKENS), block.size) if block.rotary else None
        found[f"block {BLOCK}"] = _of(build_block(block), *stimulate_block(
            block, stream.astype(np.int64), angles), tokens=TOKENS)
    return found


def timed(work: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def _of(network: Network, trains: Inputs, steps: int, *, tokens: int) -> dict[str, Any]:
    fast, probes = backends.get("fast"), trial_probes(network)
    fast.run(network, {name: train[:SHORT] for name, train in trains.items()}, probes, SHORT)
    truth, in_fast = timed(lambda: fast.run(network, trains, probes, steps))
    short = {name: train[:SHORT] for name, train in trains.items()}
    _, in_reference = timed(lambda: backends.get("reference").run(network, short, probes, SHORT))
    in_onnx, sizes = _onnx(network, trains, steps, truth)
    step = {"fast": in_fast / steps, "reference": in_reference / SHORT, "onnx": in_onnx / steps}
    return {"steps": steps, "tokens": tokens, **sizes,
            "seconds_a_token": in_onnx / tokens,
            "milliseconds_a_step": {name: 1e3 * one for name, one in step.items()},
            "onnx_against_reference": step["reference"] / step["onnx"],
            "onnx_against_fast": step["fast"] / step["onnx"],
            **_replayed(network, trains, truth)}


def _onnx(
    network: Network, trains: Inputs, steps: int, truth: backends.Recording
) -> tuple[float, dict[str, Any]]:
    import onnxruntime

    model, written = timed(lambda: to_onnx(network))
    content = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session, opened = timed(lambda: onnxruntime.InferenceSession(content, options))
    wanted = {one.name for one in session.get_inputs()}
    feed = {**trains, **draws_of_network(network, steps)}
    feed = {name: np.asarray(train, np.int64 if name.startswith("draws.") else np.int32)
            for name, train in feed.items() if name in wanted}
    told, took = timed(lambda: session.run(None, feed))
    got = dict(zip((one.name for one in session.get_outputs()), told, strict=True))
    for probe, trace in truth.traces.items():
        if not np.array_equal(got[output_name(probe)], trace):
            raise SystemExit(f"ONNX differs from fast in {output_name(probe)}")
    return took, {"onnx_megabytes": len(content) / 1e6, "seconds_to_write": written,
                  "seconds_to_open": opened, "compared": len(truth.traces)}


def _replayed(network: Network, trains: Inputs, truth: backends.Recording) -> dict[str, Any]:
    """The folder, and its script in a process of its own."""
    unit = Unit("unit", network)
    program = Program("loihi2", (unit,), tuple(
        Slice(0, p.name, 0, p.size, 0) for p in unit.neurons), np.zeros((1, 3), np.int64))
    trial = trial_of(0, network, trains, truth, backend="fast", evidence="bit-exact model")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_lab_folder(folder, program, trial, {}, family="loihi2")
        size = sum(path.stat().st_size for path in folder.iterdir())
        done, took = timed(lambda: subprocess.run(
            [sys.executable, "-I", folder / "replay.py"], capture_output=True, text=True,
            check=False))
    if done.returncode:
        raise SystemExit(done.stderr)
    return {"folder_megabytes": size / 1e6, "replay_seconds": took}
