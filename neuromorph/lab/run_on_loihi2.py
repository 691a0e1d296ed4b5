"""Runs one unit of the program in this folder on Loihi 2, or on Lava's model of it.

    python run_on_loihi2.py --check                 the run that came along, compared to the bit
    python run_on_loihi2.py --inputs my.npz --output got.npz

Needs lava-nc and NumPy, and for a chip Intel's extension lava-loihi; nothing else but the files
beside it. Every population
is a stock LIF or RingBuffer, every projection a stock Dense, DelayDense or LearningDense.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph.lab.program_reader import STOCK, BadFileError, RefusedError
from neuromorph.lab.trial_runner import (
    asked_for,
    compare,
    parser_of,
    status_of,
    write_results,
)

HERE = Path(__file__).resolve().parent
FOREVER = 2**62
"""A time constant after which a trace stays as it is."""

WIDEST = -256
"""The one weight that Lava's format for negative weights does not hold; the mixed one does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; what the number says that it ends with is told by ``--help``."""
    return status_of(run, parser_of(__doc__ or "").parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Build the unit, run it, write and compare."""
    work = asked_for(HERE, options)
    refuse_what_is_not_stock(work.unit)
    trains = trains_of(work.unit, work.given, work.steps)
    make_lava_importable()
    with told_by_lava():
        got = measured(work.unit, work.weights, trains, work.read_at)
    if options.output:
        write_results(options.output, got)
    return compare(got, work.expected) if options.check else 0


def refuse_what_is_not_stock(unit: dict[str, Any]) -> None:
    """Stock Lava has no graded neuron that says how far it overshot, no readout, no astrocyte."""
    for population in unit["populations"]:
        name, kind, model = (population[key] for key in ("name", "kind", "parameters"))
        if kind not in STOCK:
            raise RefusedError(f"{unit['name']}.{name} is a {kind}, which stock Lava does not have")
        if kind == "CubaLIF" and not (model["du"] >= 1 and model["dv"] <= 4095):
            raise RefusedError(f"{unit['name']}.{name}: stock LIF has no register for a du of 0 or "
                               "a dv of 4096")
        if kind == "CubaLIF" and model["input_shift"] != 6:
            raise RefusedError(f"{unit['name']}.{name}: stock LIF shifts its input by 6 bits, not "
                               f"by {model['input_shift']}")


def trains_of(
    unit: dict[str, Any], given: dict[str, np.ndarray[Any, Any]], steps: int
) -> dict[str, np.ndarray[Any, Any]]:
    """A train of whole numbers for each source, shape (steps, size), that its payload holds."""
    sources = {p["name"]: p for p in unit["populations"] if p["kind"] == "Source"}
    if given.keys() != sources.keys():
        raise BadFileError(f"the inputs are {sorted(given)}, the sources are {sorted(sources)}")
    trains = {name: np.zeros((steps, p["size"]), np.int32) for name, p in sources.items()}
    for name, train in given.items():
        size, bits = sources[name]["size"], sources[name]["parameters"]["payload_bits"]
        if train.dtype.kind not in "iu" or train.shape[1:] != (size,):
            raise BadFileError(f"{name} must be integers of shape (steps, {size}), not "
                               f"{train.dtype} of {train.shape}")
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if bits else (0, 1)
        if train.size and not low <= int(train.min()) <= int(train.max()) <= high:
            raise BadFileError(f"{name} holds {train.min()} to {train.max()}; it can be {low} to "
                               f"{high}")
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


@contextmanager
def told_by_lava() -> Iterator[None]:
    """Refuse in its own words what it cannot run, a rule that it cannot read, say."""
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        raise RefusedError(f"Lava cannot run this unit: {type(error).__name__}: {error}"
                           ) from error


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


if __name__ == "__main__":
    sys.exit(main())
