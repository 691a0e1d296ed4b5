"""Runs one unit of the program in this folder on Loihi 2, or on Lava's model of it.

    python run_on_loihi2.py --check                 the run that came along, compared to the bit
    python run_on_loihi2.py --inputs my.npz --output got.npz

Needs lava-nc and NumPy, and for a chip Intel's extension lava-loihi; nothing else. Every population
is a stock LIF or RingBuffer, every projection a stock Dense, DelayDense or LearningDense.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
FOREVER = 2**62
"""A time constant after which a trace stays as it is."""

WIDEST = -256
"""The one weight that Lava's format for negative weights does not hold; the mixed one does."""


class RefusedError(Exception):
    """Something that was asked for cannot be done; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 when all went well, 1 when a check failed, 2 when something cannot be done."""
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except RefusedError as reason:
        sys.stderr.write(f"{reason}\n")
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--unit", help="name or number of a unit; that of the trial if left out")
    made.add_argument("--inputs", type=Path, help="a train for each source, shape (steps, size); "
                                                  "that of the trial if left out")
    made.add_argument("--steps", type=int, help="silence follows a train that is shorter")
    made.add_argument("--read-at", help="read the potentials after so many steps: 50,100")
    made.add_argument("--output", type=Path, help="write spikes, potentials and learned weights")
    made.add_argument("--check", action="store_true", help="compare the trial with expected.npz")
    return made


def run(options: argparse.Namespace) -> int:
    """Build the unit, run it, write and compare."""
    if options.check and (options.unit or options.inputs or options.steps or
                          options.read_at):
        raise RefusedError("--check runs the trial as it is: no other option but --output")
    program = json.loads((HERE / "program.json").read_text("utf-8"))
    weights, expected = arrays_of(HERE / "weights.npz"), arrays_of(HERE / "expected.npz")
    unit = unit_of(program, options.unit, int(expected["unit"]))
    refuse_what_is_not_stock(unit)
    given = arrays_of(options.inputs or HERE / "inputs.npz")
    if options.steps is not None and options.steps < 1:
        raise RefusedError(f"--steps must be at least 1, not {options.steps}")
    steps = options.steps or max(len(train) for train in given.values())
    default = expected["read_at"].tolist() if options.inputs is None else []
    read_at = steps_of(options.read_at, steps) if options.read_at else default
    trains = trains_of(unit, given, steps)
    make_lava_importable()
    got = measured(unit, weights, trains, read_at)
    if options.output:
        with options.output.open("wb") as file:
            np.savez_compressed(file, **got)
    return compare(got, expected) if options.check else 0


