"""What a neuron model says of itself: all that any other part of the house may ask of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_SHIFT
from neuromorph.shapes import Bool, Num, Shaped

Parameter: TypeAlias = Any
"""A number, or where a model allows it an array of one number a neuron."""

State: TypeAlias = dict[str, Annotated[Num, "size"]]
"""What neurons keep from step to step: arrays of shape (size,) by word."""

Arrived: TypeAlias = Mapping[str, Annotated[Num, "size"]]
"""This step's sums of synaptic input: arrays of shape (size,) by port."""

Stepped: TypeAlias = tuple[State, Annotated[Shaped, "size"]]
"""The state after a step, and what each neuron sends: 0 for no spike."""

Range: TypeAlias = tuple[float, float]
"""The least and the most that a parameter may be."""

Accumulator: TypeAlias = Literal["input", "current", "potential", "payload", "sum", "learning"]

OPERATIONS = ("multiply", "divide")
"""Kinds of operations that are counted beside a stock neuron's update."""

A_IN = "a_in"
"""The port that neurons with a single one have."""


class Register(NamedTuple):
    """x' = trunc(x (4096 - rate) / 4096) + (port << shift), which holds lowest to highest.

    Attributes
    ----------
    name : str
        Which accumulator it is.
    rate, shift : int
    lowest, highest : int
    first_unit : int
        Neurons below it have no such register.
    clears_above : int, optional
        Where the neuron clears it by itself: above, it may be anything.
    port : str
    clips : bool
        Whether the neuron itself cuts off what is beyond, as its equation says: that is counted
        (`NeuronModel.overflows`), but it is no overflow.
    """

    name: Accumulator
    rate: int
    shift: int
    lowest: int
    highest: int
    first_unit: int = 0
    clears_above: int | None = None
    port: str = A_IN
    clips: bool = False


class LeakyFloats(NamedTuple):
    """u' = u(1 - du) + a_in; v' = v(1 - dv) + u' + bias; spike = v' > vth, then v' = 0."""

    du: float
    dv: float
    vth: float
    bias: float


