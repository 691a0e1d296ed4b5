"""The Process of dense synapses that learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike, NDArray

from neuromorph.errors import LearningRuleError, UsageError
from neuromorph.learning import LearningRule
from neuromorph.learning.first_synapses import check_sign
from neuromorph.numerics.limits import EXPONENT_MAX, EXPONENT_MIN

WHERE = "HebbianDense"
THIRD = ("y1", "y2", "y3")


class HebbianDense(AbstractProcess):
    """Dense synapses that learn by a rule given as data; takes the place of `LearningDense`.

    ::

        a_out[t] = (W s_in[t-1]) << weight_exp       W as it was before step t-1 taught it
        W, T = learn(rule, W, T, traces of s_in and s_in_bap, third factors)   at an epoch's end

    `neuromorph.learning` has the equations of a rule. Its fixed model equals the
    stock `LearningDense` to the bit, weight for weight and step for step; its float model also
    runs rules that stock float learning cannot (a time constant of 0, two conditions, sgn()).
    With ``select_sub_proc_model=True`` the stock `LearningDense` itself runs inside, which is
    what hardware can map.

    Connect the postsynaptic neurons' spikes to ``s_in_bap``: without them there is neither y0
    nor a trace y, and a rule made of those learns nothing.

    Parameters
    ----------
    weights : array, shape (post, pre)
        Fixed: whole numbers within the sign's range, even ones where the sign is mixed.
    rule : LearningRule
    tags : array, shape (post, pre), optional
        Tags at the start; zeros if not given.
    num_message_bits : int, optional
        0 for plain spikes; of graded spikes the payload counts.
    weight_exp : int, optional
        Shift of the summed input, -8 to 7. In floats nothing is shifted, as in Lava's `Dense`.
    modulated : bool, optional
        Whether ``s_in_y1``, ``s_in_y2`` and ``s_in_y3`` are third factors: y1, y2 and y3 are
        then what arrives there in the same step (0 from a port left open), and no longer traces.
        A trace has no sign on the chip: send 0 to 127. A negative one counts as 0 for a neuron
        that has spiked in the epoch, as in the stock Process.

    Attributes
    ----------
    s_in : InPort, shape (pre,)
    s_in_bap, s_in_y1, s_in_y2, s_in_y3 : InPort, shape (post,)
    a_out : OutPort, shape (post,)
    weights, tag_1 : Var, shape (post, pre)
        ``tag_1`` is Lava's name of the tags.
    x1, x2, tx : Var, shape (pre,)
        Presynaptic traces, and the step of the last spike within the epoch (0 for none).
    y1, y2, y3, ty : Var, shape (post,)
        The same of the postsynaptic side.

    Raises
    ------
    UsageError
    LearningRuleError
        When it is built: for weights that contradict the rule. When it runs: for weights that
        the fixed domain cannot hold.

    Examples
    --------
    >>> rule = LearningRule(dw="2^-1*x1*y0 - 2^-5*w*u0", x1_impulse=16, x1_tau=4)
    >>> synapses = HebbianDense(weights=np.zeros((3, 2)), rule=rule)
    """

    def __init__(
        self,
        *,
        weights: ArrayLike,
        rule: LearningRule,
        tags: ArrayLike | None = None,
        num_message_bits: int = 0,
        weight_exp: int = 0,
        modulated: bool = False,
        **settings: Any,
    ) -> None:
        first = np.asarray(weights)
        first_tags = np.zeros_like(first) if tags is None else np.asarray(tags)
        super().__init__(weights=first, rule=rule, tags=first_tags, weight_exp=weight_exp,
                         num_message_bits=num_message_bits, modulated=modulated, **settings)
        # Not before: Lava's destructor needs what its constructor sets.
        _check_synapses(first, first_tags, weight_exp)
        _check_rule(rule, num_message_bits, modulated)
        check_sign(first, rule, where=WHERE)
        post, pre = first.shape
        self._add_ports(post, pre, modulated)
        self._add_variables(first, first_tags)

    def _add_ports(self, post: int, pre: int, modulated: bool) -> None:
        third = InPort if modulated else ClosedPort
        self.s_in, self.a_out = InPort(shape=(pre,)), OutPort(shape=(post,))
        self.s_in_bap = InPort(shape=(post,))
        self.s_in_y1, self.s_in_y2 = third(shape=(post,)), third(shape=(post,))
        self.s_in_y3 = third(shape=(post,))

    def _add_variables(self, weights: NDArray[Any], tags: NDArray[Any]) -> None:
        post, pre = weights.shape
        self.weights = Var(shape=(post, pre), init=weights)
        self.tag_1 = Var(shape=(post, pre), init=tags)
        self.a_buff = Var(shape=(post,), init=0)
        for name in ("x1", "x2", "tx"):
            setattr(self, name, Var(shape=(pre,), init=0))
        for name in ("y1", "y2", "y3", "ty"):
            setattr(self, name, Var(shape=(post,), init=0))


class ClosedPort(InPort):
    """A port that takes no connection, where stock Lava would take it and hang."""

    def _add_inputs(self, inputs: list[Any]) -> None:
        raise UsageError("the synapses expect no third factor here", where=f"{WHERE}.{self.name}",
                         hint="make them with modulated=True")


def _check_synapses(weights: NDArray[Any], tags: NDArray[Any], weight_exp: int) -> None:
    if weights.ndim != 2 or 0 in weights.shape:
        raise UsageError("weights have the wrong shape", where=WHERE, found=weights.shape,
                         expected="(post, pre)")
    if tags.shape != weights.shape:
        raise UsageError("tags have another shape than weights", where=WHERE, found=tags.shape,
                         expected=weights.shape)
    for name, values in (("weights", weights), ("tags", tags)):
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            raise UsageError(f"{name} must be finite numbers", where=WHERE)
    if weight_exp not in range(EXPONENT_MIN, EXPONENT_MAX + 1):
        raise UsageError("weight_exp is out of range", where=WHERE, found=weight_exp,
                         expected=f"{EXPONENT_MIN} to {EXPONENT_MAX}")


def _check_rule(rule: LearningRule, num_message_bits: int, modulated: bool) -> None:
    if not isinstance(rule, LearningRule):
        raise UsageError("rule must be a LearningRule", where=WHERE, found=type(rule).__name__)
    if rule.payload == "overwrite" and not num_message_bits:
        raise LearningRuleError("payloads can only overwrite x1 where spikes are graded",
                                where=WHERE, hint="give num_message_bits")
    own = [y for y in THIRD if rule.impulse(y) or rule.tau(y) < math.inf]
    if modulated and own:
        raise LearningRuleError("with a third factor y1, y2 and y3 have no impulse and no time "
                                "constant of their own", where=WHERE, found=", ".join(own))
