"""Vector code for Numba: sixteen lanes at a time, written as arithmetic.

LLVM finds out by itself which loops can be vectorised. Where two arrays might overlap, or sums
should stay in registers from one row to the next, it cannot. A function under `lanes` says it
outright:

    @lanes(i=INDEX, factor=FLOAT)
    def add_scaled(code, target, i, source, factor):
        target[i] = target[i] + source[i] * factor

Its body runs once, while the caller is compiled, and leaves instructions behind. LLVM fits them
to the registers there are: one of 512 bits, two of 256, four of 128.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 16
"""Keys and columns are padded to whole vectors."""

INDEX, FLOAT, DOUBLE = types.intp, types.float32, types.float64
INT, SHORT, BYTE = types.int32, types.int16, types.int8

_LLVM = {FLOAT: ir.FloatType(), DOUBLE: ir.DoubleType(), INT: ir.IntType(32), SHORT: ir.IntType(16),
         BYTE: ir.IntType(8)}
_BYTES = {"float": 4, "double": 8, "i32": 4, "i16": 2, "i8": 1}
_SUFFIX = {"float": "f32", "double": "f64", "i32": "i32", "i16": "i16", "i8": "i8"}


class Code:
    """Where instructions go."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def index(self, value: int) -> Any:
        """A constant index."""
        return ir.Constant(ir.IntType(64), value)

    def constant(self, values: list[int], kind: Any) -> Vector:
        """A vector of numbers that are known now."""
        return Vector(self, ir.Constant(ir.VectorType(_LLVM[kind], LANES), values))

    def fill(self, value: Any, kind: Any) -> Vector:
        """One value, known now or when the code runs, in all lanes."""
        return Vector(self, self.splat(value, _LLVM[kind]))

    def splat(self, value: Any, element: Any) -> Any:
        """LLVM's vector of one value in all lanes."""
        kind = ir.VectorType(element, LANES)
        if isinstance(value, int | float):
            known = int(value) if isinstance(element, ir.IntType) else float(value)
            return ir.Constant(kind, [known] * LANES)
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, undefined, places)

    def call(self, name: str, result: Any, *arguments: Any) -> Any:
        """One of LLVM's own functions."""
        function = self.builder.module.globals.get(name)
        if function is None:
            shape = ir.FunctionType(result, [argument.type for argument in arguments])
            function = ir.Function(self.builder.module, shape, name)
        return self.builder.call(function, arguments)


class Pointer:
    """The elements of a flat array; sixteen of them are read and written at once."""

    def __init__(self, code: Code, data: Any) -> None:
        self.code, self.data, self.element = code, data, data.type.pointee

    def address(self, index: Any) -> Any:
        """Where one element is."""
        return self.code.builder.gep(self.data, [index])

    def one(self, index: Any) -> Any:
        """One element."""
        return self.code.builder.load(self.address(index))

    def __getitem__(self, index: Any) -> Vector:
        return Vector(self.code, self.code.builder.load(self._vector(index), align=self._align))

    def __setitem__(self, index: Any, vector: Vector) -> None:
        self.code.builder.store(vector.value, self._vector(index), align=self._align)

    def _vector(self, index: Any) -> Any:
        kind = ir.VectorType(self.element, LANES)
        return self.code.builder.bitcast(self.address(index), kind.as_pointer())

    @property
    def _align(self) -> int:
        return _BYTES[str(self.element)]