@dataclass(frozen=True, eq=False)
class NeuronModel(ABC):
    """Base of all neuron models: a frozen dataclass of parameters, and what follows from them.

    Parameters are numbers. One that is named in `by_neuron` may also be an array of one number
    a neuron; it is copied, and can no longer be written to.

    A class is a model of the house once `registry.register` has it: what is not registered is
    refused by its name wherever a network goes.

    Attributes
    ----------
    ports : tuple of str
        Inputs. Each has one sum a step.
    words : tuple of str
        State of a neuron, word by word; all 0 at first.
    records : tuple of str
        What may be recorded: ``spikes``, and any of the words.
    by_neuron : tuple of str
        Parameters that may differ from neuron to neuron.
    whole : tuple of str
        Parameters that are whole numbers in floats too.
    domains : tuple of str
        Where it has a meaning.
    from_outside : bool
        Whether it has no dynamics: it emits what the inputs say.
    programmable : bool
        Whether it needs a core that runs programs; otherwise the chip's stock neuron is enough.
    shared_state : str
        Why all neurons of a population run on one core; empty where they need not.
    operations : mapping of str to int
        What an update takes besides that of a stock neuron, by kind; see `OPERATIONS`.
    at_once : bool
        Whether `payloads` of what arrives in a step bounds what is sent in that very step.
    process : str
        Its Lava Process, as ``module:Class``.
    process_input_max : int, optional
        Largest synaptic input that the Process takes as we do, where it has a limit.
    kernel : callable
        One neuron, one step, in integers; see `step_fixed`. `fast` compiles it::

            payload = kernel(own, state, arrived, i, last, t)

        ``own``, ``state`` and ``arrived`` have a row for each neuron of the population, and
        columns as `constants`, `words` and `ports`; ``i`` is the neuron, ``last`` the last one,
        which is stepped last. It writes to its own row of the state only. It may call functions
        of `numerics.scalar`, and raises nothing: a division by 0 gives 0, as in NumPy.
    """

    ports: ClassVar[tuple[str, ...]] = (A_IN,)
    words: ClassVar[tuple[str, ...]] = ("v",)
    records: ClassVar[tuple[str, ...]] = ("spikes", "v")
    by_neuron: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[tuple[str, ...]] = ()
    domains: ClassVar[tuple[str, ...]] = ("fixed", "float")
    from_outside: ClassVar[bool] = False
    programmable: ClassVar[bool] = True
    shared_state: ClassVar[str] = ""
    operations: ClassVar[Mapping[str, int]] = {}
    at_once: ClassVar[bool] = False
    process: ClassVar[str] = ""
    process_input_max: ClassVar[int | None] = None
    kernel: ClassVar[Callable[..., int]]

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _kept(getattr(self, field.name)))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self.parameters().values())

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, NeuronModel) and type(self) is type(other)
                and self._key() == other._key())

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return tuple(tuple(value.tolist()) if isinstance(value, np.ndarray) else value
                     for value in self.parameters().values())

    @property
    def kind(self) -> str:
        """Its name in texts and files."""
        return type(self).__name__

    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name, in declaration order."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def part(self, start: int, stop: int) -> NeuronModel:
        """The model of some neurons of a population."""
        return self.with_parameters(**{name: value[start:stop] for name, value
                                       in self.parameters().items()
                                       if isinstance(value, np.ndarray)})

    def with_parameters(self, **changed: Parameter) -> NeuronModel:
        """The same model with some parameters changed."""
        return type(self)(**{**self.parameters(), **changed})

    # --- what it may be

    @abstractmethod
    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be; one that is left out may be any number."""

    def check(self, where: str, size: int, domain: str) -> None:
        """Refuse parameters that make no neuron.

        Raises
        ------
        NetworkError
            Naming the population, the parameter, what it is and what it may be.
        """
        if domain not in self.domains:
            only = "integer" if self.domains == ("fixed",) else "float"
            raise NetworkError(f"{self.kind} has {only} semantics only", where=where,
                               found=f"{domain} domain", expected=f"{self.domains[0]} domain")
        limits = self.limits(domain)
        for name, value in self.parameters().items():
            self._check_shape(where, name, value, size)
            _check_numbers(where, name, value, domain)
            if name in self.whole and (np.asarray(value) != np.trunc(value)).any():
                raise NetworkError(f"{name} is a whole number", where=where, found=value)
            if name in limits:
                check_within(where, name, value, *limits[name])

    def _check_shape(self, where: str, name: str, value: Parameter, size: int) -> None:
        if not isinstance(value, np.ndarray):
            return
        if name not in self.by_neuron:
            raise NetworkError(f"{name} of a {self.kind} is one number for all neurons",
                               where=where, found=f"an array of shape {value.shape}",
                               hint="make a population of each value")
        if value.shape != (size,):
            raise NetworkError(f"{name} is neither one number nor one a neuron", where=where,
                               found=f"shape {value.shape}", expected=f"({size},)")

    # --- how it runs

    @property
    def payload_bits(self) -> int:
        """Width of the signed payload of a spike; 0 for plain spikes."""
        return 0

    @property
    def self_driven(self) -> bool:
        """Whether it may speak or change out of rest though nothing arrives."""
        return False

    @property
    def timed(self) -> bool:
        """Whether it acts at given steps only, counted from the first: it may not run late."""
        return False

    @property
    def input_shift(self) -> int:
        """Bits by which synaptic input is shifted up to the potential, as exponents count them."""
        return INPUT_SHIFT

    def step_fixed(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """One step of all neurons in integers, int64: what `kernel` does, neuron by neuron."""
        raise NotImplementedError(f"a {self.kind} has no steps of its own")

    def step_float(self, state: State, arrived: Arrived, t: int) -> Stepped:
        """One step of all neurons in float64."""
        raise NotImplementedError(f"a {self.kind} has no float semantics")

    def overflows(self, before: State, after: State, arrived: Arrived, t: int) -> int:
        """Neurons for which an accumulator wrapped or hit its limit in this step, in integers."""
        return 0

    def constants(self) -> tuple[Parameter, ...]:
        """What `kernel` finds in its row of ``own``: the parameters, as integers."""
        return tuple(np.asarray(value, np.int64) if isinstance(value, np.ndarray) else int(value)
                     for value in self.parameters().values())

    # --- what can be proved

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """What each neuron may send, given what may arrive in any step by port."""
        return self.widest(size)

    def widest(self, size: int) -> Interval:
        """What each neuron may send, whatever arrives."""
        return Interval.same(size, 0, 1)

    @property
    def asked_at(self) -> tuple[str, ...]:
        """Ports each of which must bring something in a step, or nothing is sent in it."""
        return ()

    @property
    def counts(self) -> int:
        """Period of the steps in which it acts; 1 where it may act in any."""
        return 1

    def due(self, step: int) -> Annotated[Bool, "..."]:
        """Which neurons may act in a step: shape (size,), or one for all."""
        return np.asarray(True)

    def norm(self, size: int, arrived: int) -> int | None:
        """Bound on the 2-norm of what is sent in a step, given that of what arrives; None if none.

        Only of models with a single port.
        """
        return None

    def registers(self, size: int) -> tuple[Register, ...]:
        """Accumulators that must not overflow, each fed by one port."""
        return ()

    # --- what it asks of a chip

    def needs(self) -> dict[str, int]:
        """Bits or steps that registers of a chip must hold, by field of a profile's ``neuron``."""
        return {}

    @property
    def stored_words(self) -> int:
        """Words of 24 bits that a programmable neuron keeps: its state, and its own constants."""
        own = sum(isinstance(value, np.ndarray) for value in self.parameters().values())
        return len(self.words) + own

    # --- what it is elsewhere

    @property
    def lava_process(self) -> tuple[str, int | None]:
        """Its Lava Process, and the largest input that it takes as we do, with its parameters."""
        return self.process, self.process_input_max

    def process_settings(self, domain: str) -> dict[str, Any]:
        """Arguments of its Lava Process, beside the shape."""
        kind = int if domain == "fixed" else float
        return {name: value if isinstance(value, np.ndarray) else kind(value)
                for name, value in self.parameters().items()}

    def why_not_lava(self) -> str:
        """Why its Lava Process cannot hold these parameters in integers; empty if it can."""
        return ""

    def leaky_floats(self, domain: str) -> LeakyFloats | None:
        """The leaky integrate-and-fire neuron of the same equations in floats, if it is one."""
        return None