def arrays_of(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """All arrays of an .npz file."""
    if not path.is_file():
        raise RefusedError(f"{path} is not there")
    with np.load(path, allow_pickle=False) as found:
        return dict(found)


def unit_of(program: dict[str, Any], asked: str | None, default: int) -> dict[str, Any]:
    """A unit by name or number."""
    units: list[dict[str, Any]] = program["units"]
    if asked is None:
        return units[default]
    found = [unit for number, unit in enumerate(units) if asked in (unit["name"], str(number))]
    if not found:
        raise RefusedError(f"there is no unit {asked}; there are {len(units)}, from "
                           f"{units[0]['name']} to {units[-1]['name']}")
    return found[0]


def refuse_what_is_not_stock(unit: dict[str, Any]) -> None:
    """Stock Lava has no graded neuron that says how far it overshot, no readout, no astrocyte."""
    for population in unit["populations"]:
        name, kind, model = (population[key] for key in ("name", "kind", "parameters"))
        if kind not in ("Source", "CubaLIF"):
            raise RefusedError(f"{unit['name']}.{name} is a {kind}, which stock Lava does not have")
        if kind == "CubaLIF" and not (model["du"] >= 1 and model["dv"] <= 4095):
            raise RefusedError(f"{unit['name']}.{name}: stock LIF has no register for a du of 0 or "
                               "a dv of 4096")
        if kind == "CubaLIF" and model["input_shift"] != 6:
            raise RefusedError(f"{unit['name']}.{name}: stock LIF shifts its input by 6 bits, not "
                               f"by {model['input_shift']}")


def steps_of(text: str, steps: int) -> list[int]:
    """Step counts from ``50,100``."""
    try:
        found = sorted({int(number) for number in text.split(",")})
    except ValueError:
        found = [0]
    if not 1 <= found[0] <= found[-1] <= steps:
        raise RefusedError(f"--read-at takes numbers from 1 to {steps}, not {text}")
    return found


def trains_of(
    unit: dict[str, Any], given: dict[str, np.ndarray[Any, Any]], steps: int
) -> dict[str, np.ndarray[Any, Any]]:
    """A train of whole numbers for each source, shape (steps, size)."""
    sources = {p["name"]: p["size"] for p in unit["populations"] if p["kind"] == "Source"}
    if given.keys() != sources.keys():
        raise RefusedError(f"the inputs are {sorted(given)}, the sources are {sorted(sources)}")
    trains = {name: np.zeros((steps, size), np.int32) for name, size in sources.items()}
    for name, train in given.items():
        if train.dtype.kind not in "iu" or train.shape[1:] != (sources[name],):
            raise RefusedError(f"{name} must be integers of shape (steps, {sources[name]}), not "
                               f"{train.dtype} of {train.shape}")
        trains[name][: len(train)] = train[:steps]
    return trains


def make_lava_importable() -> None:
    """Lava 0.10 has a default that Python 3.11 and later refuse; make its class hashable."""
    original: Any = dataclasses.dataclass

    def dataclass(cls: type | None = None, /, **settings: Any) -> Any:
        if cls is None:
            return lambda decorated: dataclass(decorated, **settings)
        return original(cls, **settings | ({"unsafe_hash": True} if cls.__name__ == "ByteEncoder"
                                           else {}))

    setattr(dataclasses, "dataclass", dataclass)  # noqa: B010 - mypy takes it for a constant
    try:
        importlib.import_module("lava.magma.compiler.var_model")
    except ImportError as error:
        raise RefusedError(f"Lava cannot be imported: {error}") from error
    finally:
        setattr(dataclasses, "dataclass", original)  # noqa: B010


# --- the network


class Host:
    """Where the unit runs: on a chip, with adapters between it and this computer, or here."""

    def __init__(self) -> None:
        from lava.utils import loihi

        self.chip = loihi.is_installed()
        sys.stdout.write("lava-loihi is installed: this runs on Loihi 2\n" if self.chip else
                         "lava-loihi is not installed: this runs on Lava's model of Loihi 2\n")

    def configuration(self) -> Any:
        """What Lava's ``run`` takes; on a chip the buffers stay here, in integers."""
        from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg
        from lava.proc.io import sink, source

        if not self.chip:
            return Loihi2SimCfg(select_tag="fixed_pt")
        return Loihi2HwCfg(exception_proc_model_map={
            source.RingBuffer: source.PySendModelFixed, sink.RingBuffer: sink.PyReceiveModelFixed})

    def port_from(self, train: np.ndarray[Any, Any], bits: int) -> Any:
        """The port on which a train arrives; payloads have so many bits, plain spikes 0."""
        from lava.proc.io.source import RingBuffer

        port = RingBuffer(data=np.ascontiguousarray(train.T)).s_out
        if not self.chip:
            return port
        adapter = self.adapters().PyToNxAdapter(shape=port.shape, num_message_bits=bits)
        port.connect(adapter.inp)
        return adapter.out

    def sink_of(self, port: Any, steps: int) -> Any:
        """A buffer that keeps all plain spikes of a port."""
        from lava.proc.io.sink import RingBuffer

        made = RingBuffer(shape=port.shape, buffer=steps)
        if self.chip:
            adapter = self.adapters().NxToPyAdapter(shape=port.shape, num_message_bits=0)
            port.connect(adapter.inp)
            port = adapter.out
        port.connect(made.a_in)
        return made

    def adapters(self) -> Any:
        """The extension's adapters between a chip and its host."""
        try:
            return importlib.import_module("lava.proc.embedded_io").spike
        except (ImportError, AttributeError) as error:
            raise RefusedError("this lava-loihi has no adapters for spikes between chip and host, "
                               f"lava.proc.embedded_io.spike: {error}") from error


def measured(
    unit: dict[str, Any], weights: dict[str, np.ndarray[Any, Any]],
    trains: dict[str, np.ndarray[Any, Any]], read_at: Sequence[int],
) -> dict[str, np.ndarray[Any, Any]]:
    """Spikes of every step, potentials at some steps, and the weights that were learned."""
    host, steps = Host(), len(next(iter(trains.values())))
    neurons, ports = populations(unit, trains, host)
    learners = {p["name"]: made for p in unit["projections"]
                if (made := projection(p, unit, weights, neurons, ports)) and p["rule"]}
    sinks = {name: host.sink_of(process.s_out, steps) for name, process in neurons.items()}
    runtimes = started([*neurons.values()], host)
    potentials = stepped(runtimes, neurons, read_at, steps)
    got = {f"spikes.{name}": sink.data.get().T for name, sink in sinks.items()}
    got |= {f"v.{name}": np.array(rows) for name, rows in potentials.items() if rows}
    got |= {f"weights.{name}": made.weights.get() for name, made in learners.items()}
    for runtime in runtimes:
        runtime.stop()
    return {name: np.asarray(values).astype(np.int64) for name, values in got.items()}


def stepped(
    runtimes: Sequence[Any], neurons: dict[str, Any], read_at: Sequence[int], steps: int
) -> dict[str, list[Any]]:
    """Run all steps, with a halt wherever potentials are read."""
    from lava.magma.core.run_conditions import RunSteps

    potentials: dict[str, list[Any]] = {name: [] for name in neurons}
    done = 0
    for stop in sorted({*read_at, steps}):
        for runtime in runtimes:
            runtime.start(RunSteps(num_steps=stop - done))
        done = stop
        for name, rows in potentials.items() if stop in read_at else ():
            rows.append(neurons[name].v.get())
    return potentials


def started(processes: Sequence[Any], host: Host) -> list[Any]:
    """A runtime for each part of the unit that projections join; Lava compiles them one by one."""
    runtimes: list[Any] = []
    for process in processes:
        if process.runtime is None:
            process.create_runtime(host.configuration())
            runtimes.append(process.runtime)
    return runtimes


def populations(
    unit: dict[str, Any], trains: dict[str, np.ndarray[Any, Any]], host: Host
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Neurons by name, and the port that each population sends on."""
    from lava.proc.lif.process import LIF

    neurons, ports = {}, {}
    for population in unit["populations"]:
        name, model = population["name"], dict(population["parameters"])
        if population["kind"] == "Source":
            ports[name] = host.port_from(trains[name], model["payload_bits"])
            continue
        del model["input_shift"]  # of which stock LIF has one only, see `refuse_what_is_not_stock`
        model["du"] -= 1  # stock LIF forgets one 4096th more than its register says
        neurons[name] = LIF(shape=(population["size"],), **model)
        ports[name] = neurons[name].s_out
    return neurons, ports


def projection(
    found: dict[str, Any], unit: dict[str, Any], weights: dict[str, np.ndarray[Any, Any]],
    neurons: dict[str, Any], ports: dict[str, Any],
) -> Any:
    """One projection's synapses, connected."""
    from lava.proc.dense.process import DelayDense, Dense, LearningDense
    from lava.utils.weightutils import SignMode

    before = next(p for p in unit["populations"] if p["name"] == found["pre"])
    bits = before["parameters"].get("payload_bits", 0) if found["graded"] else 0
    values = weights[found["weights"]].astype(np.int32)
    settings: dict[str, Any] = {
        "weights": values, "num_message_bits": bits, "weight_exp": found["exponent"],
        "sign_mode": SignMode.MIXED if values.min() == WIDEST else None}
    if found["rule"]:
        made = LearningDense(**settings | learning(found["rule"], any(found["modulators"])))
        neurons[found["post"]].s_out.connect(made.s_in_bap)
        for name, port in zip(found["modulators"], (made.s_in_y1, made.s_in_y2, made.s_in_y3),
                              strict=True):
            if name is not None:
                ports[name].connect(port)
    elif found["delay"]:
        made = DelayDense(**settings, delays=found["delay"])
    else:
        made = Dense(**settings)
    ports[found["pre"]].connect(made.s_in)
    made.a_out.connect(neurons[found["post"]].a_in)
    return made


def learning(rule: dict[str, Any], modulated: bool) -> dict[str, Any]:
    """What a LearningDense takes beyond a Dense; a third factor takes the place of all y traces."""
    from lava.magma.core.learning.constants import GradedSpikeCfg
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule
    from lava.utils.weightutils import SignMode

    traces = {f"{x}_{what}": rule[f"{x}_{what}"] for x in ("x1", "x2", "y1", "y2", "y3")
              for what in ("impulse", "tau")}
    traces |= {name: FOREVER for name, value in traces.items()
               if name.endswith("tau") and value in (None, math.inf)}
    common = {"dw": rule["dw"] or None, "dt": rule["dt"] or None, "t_epoch": rule["epoch"],
              "rng_seed": rule["seed"]}
    if modulated:
        made = Loihi3FLearningRule(**common, **{n: v for n, v in traces.items() if n[0] == "x"})
        made.y1_tau = made.y2_tau = made.y3_tau = FOREVER
    else:
        made = Loihi2FLearningRule(**common, **traces)
    return {"learning_rule": made, "sign_mode": SignMode[rule["sign"].upper()],
            "graded_spike_cfg": GradedSpikeCfg.OVERWRITE if rule["payload"] == "overwrite"
            else GradedSpikeCfg.USE_REGULAR_IMPULSE}


# --- the comparison


def compare(
    got: dict[str, np.ndarray[Any, Any]], expected: dict[str, np.ndarray[Any, Any]]
) -> int:
    """Say for each array whether it is equal to the bit; 1 if one is not."""
    different = 0
    for name in sorted(expected.keys() - {"unit", "read_at"}):
        same = name in got and np.array_equal(got[name], expected[name])
        different += not same
        sys.stdout.write(f"{'equal' if same else 'DIFFERENT'}  {name}  {expected[name].shape}\n")
    sys.stdout.write("all equal to the bit\n" if not different else f"{different} different\n")
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
