"""Codes and samples of memories as named arrays and back; what comes back is checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.bundle.tensors import Arrays, checked_array
from neuromorph.circuits.gated_delta import GatedDelta
from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.errors import TensorError, UsageError
from neuromorph.translate.delta_code import DeltaCode

NUMBERS = ("key_size", "value_size", "mantissa", "exponent", "forget_bits", "multiplier", "shift")
COLUMNS = (*NUMBERS, "whole", "forgets_key")
"""Columns of a layer's ``heads``, one row a memory; the last two are 0 or 1."""

SCALES = ("weight", "read", "write", "query")
"""Columns of its ``scales``."""

PARTS = ("queries", "keys", "values", "keep", "rate")


def code_arrays(i: int, codes: Sequence[DeltaCode]) -> dict[str, NDArray[Any]]:
    """Layer ``i``'s turns, integers and scales."""
    rows = [[*(getattr(code.numbers, name) for name in NUMBERS),
             code.numbers.rounding == "whole", code.forgets_key] for code in codes]
    scales = [[getattr(code, name) for name in SCALES] for code in codes]
    return {f"{i}.heads": np.array(rows, np.int64), f"{i}.scales": np.array(scales, np.float64),
            f"{i}.key_turn": np.ascontiguousarray(codes[0].key_turn),
            f"{i}.value_turn": np.ascontiguousarray(codes[0].value_turn)}


def read_codes(arrays: Arrays, i: int, where: str) -> tuple[DeltaCode, ...]:
    """Layer ``i``'s codes.

    Raises
    ------
    BundleError, TensorError
        If an array is missing, or of another shape, dtype or range than it can have.
    """
    rows = checked_array(arrays, f"{i}.heads", "int64", where)
    scales, keys, values = (checked_array(arrays, f"{i}.{name}", "float64", where)
                            for name in ("scales", "key_turn", "value_turn"))
    if rows.ndim != 2 or rows.shape[1] != len(COLUMNS) or not len(rows):
        raise TensorError("the memories have the wrong shape", where=f"{where}: {i}.heads",
                          found=rows.shape, expected=f"(memories, {len(COLUMNS)})")
    axons, size = map(int, rows[0, :2])
    for name, array, shape in (("scales", scales, (len(rows), len(SCALES))),
                               ("key_turn", keys, (axons, axons - 1)),
                               ("value_turn", values, (size, size)),
                               ("heads", rows[:, :2], (len(rows), 2))):
        if array.shape != shape or (name == "heads" and (array != (axons, size)).any()):
            raise TensorError("an array has the wrong shape", where=f"{where}: {i}.{name}",
                              found=array.shape, expected=shape)
    if not (scales > 0).all():
        raise TensorError("a scale is not positive", where=f"{where}: {i}.scales",
                          found=float(scales.min()))
    numbers = [_numbers(row, f"{where}: {i}.heads") for row in rows]
    return tuple(DeltaCode(keys, values, own, weight, read, write, query, bool(row[-1]))
                 for own, row, (weight, read, write, query)
                 in zip(numbers, rows, scales.tolist(), strict=True))


def _numbers(row: NDArray[Any], where: str) -> GatedDelta:
    named = dict(zip(COLUMNS, map(int, row), strict=True))
    if {named["whole"], named["forgets_key"]} - {0, 1}:
        raise TensorError("a memory's last columns are 0 or 1", where=where,
                          found=(named["whole"], named["forgets_key"]))
    try:
        return GatedDelta(**{name: named[name] for name in NUMBERS},
                          rounding="whole" if named["whole"] else "random")
    except UsageError as error:
        raise TensorError(error.what, where=f"{where}, {error.where}", found=error.found,
                          expected=error.expected) from error


def sample_arrays(i: int, sample: DeltaSample) -> dict[str, NDArray[Any]]:
    """Layer ``i``'s sample, in single precision."""
    return {f"{i}.{part}": np.ascontiguousarray(getattr(sample, part), np.float32)
            for part in PARTS}


def in_single_precision(sample: DeltaSample) -> DeltaSample:
    """The sample as it is kept."""
    return _sample({part: np.asarray(getattr(sample, part), np.float32) for part in PARTS},
                   sample.forgets_key)


def read_sample(
    arrays: Arrays, i: int, codes: Sequence[DeltaCode], where: str
) -> DeltaSample:
    """Layer ``i``'s sample, which must fit its codes.

    Raises
    ------
    BundleError, TensorError
    """
    parts = [checked_array(arrays, f"{i}.{part}", "float32", where) for part in PARTS]
    return fitting_sample(dict(zip(PARTS, parts, strict=True)), codes, f"{where}: {i}")


def fitting_sample(
    parts: Arrays, codes: Sequence[DeltaCode], where: str
) -> DeltaSample:
    """A sample of a layer's memories, arrays of shape (memories, tokens, …), which must fit them.

    Raises
    ------
    TensorError
    """
    code = codes[0]
    sizes = {"queries": code.key_turn.shape[1], "keys": code.key_turn.shape[1],
             "values": code.value_turn.shape[1]}
    tokens = parts["keep"].shape[-1] if parts["keep"].ndim else 0
    for name in PARTS:
        shape = (len(codes), tokens, *((sizes[name],) if name in sizes else ()))
        if parts[name].shape != shape or not tokens:
            raise TensorError("what the memories are sent has the wrong shape",
                              where=f"{where}.{name}", found=parts[name].shape,
                              expected=f"({', '.join(map(str, shape))})")
    try:
        return _sample(parts, code.forgets_key)
    except UsageError as error:
        raise TensorError(error.what, where=f"{where}, {error.where}", found=error.found,
                          expected=error.expected) from error


def _sample(parts: Arrays, forgets_key: bool) -> DeltaSample:
    queries, keys, values, keep, rate = (np.asarray(parts[name], np.float64) for name in PARTS)
    return DeltaSample(queries, keys, values, keep, rate, forgets_key)
