"""A backend that has somebody else do its work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording
from neuromorph.backends.registry import get
from neuromorph.network import Network, Probe
from neuromorph.network.model import Domain


class MirrorBackend(Backend):
    """The reference, for integers."""

    name: ClassVar[str] = "mirror"
    summary: ClassVar[str] = "the reference by another name"
    evidence: ClassVar[Evidence] = "reference"
    domains: ClassVar[tuple[Domain, ...]] = ("fixed",)
    cannot: ClassVar[str] = "learn"

    def _reasons(self, network: Network) -> Iterable[str]:
        return [f"{p.name}: a mirror does not learn" for p in network.plastic]

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        return replace(get("reference").run(network, inputs, probes, steps), backend=self.name)
