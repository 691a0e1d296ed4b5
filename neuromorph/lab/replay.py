"""Repeats the run of `inputs.npz` with NumPy alone, and compares every integer with `expected.npz`.

::

    a_in[t] = sum over projections of (W s[t - 1 - delay]) 2^exponent, each rounded down; by port
    state, s[t] = step(state, a_in[t], t)            `step_KIND` below, all neurons at once
    W = learn(W, s_pre[t], s_post[t], third factors) `learn_N` below, after W s[t] has been sent

Run it as ``python replay.py``. It ends with 0 if all is equal, 1 with the first step and population
that differ, 3 if a file is missing or is not what it should be. Nothing but NumPy is needed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

STEPS: dict[str, Any] = {}
"""By kind of neuron: its step, its words, its ports, and whether its populations step alone."""

LEARNS: dict[str, Any] = {}
"""By projection that learns: its step."""

KEPT = {"x1": "pre", "x2": "pre", "x_spike": "pre", "y1": "post", "y2": "post", "y3": "post",
        "y_spike": "post"}
"""What a projection that learns keeps beside weights and tags, and on which side."""

DRAWS = ("draw_x", "draw_y", "draw_x_impulse", "draw_y_impulse", "draw_y_again", "draw_synapse")

BROKEN = (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile,
          zlib.error)
"""What NumPy and Python say of files that are not whole."""


class DifferentError(Exception):
    """A number is not the one that was expected."""


class Projection:
    """Synapses: what they deliver, and how they learn."""

    def __init__(self, data: dict[str, Any], weights: Any, steps: int) -> None:
        self.pre, self.post, self.name = data["pre"], data["post"], data["name"]
        self.port, self.delay = data.get("port", "a_in"), data["delay"]
        self.exponent, self.graded = data["exponent"], data["graded"]
        self.modulators = data["modulators"]
        self.weights = weights.astype(np.float64)  # exact: no sum reaches 2^53
        self.learn: Any = LEARNS.get(self.name)
        if data["rule"] is not None:
            sizes = {"post": len(weights), "pre": weights.shape[1]}
            self.kept = {name: np.zeros(sizes[side], np.int64) for name, side in KEPT.items()}
            self.kept.update(w=weights.astype(np.int64), tags=np.zeros(weights.shape, np.int64))
            self.draws = draws_of(data["rule"], steps)
            self.delivery: Any = 0

    def delivered(self, sent: Any) -> Any:
        """(sum_j W_ij s_j) 2^exponent, towards minus infinity; 0 where nobody speaks."""
        if not sent.any():
            return 0
        counted = sent if self.graded else sent != 0
        total = (self.weights @ counted.astype(np.float64)).astype(np.int64)
        return total << self.exponent if self.exponent >= 0 else total >> -self.exponent

    def step(self, spikes: dict[str, Any], t: int) -> None:
        """Send this step's spikes through the weights, then let the weights learn from them."""
        pre = spikes[self.pre]
        self.delivery = self.delivered(pre)
        third = {f"third{n}": np.zeros(len(self.weights), np.int64) if name is None
                 else spikes[name] for n, name in enumerate(self.modulators, 1)}
        self.kept.update(self.learn(
            **self.kept, **third, **dict(zip(DRAWS, self.draws[t], strict=True)), t=t,
            pre=pre if self.graded else (pre != 0).astype(np.int64), post=spikes[self.post]))
        for name, side in KEPT.items():
            size = self.weights.shape[side == "pre"]
            self.kept[name] = np.broadcast_to(self.kept[name], (size,))
        self.weights = np.broadcast_to(self.kept["w"], self.weights.shape).astype(np.float64)


class Group:
    """Populations of one kind, one after the other in the same arrays."""

    def __init__(self, kind: str, populations: list[dict[str, Any]], constants: Any) -> None:
        self.step, words, self.ports, _ = STEPS[kind]
        self.names = [p["name"] for p in populations]
        ends = np.cumsum([p["size"] for p in populations])
        self.parts = {name: slice(end - p["size"], end)
                      for name, end, p in zip(self.names, ends.tolist(), populations, strict=True)}
        self.size = int(ends[-1])
        tables = [np.broadcast_to(constants[p["name"]], (len(constants[p["name"]]), p["size"]))
                  for p in populations]
        self.own = list(np.concatenate(tables, axis=1).astype(np.int64))
        self.words = list(words)
        self.state = [np.zeros(self.size, np.int64) for _ in words]

    def advance(self, arrived: Any, t: int) -> dict[str, Any]:
        """What each population sends in a step."""
        given = [np.concatenate([arrived(name, part.stop - part.start, port)
                                 for name, part in self.parts.items()]) for port in self.ports]
        sent, state = self.step(self.own, self.state, given, self.size, t)
        self.state = [np.broadcast_to(word, (self.size,)).astype(np.int64) for word in state]
        sent = np.broadcast_to(sent, (self.size,)).astype(np.int64)
        return {name: sent[part] for name, part in self.parts.items()}


