"""A learning rule of Loihi's kind as a Nengo learning rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from nengo.builder import Builder, Model, Operator, Signal
from nengo.learning_rules import LearningRuleType

from neuromorph.learning import LearningRule, rest, step_plastic_float


class SumsOfProducts(LearningRuleType):
    """W <- learn(W, spikes before, spikes behind, third factors) at the end of every step.

    Parameters
    ----------
    rule : LearningRule
    third : sequence of three Nengo objects or None
        What takes the place of the traces y1, y2 and y3.
    """

    modifies = "weights"
    probeable = ("tags",)

    def __init__(self, rule: LearningRule, third: Sequence[Any]) -> None:
        super().__init__(learning_rate=0)
        self.rule, self.third = rule, tuple(third)


class SimSumsOfProducts(Operator):
    """One step of a rule. Reads the step's number and all spikes, updates weights and tags.

    Signals are found by their place in the lists: Nengo's optimiser may replace them there.
    """

    def __init__(self, kind: SumsOfProducts, reads: list[Signal], updates: list[Signal]) -> None:
        super().__init__()
        self.kind = kind
        self.sets: list[Signal] = []
        self.incs: list[Signal] = []
        self.reads, self.updates = reads, updates

    def make_step(self, signals: Any, dt: float, rng: Any) -> Callable[[], None]:
        """The step, with traces of its own at rest."""
        number, pre, post, *factors = (signals[signal] for signal in self.reads)
        weights, tags = (signals[signal] for signal in self.updates)
        places = [i for i, source in enumerate(self.kind.third) if source is not None]
        state = rest(weights, "float")

        def step() -> None:
            nonlocal state
            third = np.zeros((len(self.kind.third), len(post)))
            third[places] = np.reshape(factors, (-1, len(post))) * dt
            state = step_plastic_float(self.kind.rule, state, pre * dt, post * dt,
                                       third if places else None, step=int(number) - 1)
            weights[...], tags[...] = state.weights, state.tags

        return step


@Builder.register(SumsOfProducts)
def build_sums_of_products(model: Model, kind: SumsOfProducts, rule: Any) -> None:
    """Wire the rule to its connection. Nengo's own increment of the weights stays 0."""
    connection = rule.connection
    weights = model.sig[connection]["weights"]
    model.sig[rule]["tags"] = Signal(np.zeros(weights.shape), name=f"{connection}.tags")
    spikes = [model.sig[connection]["in"], model.sig[connection.post_obj]["out"]]
    factors = [model.sig[source]["out"] for source in kind.third if source is not None]
    model.add_op(SimSumsOfProducts(kind, [model.step, *spikes, *factors],
                                   [weights, model.sig[rule]["tags"]]))
