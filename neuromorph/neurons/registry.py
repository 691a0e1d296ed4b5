"""The neuron models of the house by name; what is not here is refused."""

from __future__ import annotations

from typing import TypeVar

from neuromorph.errors import NetworkError
from neuromorph.neurons.contract import OPERATIONS, NeuronModel

Model = TypeVar("Model", bound=type[NeuronModel])

_MODELS: dict[str, type[NeuronModel]] = {}


def register(model: Model) -> Model:
    """Make a class a neuron model of the house, under its own name; a class decorator.

    Raises
    ------
    NetworkError
        If another class has that name, it has no kernel, or an operation that no estimate knows.
    """
    unknown = model.operations.keys() - set(OPERATIONS)
    if unknown:
        raise NetworkError("no estimate knows this kind of operation", where=model.__name__,
                           found=", ".join(sorted(unknown)), expected=", ".join(OPERATIONS))
    own = vars(model).keys()
    steps_otherwise = own & {"step_fixed", "constants", "words", "ports"}
    if not model.from_outside and "kernel" not in own and (
            steps_otherwise or not hasattr(model, "kernel")):
        raise NetworkError("a neuron model has no kernel, which `fast` compiles",
                           where=model.__name__, hint="kernel = staticmethod(...); see "
                           "`NeuronModel`")
    _check_steps(model)
    if _MODELS.setdefault(model.__name__, model) is not model:
        raise NetworkError("two neuron models have one name", found=model.__name__)
    return model


def _check_steps(model: type[NeuronModel]) -> None:
    """Refuse a model that has no step of its own for a domain that it names."""
    if model.from_outside:
        return
    for domain, step in (("fixed", "step_fixed"), ("float", "step_float")):
        if domain in model.domains and getattr(model, step) is getattr(NeuronModel, step):
            raise NetworkError(f"a neuron model has no {step}", where=model.__name__,
                               found=f"domains {', '.join(model.domains)}",
                               hint=f"write it, or leave {domain} out of its `domains`")


def models() -> dict[str, type[NeuronModel]]:
    """All registered models by name."""
    return dict(_MODELS)


def registered(model: object, where: str) -> NeuronModel:
    """The model itself, if its very class is registered.

    Raises
    ------
    NetworkError
        Naming the class; one that derives from a registered one is not registered by that.
    """
    name = type(model).__name__
    if isinstance(model, NeuronModel) and _MODELS.get(name) is type(model):
        return model
    raise NetworkError("unknown neuron model", where=where, found=name,
                       expected=", ".join(sorted(_MODELS)),
                       hint="a model is a file in neuromorph/neurons, registered by its decorator")
