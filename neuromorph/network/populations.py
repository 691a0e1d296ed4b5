"""Populations: so many neurons of one model under one name."""

from __future__ import annotations

from dataclasses import dataclass

from neuromorph.neurons import NeuronModel


@dataclass(frozen=True)
class Population:
    """``size`` neurons of one model under one name.

    Its one payload of a step goes to all its projections.
    """

    name: str
    size: int
    model: NeuronModel

    @property
    def is_source(self) -> bool:
        """Whether it is driven from outside."""
        return self.model.from_outside
