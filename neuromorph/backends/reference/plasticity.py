"""A plastic projection as it runs: what it delivers, and how it learns."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.reference.delivery import deliver
from neuromorph.learning import (
    LearningRule,
    make_draws,
    rest,
    step_plastic_fixed,
    step_plastic_float,
)
from neuromorph.network import Projection
from neuromorph.shapes import Num


class PlasticProjection:
    """Weights, tags and traces of one projection with a rule.

    Attributes
    ----------
    delivery : array, shape (post,)
        What the last step's spikes deliver in this one, through the weights they met.
    """

    def __init__(self, projection: Projection, domain: str, steps: int) -> None:
        self.projection, self.domain = projection, domain
        self.rule: LearningRule = projection.rule or LearningRule()
        self.state = rest(projection.weights, domain)
        self.draws = make_draws(self.rule.seed, steps, self.rule.epoch)
        self.delivery: NDArray[Any] = np.zeros(len(projection.weights), self.state.weights.dtype)

    @property
    def synapses(self) -> tuple[Annotated[Num, "post pre"], Annotated[Num, "post pre"]]:
        """Weights and tags."""
        return self.state.weights, self.state.tags

    def step(self, spikes: dict[str, Annotated[Num, "_"]], t: int) -> None:
        """Send this step's spikes through the weights, then let the weights learn from them."""
        projection = self.projection
        pre, post = spikes[projection.pre], spikes[projection.post]
        self.delivery = deliver(self.domain, projection, self.state.weights, pre)
        sent = pre if projection.graded else (pre != 0).astype(pre.dtype)
        third = self._third(spikes)
        if self.domain == "fixed":
            self.state = step_plastic_fixed(self.rule, self.state, sent, post, third, step=t,
                                            draws=self.draws)
        else:
            self.state = step_plastic_float(self.rule, self.state, sent, post, third, step=t)

    def _third(self, spikes: dict[str, NDArray[Any]]) -> NDArray[Any] | None:
        """The third factors of this step, shape (3, post), or None where there are none."""
        if not self.projection.modulated:
            return None
        silent = np.zeros(len(self.projection.weights), self.state.y.dtype)
        third: NDArray[Any] = np.stack([silent if name is None else spikes[name]
                                        for name in self.projection.modulators])
        return third
