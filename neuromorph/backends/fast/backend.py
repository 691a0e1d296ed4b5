"""The default backend: closed forms for known circuits, compiled integers for the rest."""

from __future__ import annotations

from typing import ClassVar

from neuromorph.backends.floats import FloatLayer, Scales
from neuromorph.backends.interface import (
    Backend,
    ClosedForm,
    Evidence,
    Inputs,
    Recording,
    Remembering,
)
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.network import Network, Probe
from neuromorph.network.model import Domain


class FastBackend(Backend):
    """Numba, integers, event-driven; equal to `reference` to the bit."""

    name: ClassVar[str] = "fast"
    summary: ClassVar[str] = "compiled integers: attention in closed form, the rest event-driven"
    evidence: ClassVar[Evidence] = "bit-exact model"
    domains: ClassVar[tuple[Domain, ...]] = ("fixed",)  # a sum of floats depends on its order

    def closed_form(self, head: object) -> ClosedForm | None:
        """Latency attention has one."""
        if not isinstance(head, LatencyAttention):
            return None
        from neuromorph.backends.fast.attention import attend_closed_form

        return attend_closed_form

    def float_layer(self, scales: Scales) -> FloatLayer | None:
        """A layer in one compiled pass."""
        from neuromorph.backends.fast.layer import FastLayer

        return FastLayer(scales)

    def memories(self) -> Remembering | None:
        """Compiled."""
        from neuromorph.backends.fast.memories import remember

        return remember

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        from neuromorph.backends.fast.engine import clock, room
        from neuromorph.backends.fast.flat import flatten
        from neuromorph.backends.fast.learning import addresses as learning_addresses
        from neuromorph.backends.fast.learning_tables import flatten_plasticity
        from neuromorph.backends.fast.stepping import addresses
        from neuromorph.backends.fast.tape import Tape, feed

        flat = flatten(network)
        steppers = addresses([p.model for p in network.populations])
        learning = flatten_plasticity(network, flat, steps, *learning_addresses(network))
        tape = Tape(network, flat, probes, steps)
        ring, now = room(flat, steps)
        clock(plastic=bool(network.plastic))(
            flat.own, flat.state, flat.spans, steppers, flat.wiring, flat.stores, flat.rows,
            learning.records, learning.tags, feed(network, inputs, steps), ring, now, tape.watched,
            tape.record, tape.kept, tape.weights, tape.tags, steps)
        return Recording(self.name, self.evidence, steps, {p: tape.trace(p) for p in probes},
                         tape.synapses(flat.learned, learning.tags))
