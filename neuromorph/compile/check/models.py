"""The checker's own table of neuron models: one row a kind; a kind without a row is refused.

It is written from what each model's equations need, not from the code that runs them, so that a
mistake there is none here. A new model gets a row by hand, or no program that holds it is judged
right.
"""

from __future__ import annotations

from neuromorph.compile.check.row import A_IN, Parameters, Ranges, Row
from neuromorph.numerics import limits
from neuromorph.profiles import Neuron

WORD_BITS, STOCK_WORDS = 24, 2
"""Of a word of state; a profile's memory of a neuron stands for those of a stock neuron."""

GAIN_SHIFT_MAX, GAIN_BITS_MAX = 48, 16
SCALE_SHIFT_MAX, PERIOD_MAX = 40, 1 << 16

RECIPROCAL_BITS = 15 + 5 + 1
"""Of a reciprocal's payload: fraction, places that its sum was lifted by, sign."""

ROOT_BITS = 16 + 5 + 1
"""Of a root's payload: 15 bits and one before the point, exponent, sign."""


# --- ranges; thresholds are compared with ``>``


def _decay(neuron: Neuron) -> tuple[int, int]:
    return 0, 1 << neuron.decay_bits


def _threshold(neuron: Neuron) -> tuple[int, int]:
    return 0, (1 << neuron.threshold_bits) - 1


def _highest(neuron: Neuron) -> int:
    """The most that a potential holds."""
    return (1 << (neuron.potential_bits - 1)) - 1


def _of_source(_: Neuron) -> Ranges:
    return {"payload_bits": (0, limits.PAYLOAD_BITS)}


def _of_cuba_lif(neuron: Neuron) -> Ranges:
    bias = 1 << (neuron.bias_bits - 1)
    return {"du": _decay(neuron), "dv": _decay(neuron), "vth": _threshold(neuron),
            "bias_mant": (-bias, bias - 1), "bias_exp": (0, neuron.bias_exponent_max),
            "input_shift": (0, neuron.input_shift)}


def _of_readout(neuron: Neuron) -> Ranges:
    return {"dv": _decay(neuron), "vth": (0, _highest(neuron) - 1)}


def _of_latency_match(neuron: Neuron) -> Ranges:
    return {"vth": _threshold(neuron), "base": (1, limits.STATE_MODULUS),
            "span": (1, _highest(neuron)), "gain": (1, _highest(neuron)),
            "gain_shift": (0, GAIN_SHIFT_MAX)}


def _of_astrocyte(neuron: Neuron) -> Ranges:
    return {"dv": _decay(neuron), "gain_bits": (0, GAIN_BITS_MAX)}


def _of_relay(_: Neuron) -> Ranges:
    return {"shift": (0, -limits.EXPONENT_MIN)}


def _of_product(neuron: Neuron) -> Ranges:
    return {"shift": (0, limits.PRODUCT_BITS - 1), "limit": (1, _highest(neuron)),
            "period": (1, PERIOD_MAX)}


def _of_requantise(neuron: Neuron) -> Ranges:
    return {**_scales(neuron, "bias"), "period": (1, PERIOD_MAX)}


def _of_reciprocal(neuron: Neuron) -> Ranges:
    return {"dv": _decay(neuron), "lift": (0, limits.INPUT_SHIFT)}


def _of_quotient(neuron: Neuron) -> Ranges:
    return {**_of_reciprocal(neuron), **_scales(neuron, "centre"), "period": (0, PERIOD_MAX)}


def _scales(neuron: Neuron, added: str) -> dict[str, tuple[int, int]]:
    """A product of 16 bits that is shifted, something added to it, and a clip."""
    most = _highest(neuron)
    return {**_product(SCALE_SHIFT_MAX), added: (-most, most), "limit": (1, most)}


def _moments(neuron: Neuron, shortest: int = 1) -> dict[str, tuple[int, int]]:
    """A clip, and a period that has so many steps at the least."""
    return {"limit": (1, _highest(neuron)), "period": (shortest, PERIOD_MAX)}


def _of_square(neuron: Neuron) -> Ranges:
    """Six times, by 6 bits finer each: the last is not shifted up, none comes with the next."""
    return {"shift": (5 * 6, limits.PRODUCT_BITS - 1), **_moments(neuron, 6)}


