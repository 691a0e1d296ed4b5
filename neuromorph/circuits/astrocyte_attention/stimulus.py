"""What a host sends to the inputs for tokens and queries, and what the astrocyte says."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.astrocyte_attention.ports import FEATURE_LIMIT, VALUE_LIMIT, inputs_of
from neuromorph.errors import UsageError
from neuromorph.network import Probe
from neuromorph.network.ports import silence
from neuromorph.shapes import Float64, Int64, Integer

PROBES = (Probe("astrocyte"),)
"""What `read` needs."""

ANSWER_STEPS = 1
"""Steps from a query to the astrocyte's answer."""

Trains = tuple[dict[str, Annotated[Int64, "steps _"]], Annotated[Int64, "queries"], int]
"""Source trains, the steps at which queries are sent, and the number of steps."""


def causal(
    keys: Annotated[Integer, "tokens features"], values: Annotated[Integer, "tokens value_size"],
    queries: Annotated[Integer, "tokens features"],
) -> Trains:
    """Token by token: a step that writes its key and value, a step that asks its query.

    Parameters
    ----------
    keys, queries : int array, shape (tokens, features)
        Codes of φ, 0 to 127.
    values : int array, shape (tokens, value_size)
        Codes, -127 to 127.

    Raises
    ------
    UsageError
        If shapes do not fit or a code is out of range.
    """
    if len(queries) != len(keys):
        raise UsageError("a causal sequence asks one query a token", found=len(queries),
                         expected=len(keys))
    writes = 2 * np.arange(len(keys))
    return _trains(keys, values, queries, writes, writes + 1)


def write_then_query(
    keys: Annotated[Integer, "tokens key_size"], values: Annotated[Integer, "tokens value_size"],
    queries: Annotated[Integer, "questions key_size"],
) -> Trains:
    """All tokens first, a step each, then all queries; parameters as for `causal`."""
    writes = np.arange(len(keys))
    return _trains(keys, values, queries, writes, len(keys) + np.arange(len(queries)))


def _trains(
    keys: NDArray[Any], values: NDArray[Any], queries: NDArray[Any], writes: NDArray[np.int64],
    asks: NDArray[np.int64],
) -> Trains:
    _check("keys", keys, 0, FEATURE_LIMIT)
    _check("queries", queries, 0, FEATURE_LIMIT)
    _check("values", values, -VALUE_LIMIT, VALUE_LIMIT)
    if len(keys) != len(values) or keys.shape[1] != queries.shape[1]:
        raise UsageError("keys, values and queries do not fit each other",
                         found=f"{keys.shape}, {values.shape}, {queries.shape}")
    steps = len(keys) + len(queries) + ANSWER_STEPS
    inputs = silence(inputs_of(keys.shape[1], values.shape[1]), steps)
    inputs["feature"][writes], inputs["feature"][asks] = 2 * keys, 2 * queries  # a trace halves it
    inputs["value_on"][writes, :-1] = np.maximum(values, 0)
    inputs["value_off"][writes, :-1] = np.maximum(-values, 0)
    inputs["value_on"][writes, -1] = VALUE_LIMIT
    return inputs, asks, steps


def read(
    spikes: Annotated[Integer, "steps _"], asks: Annotated[Int64, "queries"], gain_bits: int = 12
) -> Annotated[Float64, "queries value_size"]:
    """Answers to the queries in units of the value `VALUE_LIMIT`, shape (queries, value_size).

    Parameters
    ----------
    spikes : int array, shape (steps, value_size + 1)
        What the astrocyte sent.
    asks : int array, shape (queries,)
        Steps at which the queries were sent.
    gain_bits : int
        Of the network.
    """
    answers: NDArray[np.float64] = spikes[asks + ANSWER_STEPS, :-1] / float(1 << gain_bits)
    return answers


def _check(name: str, codes: NDArray[Any], low: int, high: int) -> None:
    if codes.ndim != 2 or not len(codes) or not np.issubdtype(codes.dtype, np.integer):
        raise UsageError(f"{name} must be an array (tokens, size) of integers",
                         found=f"{codes.shape} {codes.dtype}")
    if codes.min() < low or codes.max() > high:
        raise UsageError(f"{name} are out of range", found=f"{codes.min()} to {codes.max()}",
                         expected=f"{low} to {high}")
