"""Which model of HebbianDense Lava selects, and what the Process and its models refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuromorph.errors import LearningRuleError, UnsupportedError, UsageError
from neuromorph.learning import LearningRule


def choose(process: Any, tag: str, inside: bool) -> Any:
    """The model that Lava selects."""
    from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
    from lava.magma.core.run_configs import Loihi2SimCfg

    return Loihi2SimCfg(select_tag=tag, select_sub_proc_model=inside).select(
        process, ProcGroupDiGraphs._find_proc_models(process))


def hebbian(**settings: Any) -> Any:
    from neuromorph.processes.hebbian.process import HebbianDense

    return HebbianDense(**{"weights": np.zeros((2, 3)), "rule": LearningRule(dw="2^0*x1*y0")}
                        | settings)


@pytest.mark.parametrize(("tag", "inside", "name"), [
    ("fixed_pt", False, "PyHebbianModelFixed"),
    ("floating_pt", False, "PyHebbianModelFloat"),
    ("fixed_pt", True, "HierarchicalHebbianModelFixed"),
    ("floating_pt", True, "HierarchicalHebbianModelFloat"),
])
def test_lava_selects_the_model_for_domain_and_kind(tag: str, inside: bool, name: str) -> None:
    assert choose(hebbian(), tag, inside).__name__ == name


def test_the_hierarchical_model_is_made_of_the_stock_process_alone() -> None:
    process = hebbian()
    inside = choose(process, "fixed_pt", True)(process).find_sub_procs()
    assert [type(p).__module__ for p in inside.values()] == ["lava.proc.dense.process"]


@pytest.mark.parametrize(("rule", "words"), [
    (LearningRule(dw="x1*y0", x2_tau=0), "time constant of 0"),
    (LearningRule(dw="2^2*x0*y0"), "one condition a product"),
    (LearningRule(dw="x1*y0*sgn(w-20)"), r"cannot evaluate sgn\(\)"),
])
def test_the_hierarchical_float_model_refuses_what_stock_lava_cannot(
    rule: LearningRule, words: str
) -> None:
    process = hebbian(rule=rule)
    with pytest.raises(UnsupportedError, match=f"HebbianDense: stock float learning.*{words}"):
        choose(process, "floating_pt", True)(process)


@pytest.mark.parametrize(("change", "words"), [
    ({"weights": np.full((2, 3), 0.5)}, "a first weight is no whole number"),
    ({"weights": np.full((2, 3), 3)}, "mixed-sign weights must be even"),
    ({"weights": np.full((2, 3), 256)}, "weight does not fit a synapse; found 256 to 256"),
    ({"weights": np.full((2, 3), -256), "rule": LearningRule(dw="x0", sign="inhibitory")},
     "expected -255 to 0"),
    ({"tags": np.full((2, 3), 256)}, "a first tag does not fit"),
])
@pytest.mark.parametrize("inside", [False, True])
def test_the_fixed_models_refuse_what_lava_would_cut_silently(
    change: dict[str, Any], words: str, inside: bool
) -> None:
    process = hebbian(**change)
    model = choose(process, "fixed_pt", inside)
    with pytest.raises(LearningRuleError, match=words):
        model(process if inside else process.proc_params)


@pytest.mark.parametrize(("change", "words"), [
    ({"weights": np.zeros(3)}, r"found \(3,\); expected \(post, pre\)"),
    ({"weights": np.full((2, 3), np.nan)}, "weights must be finite"),
    ({"tags": np.zeros((3, 2))}, "another shape"),
    ({"weight_exp": 8}, "expected -8 to 7"),
    ({"rule": "x1*y0"}, "must be a LearningRule; found str"),
])
def test_a_process_that_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        hebbian(**change)


@pytest.mark.parametrize(("change", "words"), [
    ({"rule": LearningRule(dw="x1*y0", payload="overwrite")}, "Give num_message_bits"),
    ({"rule": LearningRule(dw="x1*y0", y1_impulse=2), "modulated": True}, "no impulse.*y1"),
    ({"rule": LearningRule(dw="x1*y0", y3_tau=9), "modulated": True}, "no time constant.*y3"),
    ({"rule": LearningRule(dw="x1*y0", sign="excitatory"), "weights": np.full((2, 3), -2)},
     "Dale's law"),
])
def test_a_rule_that_contradicts_the_rest_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(LearningRuleError, match=words):
        hebbian(**change)


def test_a_third_factor_that_nobody_expects_is_refused_at_once() -> None:
    from neuromorph.processes.latency_match.process import LatencyMatch

    reward = LatencyMatch(shape=(2,), vth=1, base=1, span=1, gain=1, gain_shift=0)
    synapses = hebbian()
    with pytest.raises(UsageError, match=r"HebbianDense\.s_in_y2.*modulated=True"):
        reward.s_out.connect(synapses.s_in_y2)
    with pytest.raises(UsageError, match="no third factor"):
        synapses.s_in_y2.connect_from(reward.s_out)
    reward.s_out.connect(hebbian(modulated=True).s_in_y2)
