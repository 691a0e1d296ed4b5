"""A network of plain spikes seen as the graded one: payloads spelled, and added up again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.plain_spikes.letters import Letters
from neuromorph.errors import UsageError
from neuromorph.network import Probe
from neuromorph.network.view import IDENTITY, R, Trains, View, reread
from neuromorph.shapes import Int64
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class Lettered(View, Shown):
    """Graded sources in the letters of plain ones.

    ::

        p_j[t] = sum_k c_k s_kj[t]

    Where a lowered population keeps the fractions that the graded network rounds off (match
    neurons of a head), its ``v`` and ``u`` are read as they are: with these fractions.

    Attributes
    ----------
    letters : mapping of source name to Letters
    """

    letters: Mapping[str, Letters]

    def encode(self, inputs: Trains) -> dict[str, Annotated[Int64, "..."]]:
        """The trains of the stand-ins in the place of their sources'."""
        trains: dict[str, NDArray[Any]] = {}
        for name, train in inputs.items():
            if name not in self.letters:
                trains[name] = train
                continue
            said = self.letters[name].encode(np.asarray(train), name)
            trains |= zip(self.letters[name].names(name), said, strict=True)
        return trains

    def probes(self, asked: Iterable[Probe]) -> list[Probe]:
        """On all stand-ins of a source."""
        found: dict[Probe, None] = {}
        for probe in asked:
            found |= dict.fromkeys(self._stand_ins(probe.target) if self._spells(probe)
                                   else [probe])
        return list(found)

    def steps(self, steps: int) -> int:
        """As many: all letters of a payload are sent in its step."""
        return steps

    def read(self, recording: R) -> R:
        """The payloads of sources whose stand-ins were all recorded."""
        traces = dict(recording.traces)
        for name, letters in self.letters.items():
            spelled = self._names(name)
            if spelled and all(probe in traces for probe in spelled):
                said = [traces.pop(probe) for probe in spelled]
                traces[Probe(name)] = letters.decode(said, np.zeros_like(said[0]))
        return reread(recording, traces=traces)

    def _spells(self, probe: Probe) -> bool:
        return probe.variable == "spikes" and probe.target in self.letters

    def _names(self, source: str) -> list[Probe]:
        return [Probe(name) for name in self.letters[source].names(source)]

    def _stand_ins(self, source: str) -> list[Probe]:
        if not self.letters[source].values:
            raise UsageError("a source that never sends has no plain spikes to look at",
                             where=source)
        return self._names(source)


def lettered(letters: Mapping[str, Letters]) -> View:
    """The view of a network whose sources are spelled so; the identity if none is."""
    return Lettered(dict(letters)) if letters else IDENTITY
