"""What a run takes, as a band over all cost sets of a profile: which says least, which most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from neuromorph.cost.constants import costs_of
from neuromorph.cost.estimate import Estimate, Range, estimate
from neuromorph.cost.events import Events
from neuromorph.cost.work import PhaseWork
from neuromorph.errors import UsageError
from neuromorph.profiles import Profile
from neuromorph.shown import Shown

QUANTITIES: dict[str, Callable[[Estimate], Range | None]] = {
    "static_chips": lambda found: found.static_chips,
    "static_board": lambda found: found.static_board,
    "dynamic": lambda found: found.dynamic_ends,
    "total": lambda found: found.total_ends,
    "seconds": lambda found: found.seconds_ends,
    "host_seconds": lambda found: found.host_seconds,
}
"""What has a band: joules that idle, first; those of events; of both; and seconds."""


@dataclass(frozen=True)
class Ends:
    """Low and high over all sets, and the set that gives each."""

    low: float
    low_set: str
    high: float
    high_set: str


@dataclass(frozen=True, repr=False)
class Band(Shown):
    """What a run takes with each set.

    Attributes
    ----------
    sets : tuple of Estimate
        In the order of the profile.
    default : str
        The set that is shown where there is room for one.
    chips, board_chips, cores : int
        Chips in use, chips of the board, cores in use.
    synapses : float
        That exist; 0 where they were not counted.
    """

    sets: tuple[Estimate, ...]
    default: str
    chips: int
    board_chips: int
    cores: int
    synapses: float = 0

    @property
    def events(self) -> Events:
        """What was counted: the same for all sets."""
        return self.sets[0].events

    @property
    def shown(self) -> Estimate:
        """The default set's estimate."""
        return next(found for found in self.sets if found.costs == self.default)

    @property
    def missing(self) -> tuple[str, ...]:
        """Constants that are needed and that some set lacks."""
        return tuple(dict.fromkeys(path for found in self.sets for path in found.missing))

    def ends(self, what: str) -> Ends | None:
        """Low and high of one of `QUANTITIES`, over the sets that have it; None if none has."""
        known = [(found.costs, ends) for found in self.sets
                 if (ends := QUANTITIES[what](found)) is not None]
        if not known:
            return None
        low = min(known, key=lambda each: each[1][0])
        high = max(known, key=lambda each: each[1][1])
        return Ends(low[1][0], low[0], high[1][1], high[0])

    @property
    def spikes_per_synapse(self) -> float | None:
        """Synaptic operations by synapses that exist; None where synapses were not counted."""
        operations = self.events.synaptic_ops + self.events.ternary_ops
        return operations / self.synapses if self.synapses else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the bands, then every set by itself."""
        bands = {name: None if (ends := self.ends(name)) is None else asdict(ends)
                 for name in QUANTITIES}
        return {"bands": bands, "default": self.default, "missing": list(self.missing),
                "chips": self.chips, "board_chips": self.board_chips, "cores": self.cores,
                "events": asdict(self.events), "spikes_per_synapse": self.spikes_per_synapse,
                "sets": [_plain(found) for found in self.sets]}


def band(
    work: Sequence[PhaseWork], profile: Profile, *, chips: int, cores: int,
    synapses: float = 0, costs: str | None = None,
) -> Band | None:
    """Energy and time of a run over all cost sets; None for a profile without costs.

    Parameters
    ----------
    work : sequence of PhaseWork
        Phase by phase; `neuromorph.cost.steps.work_of` makes it of a clocked run.
    profile : Profile
        Its sets, and the board whose chips idle.
    chips, cores : int
        In use.
    synapses : float
        That exist, to compare with how many were used.
    costs : str, optional
        One set alone.

    Raises
    ------
    UsageError
        If the profile has no such set, or there is no work.
    """
    name = costs_of(profile, costs)
    if name is None:
        return None
    if not work or not sum(each.events.steps for each in work):
        raise UsageError("an estimate is of some steps", where="work", found=f"{len(work)} phases")
    names = list(profile.energy) if costs is None else [name]
    return Band(tuple(estimate(work, profile, each, chips=chips, cores=cores) for each in names),
                name, chips, profile.board.chips, cores, synapses)


def _plain(found: Estimate) -> dict[str, Any]:
    return {"costs": found.costs, "joules": found.joules, "static": found.static,
            "dynamic": found.dynamic, "total": found.total,
            **{f"{name}_ends" if name in ("dynamic", "total", "seconds") else name:
               None if (ends := of(found)) is None else list(ends)
               for name, of in QUANTITIES.items()},
            "seconds": found.seconds, "binding": found.binding, "missing": list(found.missing)}
