"""Vector code does what NumPy does, in all lanes and from any start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays, from_dtype
from numba import njit, types
from numpy.typing import NDArray

from neuromorph.backends.fast.lanes import (
    DOUBLE,
    FLOAT,
    INDEX,
    INT,
    LANES,
    SHORT,
    Code,
    Pointer,
    counted,
    lanes,
)

KINDS = {"int16": SHORT, "int32": INT, "float32": FLOAT, "float64": DOUBLE}
FLOATS, INTEGERS = ("float32", "float64"), ("int16", "int32")
quick = settings(max_examples=25, deadline=None)

Array = NDArray[Any]


@dataclass(frozen=True)
class Operation:
    """On vectors, on arrays, and on which types; a, b and one number x for all lanes."""

    on_lanes: Callable[[Any, Any, Any], Any]
    on_arrays: Callable[[Any, Any, Any], Any]
    kinds: tuple[str, ...] = tuple(KINDS)


def same(operation: Callable[[Any, Any, Any], Any],
         kinds: tuple[str, ...] = tuple(KINDS)) -> Operation:
    return Operation(operation, operation, kinds)


def shifts(amount: Any) -> Any:
    """As far as any type can be shifted."""
    return amount & 15


def compared(sign: str, on_arrays: Callable[[Any, Any], Any]) -> Operation:
    """1 where it holds."""
    return Operation(lambda a, b, x: a.code.fill(1, DOUBLE).where(a.is_(sign, b), 0),
                     lambda a, b, x: on_arrays(a, b))


OPERATIONS = {
    "+": same(lambda a, b, x: a + b),
    "-": same(lambda a, b, x: a - b),
    "*": same(lambda a, b, x: a * b),
    "/": same(lambda a, b, x: a / b, FLOATS),
    "&": same(lambda a, b, x: a & b, INTEGERS),
    ">>": same(lambda a, b, x: a >> shifts(b), INTEGERS),
    "<<": same(lambda a, b, x: a << shifts(b), INTEGERS),
    "+ known": same(lambda a, b, x: a + 3),
    "* known": same(lambda a, b, x: a * 5),
    "+ number": same(lambda a, b, x: a + x),
    "- number": same(lambda a, b, x: a - x),
    "known lanes": Operation(
        lambda a, b, x: a.code.constant(list(range(LANES)), INT).to(KINDS[name_of(a)]) + a,
        lambda a, b, x: np.arange(LANES).astype(a.dtype) + a),
    "fill": Operation(lambda a, b, x: a.code.fill(x, KINDS[name_of(a)]),
                      lambda a, b, x: np.full(LANES, x)),
    "<": compared("<", np.less),
    "<=": compared("<=", np.less_equal),
    ">": compared(">", np.greater),
    ">=": compared(">=", np.greater_equal),
    "==": compared("==", np.equal),
    "where": Operation(lambda a, b, x: a.where(b.is_("<", x), 7),
                       lambda a, b, x: np.where(b < x, a, 7)),
    "least": Operation(lambda a, b, x: a.least(b), lambda a, b, x: np.where(a < b, a, b)),
    "most": Operation(lambda a, b, x: a.most(b), lambda a, b, x: np.where(a > b, a, b)),
    "least number": Operation(lambda a, b, x: a.least(x), lambda a, b, x: np.where(a < x, a, x)),
    "ceil": Operation(lambda a, b, x: a.ceil(), lambda a, b, x: np.ceil(a), FLOATS),
    "rint": Operation(lambda a, b, x: a.rint(), lambda a, b, x: np.rint(a), FLOATS),
    "magnitude": Operation(lambda a, b, x: a.magnitude(), lambda a, b, x: np.abs(a), FLOATS),
}


def name_of(vector: Any) -> str:
    return {"i16": "int16", "i32": "int32", "float": "float32", "double": "float64"}[
        str(vector.element)]


@cache
def all_operations(kind: str) -> Callable[..., None]:
    """Everything that a type can, one after the other, in one compiled function."""
    named = [one for one in OPERATIONS.values() if kind in one.kinds]

    @lanes(a_at=INDEX, b_at=INDEX, x=KINDS[kind], to=INDEX)
    def write(
        code: Code, a: Pointer, a_at: Any, b: Pointer, b_at: Any, x: Any, target: Pointer, to: Any
    ) -> None:
        for i, one in enumerate(named):
            place = code.builder.add(to, code.index(LANES * i))
            # In 64 bits, which hold every result of every type.
            target[place] = one.on_lanes(a[a_at], b[b_at], x).to(DOUBLE)

    @njit
    def run(a: Array, a_at: int, b: Array, b_at: int, x: Any, target: Array, to: int) -> None:
        write(a, a_at, b, b_at, x, target, to)

    return run


def numbers(kind: str, size: int = LANES, **limits: Any) -> st.SearchStrategy[Array]:
    """Any numbers of a type, halves among them."""
    dtype = np.dtype(kind)
    some = from_dtype(dtype, **limits)
    if kind in FLOATS:
        some |= st.integers(-9, 9).map(lambda n: n / 2)
    return arrays(dtype, size, elements=some)


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
@settings(quick, max_examples=100)
def test_operations_on_lanes_are_those_on_arrays(kind: str, data: st.DataObject) -> None:
    a, b, one = (data.draw(numbers(kind, size)) for size in (2 * LANES, 2 * LANES, 1))
    a_at, b_at, to = (data.draw(st.integers(0, LANES)) for _ in range(3))
    target = np.full(LANES * (len(OPERATIONS) + 1), np.nan)
    all_operations(kind)(a, a_at, b, b_at, one[0], target, to)
    mine = (key for key, operation in OPERATIONS.items() if kind in operation.kinds)
    for i, name in enumerate(mine):
        with np.errstate(all="ignore"):
            expected = OPERATIONS[name].on_arrays(a[a_at:][:LANES], b[b_at:][:LANES], one[0])
        np.testing.assert_array_equal(target[to + LANES * i:][:LANES], expected, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_beside_the_lanes(kind: str) -> None:
    count = sum(kind in one.kinds for one in OPERATIONS.values())
    target, a = np.full(LANES * (count + 2), 0.125), np.ones(LANES, kind)
    all_operations(kind)(a, 0, a, 0, a[0], target, 5)
    assert (target[:5] == 0.125).all()
    assert (target[5:][: LANES * count] != 0.125).all()
    assert (target[5 + LANES * count:] == 0.125).all()


# --- types


@cache
def conversions(kind: str) -> Callable[..., None]:
    @lanes(at=INDEX, to=INDEX)
    def write(
        _: Code, a: Pointer, at: Any, short: Pointer, whole: Pointer, single: Pointer,
        double: Pointer, to: Any,
    ) -> None:
        for target, other in zip((short, whole, single, double), KINDS.values(), strict=True):
            target[to] = a[at].to(other)

    @njit
    def run(a: Array, at: int, short: Array, whole: Array, single: Array, double: Array,
            to: int) -> None:
        write(a, at, short, whole, single, double, to)

    return run


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
@quick
def test_numbers_become_another_type(kind: str, data: st.DataObject) -> None:
    """As far as it has them; integers that are too long lose their upper bits."""
    limits = {"min_value": -32768, "max_value": 32767} if kind in FLOATS else {}
    a = data.draw(numbers(kind, 2 * LANES, **limits))
    at, to = data.draw(st.integers(0, LANES)), data.draw(st.integers(0, LANES))
    targets = [np.zeros(2 * LANES, other) for other in KINDS]
    conversions(kind)(a, at, *targets, to)
    for target in targets:
        np.testing.assert_array_equal(target[to:][:LANES],
                                      a[at:][:LANES].astype(target.dtype))


# --- products


@cache
def product_and_sum(kind: str) -> Callable[..., None]:
    @lanes(x=KINDS[kind])
    def write(code: Code, a: Pointer, b: Pointer, c: Pointer, x: Any) -> None:
        first, second = code.index(0), code.index(LANES)
        c[second] = c[first].plus_product(a[first], x)
        c[first] = c[first].plus_product(a[first], b[first])

    @njit
    def run(a: Array, b: Array, c: Array, x: Any) -> None:
        write(a, b, c, x)

    return run


@pytest.mark.parametrize("kind", FLOATS)
@given(seed=st.integers(0, 2**32))
@quick
def test_sums_of_products_of_whole_numbers_are_exact(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, x = (rng.integers(-2**11, 2**11, size).astype(kind) for size in (LANES, LANES, 1))
    c = rng.integers(-2**23, 2**23, 2 * LANES).astype(kind)
    before = c[:LANES].copy()
    product_and_sum(kind)(a, b, c, x[0])
    np.testing.assert_array_equal(c, np.concatenate([before + a * b, before + a * x]))


# --- some lanes


@cache
def keeper(kind: str) -> Callable[..., int]:
    @lanes(result=types.intp, at=INDEX, limit=KINDS[kind], to=INDEX)
    def keep(code: Code, a: Pointer, at: Any, limit: Any, target: Pointer, to: Any) -> Any:
        below = a[at].is_("<", limit)
        a[at].append(target, to, below)
        return counted(code, below)

    @njit
    def run(a: Array, at: int, limit: Any, target: Array, to: int) -> int:
        return keep(a, at, limit, target, to)

    return run


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32), at=st.integers(0, LANES), to=st.integers(0, LANES),
       limit=st.integers(-101, 101))
@quick
def test_some_lanes_are_written_one_after_the_other(
    kind: str, seed: int, at: int, to: int, limit: int
) -> None:
    """None where the limit is -101, all where it is 101; what stands behind them stays."""
    a = np.random.default_rng(seed).integers(-100, 101, 2 * LANES).astype(kind)
    target = np.full(2 * LANES, 123, kind)
    found = keeper(kind)(a, at, np.dtype(kind).type(limit), target, to)
    kept = a[at:][:LANES]
    kept = kept[kept < limit]
    assert found == len(kept)
    rest = np.full(2 * LANES - to - len(kept), 123)
    np.testing.assert_array_equal(target, np.concatenate([np.full(to, 123), kept, rest]))


@pytest.mark.parametrize(("limit", "found"), [(-5, 0), (0, 0), (1, 1), (16, 16), (99, 16)])
def test_none_and_all_lanes_are_counted(limit: int, found: int) -> None:
    a = np.arange(LANES, dtype=np.int32)
    target = np.full(2 * LANES, -1, np.int32)
    assert keeper("int32")(a, 0, np.int32(limit), target, 0) == found
    np.testing.assert_array_equal(target[:found], a[:found])
    assert (target[found:] == -1).all()


# --- scalars


def test_a_scalar_is_converted_and_one_element_is_given_back() -> None:
    @lanes(result=FLOAT, at=INDEX)
    def element(_: Code, a: Pointer, at: Any) -> Any:
        return a.one(at)

    @njit
    def run(a: Array, at: int) -> float:
        return element(a, at)  # an int32 becomes an index

    a = np.arange(5, dtype=np.float32) / 4
    assert [run(a, np.int32(i)) for i in range(5)] == list(a)
