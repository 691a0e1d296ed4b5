"""Signatures of arrays, held in every test to what really goes through them.

`install` wraps what the package's modules define, as they are imported: each function and each
class whose annotations are of `neuromorph.shapes`. Names of axes are lengths, the same in all of
a call; jaxtyping says whether an array fits, and this file what is looked at: all elements of
tuples, lists and mappings, every time. What a function refuses in the package's own words is
refused, and nothing is added: only what it *takes* has to be as it is signed.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import jaxtyping
import numpy as np

from neuromorph.errors import NeuromorphError

PACKAGE = "neuromorph."
OWNERS = ("self", "state")
"""Arguments whose fields name axes for the others: of a method, and of a step function."""
REFUSED_LATER = {"Sample", "Code", "Codes", "Linear", "FloatWork", "HeadNorm", "Projector", "Sight"}
"""Classes that hold what they are given; who takes them refuses what does not fit, in our words."""

SEQUENCES = (list, collections.abc.Sequence, collections.abc.Collection)
MAPPINGS = (dict, collections.abc.Mapping)


class ShapeError(AssertionError):
    """An array was taken, or handed out, that is not as the signature says."""


class Seen(NamedTuple):
    """A value, what it is called, and the types of which it must be one."""

    name: str
    value: Any
    kinds: tuple[Any, ...]


Look = Callable[[str, Any], Iterator[Seen]]


# --- from a hint to what looks at a value


@functools.cache
def look_for(hint: Any) -> Look | None:
    """What finds the arrays of a value that is annotated so; None if there can be none."""
    origin, inner = get_origin(hint), get_args(hint)
    if is_array(hint):
        kinds = (array_type(hint),)
        return lambda name, value: iter([Seen(name, value, kinds)])
    if origin in (Union, types.UnionType):
        return in_union(inner)
    if origin is tuple:
        return in_tuple(inner)
    if origin in SEQUENCES:
        return in_items(look_for(inner[0]), collections.abc.Sequence, enumerate)
    if origin in MAPPINGS:
        return in_items(look_for(inner[1]), collections.abc.Mapping, lambda value: value.items())
    return None


def is_array(hint: Any) -> bool:
    return get_origin(hint) is Annotated and len(hint.__metadata__) == 2 and hasattr(
        jaxtyping, str(hint.__metadata__[0]))


def array_type(hint: Any) -> Any:
    kind, axes = hint.__metadata__
    return getattr(jaxtyping, kind)[np.ndarray, axes]


def in_union(inner: tuple[Any, ...]) -> Look | None:
    kinds = tuple(array_type(hint) for hint in inner if is_array(hint))
    others = [hint for hint in inner if not is_array(hint) and hint is not type(None)]
    looks = [look for hint in others if (look := look_for(hint))]

    def look_at(name: str, value: Any) -> Iterator[Seen]:
        if (kinds and isinstance(value, np.ndarray)) or not (others or value is None):
            yield Seen(name, value, kinds)
        for look in looks if not isinstance(value, np.ndarray) else ():
            yield from look(name, value)

    return look_at if kinds or looks else None


def in_tuple(inner: tuple[Any, ...]) -> Look | None:
    if inner[-1:] == (...,):
        return in_items(look_for(inner[0]), tuple, enumerate)
    looks = [look_for(hint) for hint in inner]

    def look_at(name: str, value: Any) -> Iterator[Seen]:
        inside = value if isinstance(value, tuple) else ()
        for place, (look, one) in enumerate(zip(looks, inside, strict=False)):
            yield from look(f"{name}[{place}]", one) if look else ()

    return look_at if any(looks) else None


def in_items(look: Look | None, kind: type, items: Callable[[Any], Any]) -> Look | None:
    if look is None:
        return None

    def look_at(name: str, value: Any) -> Iterator[Seen]:
        for key, one in items(value) if isinstance(value, kind) else ():
            yield from look(f"{name}[{key!r}]", one)

    return look_at


# --- whether what was seen fits


_PASSED: set[tuple[object, ...]] = set()
"""Kinds and shapes that came together and fitted: most calls are like an earlier one."""


def hold(where: str, seen: list[Seen]) -> None:
    """Raise ShapeError unless all fit, and each name of an axis is one length in all."""
    alike = (where, *((one.kinds, getattr(one.value, "dtype", type(one.value)),
                       getattr(one.value, "shape", None)) for one in seen))
    if alike not in _PASSED:
        compare(where, seen)
        _PASSED.add(alike)


def compare(where: str, seen: list[Seen]) -> None:
    # An axis that follows from others is looked at when all others are known.
    seen.sort(key=lambda one: any(mark in kind.dim_str for kind in one.kinds for mark in "+-/("))
    with jaxtyping.jaxtyped("context"):
        for one in seen:
            # NumPy's numbers are arrays without an axis.
            value = np.asarray(one.value) if isinstance(one.value, np.generic) else one.value
            if not any(isinstance(value, kind) for kind in one.kinds):
                raise ShapeError(
                    f"{where}: {one.name} is {described(one.value)}, signed as "
                    f"{' or '.join(kind.__name__ for kind in one.kinds)}; with it came "
                    + ", ".join(f"{other.name} {described(other.value)}" for other in seen
                                if other is not one))


def described(value: Any) -> str:
    return (f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray)
            else f"a {type(value).__name__}")


@functools.cache
def looks_of(owner: Any) -> dict[str, Look]:
    """By the argument or field of a function or class; its result is ``return``."""
    try:
        hints = get_type_hints(owner, include_extras=True)
    except (NameError, TypeError):  # names that only type checkers import
        hints = one_by_one(owner)
    return {name: look for name, hint in hints.items() if (look := look_for(hint))}


def one_by_one(owner: Any) -> dict[str, Any]:
    """The hints whose names are all there."""
    found: dict[str, Any] = {}
    names = vars(sys.modules.get(owner.__module__, typing))
    for name, text in owner.__annotations__.items():
        with suppress(NameError, TypeError):
            found[name] = eval(text, names)
    return found


def checked(function: Any) -> Any:
    """The function, which is held to its signature by what it was given and handed out."""
    names = tuple(inspect.signature(function).parameters)

    def check(arguments: dict[str, Any]) -> None:
        owned = [one for name in OWNERS if name in arguments for one in fields_of(arguments[name])]
        hold(function.__qualname__, owned + seen_of(function, arguments))

    @functools.wraps(function)
    def held(*args: Any, **kwargs: Any) -> Any:
        arguments = dict(zip(names, args, strict=False), **kwargs)
        try:
            result = function(*args, **kwargs)
        except (NeuromorphError, ShapeError):
            raise
        except Exception as error:
            try:
                check(arguments)
            except ShapeError as found:
                raise found from error
            raise
        check({**arguments, "return": result})
        return result

    return held


def seen_of(owner: Any, values: dict[str, Any]) -> list[Seen]:
    """The arrays among the arguments of a function, or the fields of an object."""
    return [one for name, look in looks_of(owner).items() if name in values
            for one in look(name, values[name])]


def fields_of(owner: Any) -> list[Seen]:
    """The arrays of a dataclass or a named tuple."""
    names = getattr(type(owner), "_fields", None) or getattr(
        type(owner), "__dataclass_fields__", ())
    if not names or type(owner).__name__ in REFUSED_LATER:
        return []
    return seen_of(type(owner), {name: getattr(owner, name) for name in names
                                 if hasattr(owner, name)})


def held_class(cls: Any) -> None:
    """Hold the methods of a class to their signatures, and a new object to its fields."""
    made = {"__init__", "__new__"} if looks_of(cls) else set()
    for name, member in list(vars(cls).items()):
        if name in made:
            continue
        if isinstance(member, types.FunctionType) and looks_of(member):
            setattr(cls, name, checked(member))
        elif isinstance(member, classmethod | staticmethod) and looks_of(member.__func__):
            setattr(cls, name, type(member)(checked(member.__func__)))
        elif isinstance(member, property) and looks_of(member.fget):
            setattr(cls, name, property(checked(member.fget), doc=member.__doc__))
        elif isinstance(member, functools.cached_property) and looks_of(member.func):
            member.func = checked(member.func)
    if looks_of(cls):
        hold_fields(cls)


def hold_fields(cls: Any) -> None:
    if hasattr(cls, "_fields"):
        make = cls.__new__

        def new(kind: Any, *args: Any, **kwargs: Any) -> Any:
            made = make(kind, *args, **kwargs)
            hold(cls.__qualname__, fields_of(made))
            return made

        cls.__new__ = functools.wraps(make)(new)
    elif dataclasses.is_dataclass(cls) and "__init__" in vars(cls):
        begin = cls.__init__

        @functools.wraps(begin)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            begin(self, *args, **kwargs)
            if type(self) is cls:
                hold(cls.__qualname__, fields_of(self))

        cls.__init__ = init


# --- as modules are imported


def hold_module(module: types.ModuleType) -> None:
    """Hold all that the module defines itself; what is compiled or cached is let be."""
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if isinstance(value, types.FunctionType) and looks_of(value):
            setattr(module, name, checked(value))
        elif isinstance(value, type):
            held_class(value)


class Holding(Loader):
    """A loader after which the module is held to its signatures."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self.loader.exec_module(module)
        hold_module(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


class Finder(MetaPathFinder):
    """Finds the package's modules as the others do, and has them held."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith(PACKAGE):
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if (spec.origin or "").endswith(".py"):
                    spec.loader = Holding(spec.loader)
                return spec
        return None


def install() -> None:
    """From now on; nothing of the package but its errors may have been imported."""
    sys.meta_path.insert(0, Finder())
