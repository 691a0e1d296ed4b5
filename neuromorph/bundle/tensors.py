"""Codes and samples as named arrays and back; what comes back is checked, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import (
    LatencyAttention,
    SpikeKind,
    prove_ranges,
    shared_by,
)
from neuromorph.errors import BundleError, CalibrationError, TensorError
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_BITS, NARROW_INPUT_BITS
from neuromorph.translate import LayerCode, Sample, check_samples

Arrays = Mapping[str, NDArray[Any]]

SCALES = ("query_scale", "key_centre", "key_scale", "value_centre", "value_scale")
PARTS = ("queries", "keys", "values", "mask")
BIAS, SOFTCAP = "bias", "softcap"
OPTIONAL = {"bias_limit": 0, "neurons_per_key": 1, "pause": 0, "fine": 0,
            "slope": 0, "block": 1, "near": 0, "cap": 0, "cap_from": 0, "cap_step": 0}
"""Columns that stand there where some head has another number than this one."""

INTEGERS = tuple(field.name for field in fields(LatencyAttention)
                 if field.name not in ("spikes", *OPTIONAL))
"""Columns of a layer's ``heads``, one row a head."""

_ANY = (-(2**31), 2**31 - 1)
_RANGES = {
    "slots": (1, 1 << 15), "key_size": (1, 1 << 16), "value_size": (1, 1 << 16),
    "key_shift": (0, 31), "value_shift": (0, 31), "control_decay": (1, DECAY_UNITY - 1),
    "query_limit": (1, 127), "key_limit": (1, 127), "value_limit": (1, 254),
    "score_bound": (1, 2**31 - 1), "unit": (1, 510), "payload_base": (1, 1 << 15),
    "input_bits": (NARROW_INPUT_BITS, INPUT_BITS), "bias_limit": (0, 1 << 17),
    "neurons_per_key": (1, 2), "pause": (0, 64), "fine": (0, 6),
    "cap": (0, 1 << 17), "cap_from": (1 - (1 << 16), (1 << 16) - 1), "cap_step": (0, 1 << 16),
    "slope": (0, 2**31 - 1), "block": (1, 1 << 15), "near": (0, 1 << 17),
}


def columns_of(codes: Iterable[LayerCode]) -> tuple[str, ...]:
    """Columns that these layers' heads take."""
    heads = [head for code in codes for head in code.heads]
    return (*INTEGERS, *(name for name, usual in OPTIONAL.items()
                         if any(getattr(head, name) != usual for head in heads)))


def known_columns(text: str) -> tuple[str, ...] | None:
    """Columns as a bundle names them; None if they are none of ours."""
    names = tuple(text.split(","))
    more = names[len(INTEGERS) :]
    known = names[: len(INTEGERS)] == INTEGERS and more == tuple(n for n in OPTIONAL if n in more)
    return names if known else None


def code_arrays(
    i: int, code: LayerCode, columns: Sequence[str] = INTEGERS
) -> dict[str, NDArray[Any]]:
    """Layer ``i``'s scales and integers."""
    rows = [[asdict(head)[name] for name in columns] for head in code.heads]
    scales = {f"{i}.{name}": np.ascontiguousarray(getattr(code, name), np.float64)
              for name in SCALES}
    return scales | {f"{i}.heads": np.array(rows, np.int64)}


def in_single_precision(sample: Sample) -> Sample:
    """The sample as it is kept."""
    queries, keys, values = (np.asarray(getattr(sample, part), np.float32) for part in PARTS[:3])
    bias = None if sample.bias is None else np.asarray(sample.bias, np.float32)
    cap = None if sample.softcap is None else float(np.float32(sample.softcap))
    return Sample(queries, keys, values, np.asarray(sample.mask, bool), bias, cap)


def sample_arrays(i: int, sample: Sample) -> dict[str, NDArray[Any]]:
    """Layer ``i``'s sample, in single precision."""
    more = {BIAS: sample.bias, SOFTCAP: sample.softcap}
    parts = (*PARTS, *(name for name, value in more.items() if value is not None))
    return {f"{i}.{part}": np.ascontiguousarray(
        getattr(sample, part), np.uint8 if part == "mask" else np.float32) for part in parts}


def read_code(
    arrays: Arrays, i: int, spikes: SpikeKind, step_nats: float, where: str,
    columns: Sequence[str] = INTEGERS,
) -> LayerCode:
    """Layer ``i``'s code.

    Raises
    ------
    BundleError, TensorError
        If an array is missing, or of another shape, dtype or range than it can have.
    RangeProofError
        If an accumulator of a circuit could overflow.
    """
    heads = heads_of(checked_array(arrays, f"{i}.heads", "int64", where), spikes,
                     f"{where}: {i}.heads", columns)
    step = -math.log((DECAY_UNITY - heads[0].control_decay) / DECAY_UNITY)
    if not math.isclose(step, step_nats, rel_tol=1e-9):
        raise BundleError("the circuits fade at another rate than the manifest says", where=where,
                          found=f"{step:.6g} nats a step", expected=f"{step_nats:.6g}")
    scales = {name: checked_array(arrays, f"{i}.{name}", "float64", where) for name in SCALES}
    _check_scales(scales, heads, f"{where}: {i}")
    return LayerCode(heads, **scales, step_nats=step_nats)