def _kept(value: Parameter) -> Parameter:
    """A parameter as models hold it: whole numbers as integers, arrays out of anybody's reach."""
    if isinstance(value, np.ndarray | list | tuple | range):
        array = np.asarray(value)
        if array.dtype.kind not in "iuf":
            return array  # which `check` refuses
        if array.ndim == 0:
            return _kept(array.item())
        kind = np.int64 if _all_whole(array) else np.float64
        return np.frombuffer(array.astype(kind).tobytes(), kind).reshape(array.shape)
    if isinstance(value, np.generic):
        return _kept(value.item())
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _all_whole(array: NDArray[Any]) -> bool:
    """Whether it holds integers of 64 bits only."""
    if array.dtype.kind == "i":
        return True
    wide = np.abs(array.astype(np.float64))
    return bool((wide < 2.0**53).all() and (array == np.trunc(array)).all())


def _check_numbers(where: str, name: str, value: Parameter, domain: str) -> None:
    if type(value) is int:
        return
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "iuf":
        raise NetworkError(f"{name} is no number", where=where, found=repr(value))
    if not np.isfinite(numbers).all():
        raise NetworkError(f"{name} is not finite", where=where, found=value)
    if domain == "fixed" and (numbers != np.trunc(numbers)).any():
        raise NetworkError(f"{name} must be an integer in the fixed domain", where=where,
                           found=value)


def check_within(where: str, name: str, value: Parameter, low: float, high: float) -> None:
    """Refuse a parameter out of its range.

    Raises
    ------
    NetworkError
    """
    if type(value) is int and low <= value <= high:
        return
    numbers = np.asarray(value)
    if (numbers < low).any() or (numbers > high).any():
        found = value if numbers.ndim == 0 else f"{numbers.min()} to {numbers.max()}"
        raise NetworkError(f"{name} is out of range", where=where, found=found,
                           expected=f"{low} to {high}")


def decays(domain: str) -> Range:
    """What a decay may be: of 4096 in integers, of 1 in floats."""
    return (0, 1) if domain == "float" else (0, DECAY_UNITY)