def _of_root(neuron: Neuron) -> Ranges:
    """Six sums, each of 64 times the one before; one below the threshold may be followed."""
    return {"threshold": (1, _highest(neuron) >> 6), "least": (0, _highest(neuron)),
            "least_shift": (0, 53), "period": (6, PERIOD_MAX)}


def _of_rsqrt(neuron: Neuron) -> Ranges:
    return {**_of_root(neuron), **_moments(neuron, 6), **_product(limits.PRODUCT_BITS - 1)}


def _of_scale(neuron: Neuron) -> Ranges:
    return {"shift": (1, limits.PRODUCT_BITS - 1), "fold": (0, limits.MULTIPLIER_MAX),
            "fold_shift": (1, SCALE_SHIFT_MAX), **_moments(neuron, 2)}


def _of_residual(neuron: Neuron) -> Ranges:
    """Two products, one of what is kept and one of what is added to it."""
    return {"carry": (0, limits.MULTIPLIER_MAX), "carry_shift": (1, SCALE_SHIFT_MAX),
            **_scales(neuron, "bias"), **_moments(neuron, 2)}


def _of_unit_residual(neuron: Neuron) -> Ranges:
    """A sum of 24 bits times a root of 16, up by 8 bits of 48 at most; E goes up to 26."""
    return {**_of_residual(neuron), "shift": (26 - 8, limits.PRODUCT_BITS - 1),
            **_moments(neuron, 3)}


def _of_rotary(neuron: Neuron) -> Ranges:
    return {"second": (0, 1), **_scales(neuron, "centre"), **_moments(neuron, 4)}


def _of_key_side(neuron: Neuron) -> Ranges:
    return {"off": (0, 1), **_moments(neuron)}


def _of_value_side(neuron: Neuron) -> Ranges:
    return {**_of_key_side(neuron), **_scales(neuron, "centre")}


def _of_drive(neuron: Neuron) -> Ranges:
    most = _highest(neuron)
    return {"payload": (-most, most), "steps": (1, PERIOD_MAX), "waits": (0, 1),
            "period": (1, PERIOD_MAX)}


def _of_slot(neuron: Neuron) -> Ranges:
    most = _highest(neuron)
    return {"slots": (1, most), "empty": (0, 1), "payload": (-most, most),
            "steps": (1, PERIOD_MAX), "period": (1, PERIOD_MAX)}


def _of_gate(neuron: Neuron) -> Ranges:
    """Two sums of 16 bits, an activation of one, and their product."""
    narrow = 2**15 - 1
    return {**_product(SCALE_SHIFT_MAX), "bias": (-narrow, narrow),
            "up_multiplier": (0, limits.MULTIPLIER_MAX), "up_shift": (1, SCALE_SHIFT_MAX),
            "up_bias": (-narrow, narrow), "unit_bits": (8, 14), "slope": (0, 2**16 - 1),
            "cubic": (0, 4095), "product_shift": (0, 30), **_moments(neuron, 2)}


def _of_homeostatic(neuron: Neuron) -> Ranges:
    """Two means, as traces of up to 2^15 goes, of which up to 16 bits are after the point."""
    most = _highest(neuron)
    return {"mean": (-most, most), "spread": (0, most), "trace": (0, 15), "fraction": (0, 16),
            "limit": (1, most)}


def _of_regulator(neuron: Neuron) -> Ranges:
    return {"dv": _decay(neuron), "base": (0, _highest(neuron)),
            "shift": (0, limits.PRODUCT_BITS - 1), **_moments(neuron)}


def _product(shift: int) -> dict[str, tuple[int, int]]:
    """A product of 16 bits that is shifted."""
    return {"multiplier": (0, limits.MULTIPLIER_MAX), "shift": (1, shift)}


# --- what follows from parameters


def number(parameters: Parameters, name: str) -> int:
    """The parameter; the farthest from 0 where there is one for each neuron."""
    value = parameters[name]
    return value if isinstance(value, int) else max(value, key=abs)


def _source_payload(parameters: Parameters) -> int:
    return number(parameters, "payload_bits")