class Vector:
    """Sixteen values; arithmetic with others, or with one value for all lanes."""

    def __init__(self, code: Code, value: Any) -> None:
        self.code, self.value, self.element = code, value, value.type.element

    @property
    def _floats(self) -> bool:
        return isinstance(self.element, ir.FloatType | ir.DoubleType)

    def _other(self, other: Any) -> Any:
        if isinstance(other, Vector):
            return other.value
        return self.code.splat(other, self.element)

    def _do(self, of_floats: str, of_integers: str, other: Any) -> Vector:
        do = getattr(self.code.builder, of_floats if self._floats else of_integers)
        return Vector(self.code, do(self.value, self._other(other)))

    def __add__(self, other: Any) -> Vector:
        return self._do("fadd", "add", other)

    def __sub__(self, other: Any) -> Vector:
        return self._do("fsub", "sub", other)

    def __mul__(self, other: Any) -> Vector:
        return self._do("fmul", "mul", other)

    def plus_product(self, one: Any, other: Any) -> Vector:
        """Add a product of floats, rounded once or twice, as the machine likes."""
        build, at_will = self.code.builder, ("contract",)
        product = build.fmul(self._other(one), self._other(other), flags=at_will)
        return Vector(self.code, build.fadd(self.value, product, flags=at_will))

    def __truediv__(self, other: Any) -> Vector:
        return Vector(self.code, self.code.builder.fdiv(self.value, self._other(other)))

    def __and__(self, other: Any) -> Vector:
        return Vector(self.code, self.code.builder.and_(self.value, self._other(other)))

    def __rshift__(self, other: Any) -> Vector:
        return Vector(self.code, self.code.builder.ashr(self.value, self._other(other)))

    def __lshift__(self, other: Any) -> Vector:
        return Vector(self.code, self.code.builder.shl(self.value, self._other(other)))

    def is_(self, sign: str, other: Any) -> Any:
        """In which lanes a comparison (``<``, ``<=``, …) holds."""
        compare = self.code.builder.fcmp_ordered if self._floats else self.code.builder.icmp_signed
        return compare(sign, self.value, self._other(other))

    def where(self, lanes: Any, other: Any) -> Vector:
        """The same in some lanes, and the other elsewhere."""
        chosen = self.code.builder.select(lanes, self.value, self._other(other))
        return Vector(self.code, chosen)

    def least(self, other: Any) -> Vector:
        """The smaller of both."""
        return self.where(self.is_("<", other), other)

    def most(self, other: Any) -> Vector:
        """The larger of both."""
        return self.where(self.is_(">", other), other)

    def ceil(self) -> Vector:
        """Rounded up to whole numbers."""
        return self._rounded("ceil")

    def rint(self) -> Vector:
        """The nearest whole numbers, and the even one of two."""
        return self._rounded("rint")

    def magnitude(self) -> Vector:
        """Without the sign."""
        return self._rounded("fabs")

    def _rounded(self, how: str) -> Vector:
        name = f"llvm.{how}.v{LANES}{_SUFFIX[str(self.element)]}"
        return Vector(self.code, self.code.call(name, self.value.type, self.value))

    def to(self, kind: Any) -> Vector:
        """The same numbers as another type; fractions are dropped."""
        builder, target = self.code.builder, ir.VectorType(_LLVM[kind], LANES)
        if target == self.value.type:
            return self
        to_floats = kind in {FLOAT, DOUBLE}
        narrower = _BYTES[str(target.element)] < _BYTES[str(self.element)]
        convert = {(True, True): builder.fptrunc if narrower else builder.fpext,
                   (False, True): builder.sitofp, (True, False): builder.fptosi,
                   (False, False): builder.trunc if narrower else builder.sext}
        return Vector(self.code, convert[self._floats, to_floats](self.value, target))

    def append(self, target: Pointer, index: Any, lanes: Any) -> None:
        """Write what some lanes hold one after the other, from an index on."""
        name = f"llvm.masked.compressstore.v{LANES}{_SUFFIX[str(self.element)]}"
        self.code.call(name, ir.VoidType(), self.value, target.address(index), lanes)


def counted(code: Code, lanes: Any) -> Any:
    """How many lanes, as an index."""
    kind = ir.IntType(LANES)
    ones = code.call(f"llvm.ctpop.i{LANES}", kind, code.builder.bitcast(lanes, kind))
    return code.builder.zext(ones, ir.IntType(64))


def _data(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """LLVM's pointer to the first element of an array, or of what `start` gave."""
    if isinstance(kind, types.CPointer):
        return value
    return context.make_array(kind)(context, builder, value).data


@intrinsic
def start(_context: Any, array: Any) -> Any:
    """A pointer to an array's first element: it counts no references when it is passed on.

    The array must live on, for which `keep` is there.
    """
    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _data(context, builder, signature.args[0], values[0])

    return types.CPointer(array.dtype)(array), write


@intrinsic
def beyond(_context: Any, pointer: Any, _index: Any) -> Any:
    """The pointer to an element so many places on."""
    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.gep(values[0], [values[1]])

    return pointer(pointer, types.intp), write


@intrinsic
def keep(_context: Any, array: Any) -> Any:
    """Do nothing, with an array that must live until here."""
    def write(context: Any, _builder: Any, _signature: Any, _values: Any) -> Any:
        return context.get_dummy_value()

    return types.void(array), write


def lanes(result: Any = types.void, **scalars: Any) -> Callable[[Callable[..., Any]], Any]:
    """Turn a function that writes vector code into one that compiled code can call.

    Parameters
    ----------
    result : numba type
        What the compiled function gives back: nothing, or a scalar.
    **scalars : numba types
        Of those arguments that are no arrays; callers' numbers are converted to them.
    """
    def made(function: Callable[..., Any]) -> Any:
        names = list(inspect.signature(function).parameters)[1:]

        def typer(_context: Any, *given: Any) -> Any:
            kinds = [scalars.get(name, kind) for name, kind in zip(names, given, strict=True)]
            return result(*kinds), write

        def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            code = Code(builder)
            arguments = [
                value if name in scalars else Pointer(code, _data(context, builder, kind, value))
                for name, kind, value in zip(names, signature.args, values, strict=True)]
            back = function(code, *arguments)
            return context.get_dummy_value() if back is None else back

        # Numba counts an intrinsic's arguments by its signature.
        typer.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for name in ("_context", *names)])
        typer.__name__ = typer.__qualname__ = function.__name__
        typer.__doc__ = function.__doc__
        return intrinsic(typer)

    return made
