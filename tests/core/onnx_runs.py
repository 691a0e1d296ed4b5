"""Networks run from their ONNX form by onnxruntime, and held against the reference."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_networks import everything

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.network import Network, Probe
from neuromorph.onnx_export import draws_of_network, output_name, to_onnx

MISSING = [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
NEEDS_ONNX = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def neural(network: Network) -> list[Probe]:
    """All that can be recorded of what is no source."""
    sources = {p.name for p in network.populations if p.is_source}
    return [probe for probe in everything(network) if probe.target not in sources]


def session(model: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    content = model if isinstance(model, bytes) else model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_onnx(
    model: Any, network: Network, inputs: Inputs, steps: int
) -> dict[str, NDArray[Any]]:
    """All outputs by name."""
    made = session(model)
    feed = {name: np.asarray(train, np.int32) for name, train in inputs.items()}
    asked = {one.name for one in made.get_inputs()}
    feed |= {name: draws for name, draws in draws_of_network(network, steps).items()
             if name in asked}
    return dict(zip((one.name for one in made.get_outputs()), made.run(None, feed), strict=True))


def first_difference(
    network: Network, inputs: Inputs, steps: int, *, model: Any = None,
    probes: Sequence[Probe] | None = None, truth: str = "reference",
) -> str | None:
    """The first trace that is not the backend's, and its first step; None if all are."""
    probes = neural(network) if probes is None else probes
    model = to_onnx(network, probes=probes) if model is None else model
    got = run_onnx(model, network, inputs, steps)
    done = backends.get(truth).run(network, inputs, list(probes), steps)
    for probe in probes:
        wrong = np.argwhere(got[output_name(probe)] != done.traces[probe])
        if len(wrong):
            return f"{output_name(probe)}: step {wrong[0][0]}"
    return None