def _latency_payload(parameters: Parameters) -> int:
    """Payloads go up to ``2 base``, and have a sign."""
    return (2 * number(parameters, "base")).bit_length() + 1


def _has_bias(parameters: Parameters) -> bool:
    return number(parameters, "bias_mant") != 0


def _limit_payload(parameters: Parameters) -> int:
    return number(parameters, "limit").bit_length() + 1


def _constant_payload(parameters: Parameters) -> int:
    return abs(number(parameters, "payload")).bit_length() + 1


def _counts_steps(parameters: Parameters) -> bool:
    return number(parameters, "period") > 1


def _counts_or_adds(parameters: Parameters) -> bool:
    return _counts_steps(parameters) or number(parameters, "bias") != 0


def _adds_or_counts(parameters: Parameters) -> bool:
    """It counts steps, or sends something of a sum of nothing."""
    return _counts_steps(parameters) or number(parameters, "least") != 0


def _centres_or_counts(parameters: Parameters) -> bool:
    """It counts steps, or sends something of a sum of nothing."""
    return _counts_steps(parameters) or number(parameters, "centre") != 0


def _speaks_or_counts(parameters: Parameters) -> bool:
    """It counts steps, or sends something without errors."""
    return _counts_steps(parameters) or number(parameters, "base") != 0


def _waits_or_counts(parameters: Parameters) -> bool:
    """It counts steps, or speaks though nothing starts it."""
    return _counts_steps(parameters) or number(parameters, "waits") == 0


def _empties_or_counts(parameters: Parameters) -> bool:
    """It counts steps, or speaks of slots though nothing was said of them."""
    return _counts_steps(parameters) or number(parameters, "empty") != 0


def _steps(*names: str) -> tuple[tuple[str, str], ...]:
    """Each is a step of the period."""
    return tuple((name, "period") for name in names)


STREAM = ("carry", "carry_shift", "multiplier", "shift", "bias")
"""What neurons of a residual stream may differ in."""