class Machine:
    """All populations and projections of a unit."""

    def __init__(self, unit: dict[str, Any], weights: Any, constants: Any, inputs: Any,
                 steps: int) -> None:
        self.inputs = {name: train.astype(np.int64) for name, train in inputs.items()}
        self.projections = [Projection(p, weights[p["weights"]], steps)
                            for p in unit["projections"]]
        self.to: dict[tuple[str, str], list[Projection]] = {}
        for p in self.projections:
            self.to.setdefault((p.post, p.port), []).append(p)
        kinds: dict[str, list[dict[str, Any]]] = {}
        for population in unit["populations"]:
            if population["kind"] != "Source":
                kind = population["kind"]
                key = population["name"] if STEPS[kind][3] else kind
                kinds.setdefault(key, []).append(population)
        self.groups = [Group(ps[0]["kind"], ps, constants) for ps in kinds.values()]
        self.kept = 2 + max([p.delay for p in self.projections], default=0)
        self.past: list[dict[str, Any]] = []

    def advance(self, t: int) -> dict[str, Any]:
        """Spikes of all populations in a step."""
        def arrived(name: str, size: int, port: str) -> Any:
            total = np.zeros(size, np.int64)
            for p in self.to.get((name, port), ()):
                if p.learn is not None:
                    total = total + p.delivery
                elif p.delay < len(self.past):
                    total = total + p.delivered(self.past[p.delay][p.pre])
            return total

        spikes = {name: train[t] for name, train in self.inputs.items()}
        for group in self.groups:
            spikes.update(group.advance(arrived, t))
        for p in self.projections:
            if p.learn is not None:
                p.step(spikes, t)
        self.past = [spikes, *self.past[: self.kept]]
        return spikes

    def potentials(self) -> dict[str, Any]:
        """The word v of all that have one."""
        return {name: group.state[group.words.index("v")][part] for group in self.groups
                if "v" in group.words for name, part in group.parts.items()}


def draws_of(rule: dict[str, Any], steps: int) -> Any:
    """The random numbers behind stochastic rounding, as integers, a row a step.

    A fraction f of a trace is rounded up where draw < f 2^53, that of a weight where draw < f 2^7.
    """
    seed, epoch = rule["seed"], rule["epoch"]

    def numbers(n: int, whole: bool) -> Any:
        source = np.random.default_rng(n)
        if whole:
            return source.integers(0, 128, 2 * steps + 1)
        return np.ldexp(source.random(2 * steps + 1), 53)

    synapse = np.floor(128 * np.append(np.random.default_rng(2).random(steps // epoch + 1)[1:], 0))
    y_impulse = numbers(seed + 3, True)
    return np.stack([numbers(seed, False)[2::2], numbers(seed + 2, False)[2::2],
                     numbers(seed + 1, True)[2::2], y_impulse[2::2], y_impulse[1::2],
                     synapse[np.arange(steps) // epoch]], axis=1).astype(np.int64)


def compare(what: str, found: Any, expected: Any, when: str) -> None:
    """Refuse the first number that differs."""
    wrong = np.argwhere(found != expected)
    if len(wrong):
        at = tuple(wrong[0].tolist())
        raise DifferentError(f"{when}: {what}{list(at)} is {found[at]}, expected {expected[at]}")


def arrays_of(path: Path) -> dict[str, Any]:
    """All arrays of a file."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
        arrays = dict(found)
    for name, array in arrays.items():
        if not np.issubdtype(array.dtype, np.integer):
            raise ValueError(f"{path.name}: {name} is no array of integers")
    return arrays


def replay(folder: Path) -> str:
    """Repeat the run; what was compared, in words."""
    program = json.loads((folder / "program.json").read_text("utf-8"))
    weights, constants, inputs, expected = (
        arrays_of(folder / name)
        for name in ("weights.npz", "constants.npz", "inputs.npz", "expected.npz"))
    unit = program["units"][int(expected["unit"])]
    trains = {name.partition(".")[2]: train for name, train in expected.items()
              if name.startswith("spikes.")}
    for p in unit["populations"]:
        if p["kind"] != "Source" and p["name"] not in trains:
            raise ValueError(f"expected.npz has no spikes of {p['name']}")
    steps, begun = len(next(iter(trains.values()))), time.perf_counter()
    read_at = {int(n): row for row, n in enumerate(expected["read_at"])}
    machine = Machine(unit, weights, constants, inputs, steps)
    for t in range(steps):
        spikes = machine.advance(t)
        for name, train in trains.items():
            compare(f"spikes of {name}", spikes[name], train[t], f"step {t}")
        potentials = machine.potentials() if t + 1 in read_at else {}
        for name, v in potentials.items():
            if f"v.{name}" in expected:
                compare(f"v of {name}", v, expected[f"v.{name}"][read_at[t + 1]], f"step {t}")
    for p in machine.projections:
        if f"weights.{p.name}" in expected:
            compare(f"weights of {p.name}", p.weights, expected[f"weights.{p.name}"], "at the end")
    took = time.perf_counter() - begun
    return (f"equal to the bit: {len(trains)} populations of {unit['name']}, {steps} steps "
            f"in {took:.1f} s")


def said(error: BaseException) -> str:
    """What is wrong, where Python gives no more than a name."""
    if isinstance(error, KeyError):
        return f"nothing is called {error} where it should be"
    return str(error) or type(error).__name__


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent,
                       help="where program.json and the other files are; beside this script")
    folder = asked.parse_args().folder
    try:
        with np.errstate(all="ignore"):  # neurons that act otherwise divide by 0 beside the others
            told = replay(folder)
    except DifferentError as error:
        sys.stderr.write(f"different: {error}\n")
        return 1
    except BROKEN as error:
        sys.stderr.write(f"a file is missing or not whole: {said(error)}\n")
        return 3
    sys.stdout.write(told + "\n")
    return 0