def read_sample(arrays: Arrays, i: int, code: LayerCode, where: str) -> Sample:
    """Layer ``i``'s sample, which must fit its code.

    Raises
    ------
    BundleError, TensorError, CalibrationError
    """
    queries, keys, values = (checked_array(arrays, f"{i}.{part}", "float32", where)
                             for part in PARTS[:3])
    mask = checked_array(arrays, f"{i}.mask", "uint8", where)
    bias = (checked_array(arrays, f"{i}.{BIAS}", "float32", where)
            if f"{i}.{BIAS}" in arrays else None)
    sample = Sample(queries, keys, values, mask.astype(bool), bias, _cap(arrays, i, where))
    check_fits(sample, code, f"{where}: {i}")
    return sample


def _cap(arrays: Arrays, i: int, where: str) -> float | None:
    if f"{i}.{SOFTCAP}" not in arrays:
        return None
    found = checked_array(arrays, f"{i}.{SOFTCAP}", "float32", where)
    if found.size != 1 or not found.item() > 0:
        raise TensorError("a soft cap is not one positive number", where=f"{where}: {i}.{SOFTCAP}",
                          found=found.tolist())
    return float(found.item())


def check_fits(sample: Sample, code: LayerCode, where: str) -> None:
    """Refuse a sample that is misshapen, or not made for this layer.

    Raises
    ------
    CalibrationError
    """
    for name in PARTS[:3]:
        if 0 in getattr(sample, name).shape:
            raise CalibrationError(f"the {name} are empty", where=where,
                                   found=getattr(sample, name).shape)
    check_samples([sample], where)
    head, kv_heads = code.shared, len(code.key_scale)
    for name, expected in (("queries", (len(code.heads), head.key_size)),
                           ("keys", (kv_heads, head.key_size)),
                           ("values", (kv_heads, head.value_size))):
        shape = getattr(sample, name).shape
        if (shape[0], shape[2]) != expected:
            raise CalibrationError(f"the {name} do not fit the layer", where=where, found=shape,
                                   expected=f"({expected[0]}, tokens, {expected[1]})")
    if sample.keys.shape[1] > head.slots:
        raise CalibrationError("the sequence is longer than the circuit's slots", where=where,
                               found=sample.keys.shape[1], expected=f"at most {head.slots}",
                               hint="export with more slots")


def checked_array(arrays: Arrays, name: str, dtype: str, where: str) -> NDArray[Any]:
    """An array that is there, of this type, and of finite numbers.

    Raises
    ------
    BundleError, TensorError
    """
    if name not in arrays:
        raise BundleError("the bundle lacks an array", where=where, expected=name)
    array = arrays[name]
    if array.dtype != np.dtype(dtype):
        raise TensorError("an array has the wrong type", where=f"{where}: {name}",
                          found=array.dtype, expected=dtype)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise TensorError("an array holds NaN or infinity", where=f"{where}: {name}",
                          found=f"{int((~np.isfinite(array)).sum())} values")
    return array


def heads_of(
    rows: NDArray[Any], spikes: SpikeKind, where: str, columns: Sequence[str] = INTEGERS
) -> tuple[LatencyAttention, ...]:
    """The heads of one layer, of rows of such columns, each of which is proved.

    Raises
    ------
    TensorError, RangeProofError
    """
    if rows.ndim != 2 or rows.shape[1] != len(columns) or not len(rows):
        raise TensorError("the heads have the wrong shape", where=where, found=rows.shape,
                          expected=f"(heads, {len(columns)})")
    for name, column in zip(columns, rows.T, strict=True):
        low, high = _RANGES.get(name, _ANY)
        if column.min() < low or column.max() > high:
            raise TensorError(f"{name} is out of range", where=where, expected=f"{low} to {high}",
                              found=f"{column.min()} to {column.max()}")
    heads = tuple(LatencyAttention(**dict(zip(columns, map(int, row), strict=True)),
                                   spikes=spikes) for row in rows)
    shared_by(heads, where)
    return tuple(map(prove_ranges, heads))


def _check_scales(
    scales: Arrays, heads: tuple[LatencyAttention, ...], where: str
) -> None:
    head, kv_heads = heads[0], len(scales["key_scale"]) if scales["key_scale"].ndim else 0
    if not kv_heads or len(heads) % kv_heads:
        raise TensorError("the heads do not divide into key-value groups", where=where,
                          found=f"{len(heads)} heads, {kv_heads} key-value heads")
    for name in SCALES:
        shape = (len(heads) if name == "query_scale" else kv_heads,
                 head.value_size if name.startswith("value") else head.key_size)
        if scales[name].shape != shape:
            raise TensorError("an array has the wrong shape", where=f"{where}.{name}",
                              found=scales[name].shape, expected=shape)
        if name.endswith("scale") and not (scales[name] > 0).all():
            raise TensorError("a scale is not positive", where=f"{where}.{name}",
                              found=float(scales[name].min()))