MODELS: dict[str, Row] = {
    "Source": Row(("payload_bits",), _of_source, words=0, ports=(), programmable=False,
                  from_outside=True, payload_bits=_source_payload,
                  punctual=lambda _: True),
    "CubaLIF": Row(("du", "dv", "vth", "bias_mant", "bias_exp", "input_shift"), _of_cuba_lif,
                   words=2, programmable=False, aligned="input_shift",
                   beside_setting=("vth", "bias_mant", "input_shift"), punctual=_has_bias),
    "Readout": Row(("dv", "vth"), _of_readout),
    "LatencyMatch": Row(("vth", "base", "span", "gain", "gain_shift"), _of_latency_match,
                        powers_of_two=("base",), payload_bits=_latency_payload),
    "Astrocyte": Row(("dv", "gain_bits"), _of_astrocyte, whole=True, least=2,
                     payload_bits=lambda _: limits.PAYLOAD_BITS),
    "Relay": Row(("shift",), _of_relay, words=0, payload_bits=lambda _: limits.PAYLOAD_BITS),
    "Product": Row(("shift", "limit", "period", "at"), _of_product, words=0, ports=("a", "b"),
                   by_neuron=("at",), below=(("at", "period"),), payload_bits=_limit_payload,
                   punctual=_counts_steps),
    "Requantise": Row(("multiplier", "shift", "bias", "limit", "period", "at"), _of_requantise,
                      words=0, by_neuron=("multiplier", "shift", "bias", "at"),
                      below=(("at", "period"),), payload_bits=_limit_payload,
                      punctual=_counts_or_adds),
    "Reciprocal": Row(("dv", "lift"), _of_reciprocal, ports=(A_IN, "signal"),
                      payload_bits=lambda _: RECIPROCAL_BITS),
    "Quotient": Row(("dv", "lift", "multiplier", "shift", "centre", "limit", "period", "at"),
                    _of_quotient, words=3, ports=(A_IN, "signal"),
                    by_neuron=("multiplier", "shift", "centre", "at"),
                    below=(("at", "period"),), payload_bits=_limit_payload,
                    punctual=_counts_steps),
    "Square": Row(("shift", "limit", "period", "at"), _of_square, below=(("at", "period"),),
                  payload_bits=_limit_payload, punctual=_counts_steps),
    "Rsqrt": Row(("threshold", "least", "least_shift", "multiplier", "shift", "limit", "period",
                  "at"), _of_rsqrt, words=2, below=(("at", "period"),),
                 payload_bits=_limit_payload, punctual=_adds_or_counts),
    "Root": Row(("threshold", "least", "least_shift", "period", "at"), _of_root, words=2,
                below=(("at", "period"),), payload_bits=lambda _: ROOT_BITS,
                punctual=_adds_or_counts),
    "Scale": Row(("shift", "fold", "fold_shift", "limit", "period", "keep_at", "at"), _of_scale,
                 by_neuron=("fold", "fold_shift"),
                 below=_steps("keep_at", "at"), payload_bits=_limit_payload,
                 punctual=_counts_steps),
    "Residual": Row(("carry", "carry_shift", "multiplier", "shift", "bias", "limit", "period",
                     "keep_at", "at"), _of_residual, by_neuron=STREAM,
                    below=_steps("keep_at", "at"), payload_bits=_limit_payload,
                    punctual=_counts_or_adds),
    "UnitResidual": Row(("carry", "carry_shift", "multiplier", "shift", "bias", "limit", "period",
                         "keep_at", "root_at", "at"), _of_unit_residual, words=2, by_neuron=STREAM,
                        below=_steps("keep_at", "root_at", "at"), payload_bits=_limit_payload,
                        punctual=_counts_or_adds),
    "Rotary": Row(("second", "centre", "multiplier", "shift", "limit", "period", "own_at",
                   "partner_at", "cos_at", "at"), _of_rotary, words=3,
                  by_neuron=("second", "centre", "multiplier", "shift"),
                  below=_steps("own_at", "partner_at", "cos_at", "at"),
                  payload_bits=_limit_payload, punctual=_centres_or_counts),
    "KeySide": Row(("off", "limit", "period", "at"), _of_key_side, words=0,
                   by_neuron=("off", "at"), below=_steps("at"), payload_bits=_limit_payload,
                   punctual=lambda _: True),
    "ValueSide": Row(("off", "centre", "multiplier", "shift", "limit", "period", "at"),
                     _of_value_side, words=0,
                     by_neuron=("off", "centre", "multiplier", "shift", "at"), below=_steps("at"),
                     payload_bits=_limit_payload, punctual=_centres_or_counts),
    "Drive": Row(("payload", "steps", "waits", "period", "at"), _of_drive,
                 by_neuron=("payload", "steps", "at"), below=_steps("at"),
                 payload_bits=_constant_payload, punctual=_waits_or_counts),
    "Slot": Row(("place", "slots", "empty", "payload", "steps", "period", "pulse_at", "at"),
                _of_slot, words=3, by_neuron=("place", "payload"),
                below=(("place", "slots"), *_steps("pulse_at", "at")),
                payload_bits=_constant_payload, punctual=_empties_or_counts),
    "Regulator": Row(("dv", "base", "shift", "limit", "period", "at"), _of_regulator,
                     by_neuron=("at",), below=_steps("at"), payload_bits=_limit_payload,
                     punctual=_speaks_or_counts),
    "Gate": Row(("multiplier", "shift", "bias", "up_multiplier", "up_shift", "up_bias",
                 "unit_bits", "slope", "cubic", "product_shift", "limit", "period", "gate_at",
                 "at"), _of_gate, by_neuron=("multiplier", "shift", "bias", "up_multiplier",
                                             "up_shift", "up_bias"),
                below=_steps("gate_at", "at"), payload_bits=_limit_payload,
                punctual=_counts_or_adds),
    "Homeostatic": Row(("mean", "spread", "trace", "fraction", "limit"), _of_homeostatic, words=4,
                       ports=("a", "go"), by_neuron=("mean", "spread"),
                       payload_bits=_limit_payload),
}
"""By kind. An astrocyte is its calcium and a unit besides, at the least."""

UNKNOWN = Row((), ports=())
"""A kind that has no row: it takes no input, and is itself a violation."""
