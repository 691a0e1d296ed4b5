"""A neuron model as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from neuromorph.errors import NetworkError, did_you_mean
from neuromorph.neurons.contract import NeuronModel
from neuromorph.neurons.registry import models


def plain_parameters(model: NeuronModel) -> dict[str, Any]:
    """Parameters as JSON has them: whole numbers as integers, arrays as lists."""
    return {name: [_plain(one) for one in value.tolist()] if isinstance(value, np.ndarray)
            else _plain(value) for name, value in model.parameters().items()}


def model_of(kind: str, parameters: Mapping[str, Any], where: str) -> NeuronModel:
    """The model of that kind; lists become arrays by neuron.

    Raises
    ------
    NetworkError
        If no model has that name, or the parameters are not all of its own.
    """
    known = models()
    if kind not in known:
        raise NetworkError("unknown neuron model", where=where, found=kind,
                           expected=", ".join(sorted(known)), hint=did_you_mean(kind, known))
    expected = {field.name for field in fields(known[kind])}
    if parameters.keys() != expected:
        raise NetworkError(f"the parameters are not those of a {kind}", where=where,
                           found=", ".join(sorted(expected.symmetric_difference(parameters))))
    return known[kind](**parameters)


def _plain(value: Any) -> float:
    """A NumPy scalar is not JSON."""
    return int(value) if value == int(value) else float(value)
