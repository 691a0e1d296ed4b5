"""One choice of options, what the model lost with it, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from neuromorph.api.tuning.space import kind_of
from neuromorph.api.tuning.wish import Wish, shortfall
from neuromorph.shown import Shown
from neuromorph.translate import TranslateOptions

By: TypeAlias = Literal["steps", "spikes", "energy", "cores"]
COSTS: tuple[By, ...] = get_args(By)
COMPILED: tuple[By, ...] = ("energy", "cores")
"""Those that only a compiled program says."""


@dataclass(frozen=True, eq=False, repr=False)
class Trial(Shown):
    """What came of some options.

    Attributes
    ----------
    options : TranslateOptions
    found : mapping
        Figures of the evaluation; empty if it was refused.
    costs : mapping of str to float or None
        ``steps`` and ``spikes`` of a query, mean over heads; ``cores`` and ``energy`` (joules,
        one query of every head, an estimate) where it was compiled.
    profile : str or None
        What it was compiled for.
    refused : str
        Why there is no such circuit, or it does not fit; empty for all others.
    """

    options: TranslateOptions
    found: Mapping[str, Any]
    costs: Mapping[str, float | None]
    profile: str | None = None
    refused: str = ""

    @property
    def kind(self) -> str:
        """The kind of spikes."""
        return kind_of(self.options)

    def cost(self, by: By) -> float | None:
        """Of one sort; None where it is not known."""
        return self.costs.get(by)

    def usable(self, by: By) -> bool:
        """Whether it was judged, fits, and says what it costs."""
        return not self.refused and self.cost(by) is not None

    def keeps(self, wishes: Sequence[Wish]) -> bool:
        """Whether all wishes are met."""
        return not self.refused and shortfall(wishes, self.found) <= 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"kind": self.kind, "options": asdict(self.options), "found": dict(self.found),
                "costs": dict(self.costs), "profile": self.profile, "refused": self.refused}


def frontier(trials: Sequence[Trial], wish: Wish, by: By) -> list[Trial]:
    """Trials that no other one beats in cost and in what the model loses, cheapest first."""
    usable = sorted((trial for trial in trials if trial.usable(by)),
                    key=lambda trial: (trial.cost(by), wish.shortfall(trial.found)))
    best: list[Trial] = []
    for trial in usable:
        if not best or wish.shortfall(trial.found) < wish.shortfall(best[-1].found):
            best.append(trial)
    return best
