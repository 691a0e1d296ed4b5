"""Which populations may be joined: what every network keeps, whatever the target."""

from __future__ import annotations

from collections.abc import Iterator

from neuromorph.compile.check.placed import Placed
from neuromorph.compile.check.report import Violation


def check_wiring(placed: Placed) -> Iterator[Violation]:
    """Projections to a source or a port that is none, payloads out of neurons that send none."""
    for where, circuit, bundle in placed.all_bundles():
        post = circuit.groups[bundle.post]
        if not post.needs_cores:
            yield Violation("a projection ends in neurons", where, f"the source {bundle.post}",
                            "a population that needs cores")
        elif bundle.port not in post.row.ports:
            yield Violation(f"a port of a {post.kind}", where, bundle.port,
                            " or ".join(post.row.ports) or "none")
        if bundle.graded and not circuit.groups[bundle.pre].payload_bits:
            yield Violation("graded synapses follow graded spikes", where,
                            f"plain spikes of {bundle.pre}", "spikes with a payload")
