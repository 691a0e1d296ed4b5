"""Calibration data and options that cannot be used, and what is said about them."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from small_samples import GRADED, LN2, binary, gaussian, times

from neuromorph.circuits.latency_attention import Shared
from neuromorph.errors import CalibrationError, TensorError, UsageError
from neuromorph.translate import Sample, TranslateOptions, calibrate_layer


def broken(**changes: Any) -> list[Sample]:
    return [replace(gaussian(tokens=6), **changes)]


def with_value(name: str, value: float) -> list[Sample]:
    array = getattr(gaussian(tokens=6), name)
    array[0, 2, 1] = value
    return broken(**{name: array})


@pytest.mark.parametrize(("samples", "text"), [
    ([], "layer 3: there is no calibration data"),
    (with_value("queries", np.nan), "the queries hold NaN or infinity"),
    (with_value("keys", np.inf), "the keys hold NaN or infinity"),
    (with_value("values", -np.inf), "the values hold NaN or infinity"),
    (broken(queries=np.zeros((2, 6, 0)), keys=np.zeros((2, 6, 0))), "the queries have a size of 0"),
    (broken(values=np.zeros((2, 6, 0))), "the values have a size of 0"),
    (broken(queries=np.zeros((2, 6, 15))), "queries and keys do not fit each other"),
    (broken(queries=np.zeros((6, 16))), "queries and keys do not fit each other"),
    (broken(queries=np.zeros((3, 6, 16))), "heads do not divide into key-value groups"),
    (broken(values=np.zeros((2, 5, 16))), "heads do not divide into key-value groups"),
    (broken(mask=np.ones((6, 5), bool)), "the mask does not fit the queries and keys"),
    (broken(mask=np.zeros((6, 6), bool)), "the mask hides every key from every query"),
    ([gaussian(), gaussian(heads=4)], "samples differ in heads or sizes"),
    ([gaussian(), gaussian(size=8)], "samples differ in heads or sizes"),
])
def test_unusable_calibration_data_is_refused(samples: list[Sample], text: str) -> None:
    with pytest.raises(CalibrationError, match=text):
        calibrate_layer(samples, GRADED, "layer 3")


@pytest.mark.parametrize("name", [f.name for f in fields(Shared) if f.name != "spikes"])
def test_heads_that_share_codes_share_their_limits(name: str) -> None:
    code = calibrate_layer([gaussian(heads=2)], GRADED)
    odd = replace(code.heads[1], **{name: getattr(code.heads[1], name) - 1})
    with pytest.raises(TensorError, match=f"heads of one layer differ in {name}"):
        replace(code, heads=(code.heads[0], odd))


def test_a_layer_has_heads_of_one_kind() -> None:
    code = calibrate_layer([gaussian(heads=2)], GRADED)
    for heads, text in (((), "no heads"), ((code.heads[0], replace(
            code.heads[1], spikes="binary")), "differ in spikes; found binary to graded")):
        with pytest.raises(TensorError, match=text):
            replace(code, heads=heads)


def test_finite_data_whose_products_overflow_is_refused() -> None:
    with pytest.raises(CalibrationError):
        calibrate_layer([times(gaussian(), 1e200)], GRADED)


@pytest.mark.parametrize("changes", [
    {"step_nats": 0.009}, {"step_nats": 2.1}, {"step_nats": math.nan}, {"step_nats": "ln 2"},
    {"window_nats": 0.9}, {"window_nats": 31.0}, {"margin_nats": -0.1}, {"margin_nats": 11.0},
    {"headroom": 0.99}, {"headroom": 4.1}, {"low_quantile": -0.01}, {"low_quantile": 0.21},
    {"slots": 0}, {"slots": 32_769},
])
def test_options_out_of_range_are_refused_by_name(changes: dict[str, Any]) -> None:
    (name, value), = changes.items()
    with pytest.raises(UsageError, match=f"{name} is out of range; found {value}"):
        TranslateOptions(spikes="binary", **changes)


@pytest.mark.parametrize("changes", [
    {"step_nats": 0.01}, {"step_nats": 2.0}, {"window_nats": 1}, {"window_nats": 30},
    {"margin_nats": 0}, {"headroom": 1}, {"low_quantile": 0.2}, {"slots": 1}, {"slots": 32_768},
])
def test_options_at_the_ends_of_their_ranges_are_taken(changes: dict[str, Any]) -> None:
    (name, value), = changes.items()
    assert getattr(TranslateOptions(spikes="binary", **changes), name) == value


def test_an_unknown_kind_of_spikes_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown kind of spikes; found ternary"):
        TranslateOptions(spikes="ternary")  # type: ignore[arg-type]


def test_graded_payloads_bind_the_step_to_ln_2() -> None:
    with pytest.raises(UsageError, match="a step is ln 2"):
        TranslateOptions(spikes="graded", step_nats=0.35)


@pytest.mark.parametrize("step", [0.01, 0.2, LN2, 2.0])
def test_the_exact_step_is_what_the_decay_register_does(step: float) -> None:
    options = binary(step)
    assert options.exact_step_nats == pytest.approx(step, rel=0.02)
    assert math.exp(-options.exact_step_nats) == pytest.approx(1 - options.control_decay / 4096)
