"""Parts: which populations of a network are a known circuit, and what its own rules prove of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
    get_type_hints,
)

from neuromorph.errors import NetworkError
from neuromorph.shapes import Shaped
from neuromorph.shown import Shown

if TYPE_CHECKING:  # a network has parts
    from neuromorph.network.model import Network, Projection
    from neuromorph.network.populations import Population

Plain: TypeAlias = int | str
"""A field of a circuit."""


@dataclass(frozen=True)
class Circuit(ABC):
    """What a builder knows of the network that it has built: a frozen dataclass of plain fields.

    A part of a network that is, to the last synapse, what `rebuilt` makes, keeps the rules by
    which the builder proves its ranges. Its ports are its contract: for inputs as they say no
    accumulator overflows, and its outputs are as they say. These rules are its author's word: no
    tool looks behind them, so tests have to.

    Attributes
    ----------
    kind : str
        Its name in texts.
    """

    kind: ClassVar[str] = ""

    @property
    def input_bits(self) -> int | None:
        """Width of a step's synaptic input that it is made for, if it matters."""
        return None

    @property
    def clears(self) -> bool:
        """Whether it counts on where a potential ends: registers must be as wide, and no wider."""
        return False

    @property
    def alphabets(self) -> Mapping[str, tuple[int, ...]]:
        """What a host sends besides 0, by source, where that is a few values only."""
        return {}

    @property
    def fractions_free(self) -> tuple[str, ...]:
        """Populations where it decides no spike how a right shift rounds their sum."""
        return ()

    @property
    def harmless(self) -> Mapping[str, str]:
        """Sums that may wrap: populations, and why nothing that they send changes by it."""
        return {}

    @property
    def saturates(self) -> Mapping[str, str]:
        """Populations that may cut off what they send, as their equation says, and what."""
        return {}

    @abstractmethod
    def rebuilt(self, weights: Mapping[str, Annotated[Shaped, "..."]]) -> Network:
        """What the builder makes of it.

        Parameters
        ----------
        weights : mapping of str to array
            Those of the part, by the builder's own names of projections. What is free, such as
            stored keys, is taken from them.

        Raises
        ------
        NetworkError
            If its rules do not hold, or weights are missing or do not fit.
        """


Names: TypeAlias = tuple[tuple[str, str], ...]
"""Names of a builder, and here."""

C = TypeVar("C", bound=type[Circuit])

_CIRCUITS: dict[str, type[Circuit]] = {}


def circuit(kind: str) -> Callable[[C], C]:
    """Make a class a circuit of the house, under a name of its own; a class decorator.

    Raises
    ------
    NetworkError
        If another class has that name.
    """
    def named(cls: C) -> C:
        if _CIRCUITS.setdefault(kind, cls) is not cls:
            raise NetworkError("two circuits have one name", found=kind)
        cls.kind = kind
        return cls

    return named


@dataclass(frozen=True, repr=False)
class Part(Shown):
    """A known circuit in a network.

    Attributes
    ----------
    circuit : Circuit
    populations, projections : tuple of (str, str)
        What each of the builder's is called here. An input is called as what feeds it.
    offset : int
        Step of the network's period in which the circuit's own begins.
    """

    circuit: Circuit
    populations: Names
    projections: Names
    offset: int = 0

    @classmethod
    def whole(
        cls, circuit: Circuit, populations: Iterable[Population], projections: Iterable[Projection]
    ) -> Part:
        """A network that is the circuit, under the builder's names."""
        return cls(circuit, tuple((p.name, p.name) for p in populations),
                   tuple((p.name, p.name) for p in projections))

    def renamed(
        self, populations: Mapping[str, str], projections: Mapping[str, str] | None = None
    ) -> Part:
        """The part in a network whose populations, and projections, have other names."""
        return replace(self, populations=_renamed(self.populations, populations),
                       projections=_renamed(self.projections, projections or {}))

    def later(self, steps: int, period: int) -> Part:
        """The part in a network that does everything so many steps later."""
        return replace(self, offset=(self.offset + steps) % period)


def _renamed(names: Names, new: Mapping[str, str]) -> Names:
    return tuple((own, new.get(here, here)) for own, here in names)


def plain_fields(found: Circuit) -> dict[str, Plain]:
    """The fields of a circuit by name; those of a field that is a dataclass after a point."""
    return dict(_plain(found, ""))


def _plain(found: Any, before: str) -> Iterator[tuple[str, Plain]]:
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, int | str):
            yield f"{before}{field.name}", value
            continue
        if isinstance(value, Circuit):
            yield f"{before}{field.name}", value.kind
        yield from _plain(value, f"{before}{field.name}.")


def circuit_of(kind: str, plain: Mapping[str, Plain], where: str) -> Circuit:
    """The circuit that `plain_fields` took apart.

    Raises
    ------
    NetworkError
        If there is no such circuit, or its fields are others.
    """
    left = dict(plain)
    found: Circuit = _made(_circuit(kind, where), left, "", where)
    if left:
        raise NetworkError("a circuit has no such field", where=where, found=", ".join(left))
    return found


def _circuit(kind: object, where: str) -> type[Circuit]:
    if not isinstance(kind, str) or kind not in _CIRCUITS:
        raise NetworkError("there is no such circuit", where=where, found=kind,
                           expected=", ".join(sorted(_CIRCUITS)) or "none: none was imported",
                           hint="import its package in `neuromorph.circuits` first")
    return _CIRCUITS[kind]


def _made(cls: type[Any], left: dict[str, Plain], before: str, where: str) -> Any:
    """A dataclass of the fields that are called so, which are taken out."""
    hints, values = get_type_hints(cls), dict[str, Any]()
    for field in fields(cls):
        name, hint = f"{before}{field.name}", hints[field.name]
        if isinstance(hint, type) and issubclass(hint, Circuit):
            inner = _circuit(left.pop(name, None), where)
            if not issubclass(inner, hint):
                raise NetworkError("a circuit's field is none of what it may be", where=where,
                                   found=f"{name}={inner.kind}", expected=f"a {hint.__name__}")
            values[field.name] = _made(inner, left, f"{name}.", where)
        elif is_dataclass(hint):
            values[field.name] = _made(cast(type[Any], hint), left, f"{name}.", where)
        else:
            values[field.name] = _value(name, hint, left, where)
    return cls(**values)


def _value(name: str, hint: object, left: dict[str, Plain], where: str) -> Plain:
    """A whole number, or a text, which may be one of few."""
    if name not in left:
        raise NetworkError("a circuit lacks a field", where=where, found="none", expected=name)
    value, few = left.pop(name), get_args(hint)
    wanted = type(few[0]) if few else hint
    if type(value) is not wanted or (few and value not in few):
        raise NetworkError("a circuit's field is none of what it may be", where=where,
                           found=f"{name}={value!r}",
                           expected=", ".join(map(repr, few)) or getattr(hint, "__name__", hint))
    return value


def circuits() -> dict[str, type[Circuit]]:
    """All circuits of the house by kind."""
    return dict(_CIRCUITS)
