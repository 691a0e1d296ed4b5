"""Which populations may be joined: what every network keeps, whatever the target."""

from __future__ import annotations

from collections.abc import Iterator

from neuromorph.compile.check.placed import Placed
from neuromorph.compile.check.report import Violation


def check_wiring(placed: Placed) -> Iterator[Violation]:
    """Projections that end in a source, and payloads out of neurons that send none."""
    for where, circuit, bundle in placed.all_bundles():
        if not circuit.groups[bundle.post].needs_cores:
            yield Violation("a projection ends in neurons", where, f"the source {bundle.post}",
                            "a population that needs cores")
        if bundle.graded and not circuit.groups[bundle.pre].model.payload_bits:
            yield Violation("graded synapses follow graded spikes", where,
                            f"plain spikes of {bundle.pre}", "spikes with a payload")
