"""Runs one unit of the program in this folder on Loihi 1, or in nengo-loihi's emulator of it.

    python run_on_loihi1.py --check                 the run that came along, compared to the bit
    python run_on_loihi1.py --inputs my.npz --output got.npz

Needs nengo-loihi and NumPy, and for a chip Intel's NxSDK; nothing else but the files beside it. So
far it has run in the emulator only, never on a chip. Every population is a block or an input of
nengo-loihi's, every projection a synapse and an axon; integers go in as they are, nengo-loihi's
scaling is left out.
"""

# Python 3.7 can read this: NxSDK comes from the years when it was new.

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
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
ALIGNED = 6
"""Bits by which a chip shifts synaptic input and thresholds."""

SUM_MAX, POTENTIAL_MAX = np.iinfo(np.int32).max, 2**23 - 1
"""The emulator adds synaptic input up in 32 bits, before it looks for an overflow; v has 24."""

MIXED, EXCITATORY, INHIBITORY = 1, 2, 3
"""Sign modes of a synapse format; a mixed one holds even weights only."""


EPILOG = ("With NxSDK installed it runs on the chip, which was never tried; without, in the "
          "emulator. An input is a train of 0 and 1 for each plain source, such as query.0, or "
          "whole numbers for all of query, which are spelled out in plain spikes.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; what the number says that it ends with is told by ``--help``."""
    return status_of(run, parser_of(__doc__ or "", EPILOG).parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Build the unit, run it, write and compare."""
    work = asked_for(HERE, options)
    refuse_what_loihi_1_lacks(work.unit, work.weights)
    trains = trains_of(work.unit, work.given, work.steps)
    import_nengo_loihi()
    got = measured(work.unit, work.weights, trains, work.read_at, work.steps)
    if options.output:
        write_results(options.output, got)
    return compare(got, work.expected) if options.check else 0


def refuse_what_loihi_1_lacks(unit: dict[str, Any], weights: dict[str, Any]) -> None:
    """What nengo-loihi would not notice; to the rest it objects in its own words."""
    arriving = {}
    for population in unit["populations"]:
        name, kind = population["name"], population["kind"]
        if kind not in STOCK:
            raise RefusedError(f"{unit['name']}.{name} is a {kind}, which Loihi 1 does not have")
        if population["parameters"].get("payload_bits"):
            raise RefusedError(f"{unit['name']}.{name} sends numbers, which Loihi 1 cannot do")
        arriving[name] = np.zeros((2, population["size"]))
    for found in unit["projections"]:
        where, values = f"{unit['name']}.{found['name']}", weights[found["weights"]].astype(float)
        if found["rule"] or found["delay"]:
            raise RefusedError(f"{where} learns or is delayed, which nengo-loihi cannot do")
        if (values % 2 ** max(-found["exponent"], 0)).any():
            raise RefusedError(f"{where}: Loihi 1 shifts each weight, not their sum, and some "
                               "weight would lose a bit")
        both = np.stack([values.clip(min=0), values.clip(max=0)]).sum(axis=2)
        arriving[found["post"]] += both * 2.0 ** (ALIGNED + exponent_of(found, unit))
    for name, sums in arriving.items():
        if np.abs(sums).max() > SUM_MAX:
            raise RefusedError(f"{unit['name']}.{name}: its synaptic input could exceed the 32 "
                               "bits in which the emulator adds up")


# --- the inputs


def trains_of(
    unit: dict[str, Any], given: dict[str, np.ndarray[Any, Any]], steps: int
) -> dict[str, np.ndarray[Any, Any]]:
    """A train of 0 and 1 for each source, shape (steps, size); graded ones are spelled out."""
    sources = {p["name"]: p["size"] for p in unit["populations"] if p["kind"] == "Source"}
    if sorted(plain for name in given for plain in stand_ins(unit, name)) != sorted(sources):
        spelled = {plain for name in unit["letters"] for plain in stand_ins(unit, name)}
        told = sorted({*unit["letters"], *sources} - spelled)
        raise BadFileError(f"the inputs are {sorted(given)}, the sources are {told}" + (
            f"; or plain ones for those, such as {min(spelled)}" if spelled else ""))
    trains = {name: np.zeros((steps, size), np.int32) for name, size in sources.items()}
    for name, train in given.items():
        size = sources.get(name, sources.get(f"{name}.0", 0))
        if train.dtype.kind not in "iu" or train.shape[1:] != (size,):
            raise BadFileError(f"{name} must be integers of shape (steps, {size}), not "
                               f"{train.dtype} of {train.shape}")
        for plain, spikes in spelled_out(unit, name, train.astype(np.int64)).items():
            trains[plain][: len(train)] = spikes[:steps]
    return trains


def stand_ins(unit: dict[str, Any], name: str) -> list[str]:
    """The sources of plain spikes that a train goes to: itself, or one for each letter."""
    if name not in unit["letters"]:
        return [name]
    return [f"{name}.{k}" for k in range(len(unit["letters"][name]["values"]))]


def spelled_out(
    unit: dict[str, Any], name: str, train: np.ndarray[Any, Any]
) -> dict[str, np.ndarray[Any, Any]]:
    """The plain trains that stand for one; the letters of their spikes add up to it."""
    letters = unit["letters"].get(name, {"values": [1], "one_hot": True})
    values, found, left = letters["values"], {}, train.copy()
    for k, plain in enumerate(stand_ins(unit, name)):
        found[plain] = train == values[k] if letters["one_hot"] else train >> k & 1
        left -= values[k] * found[plain]
    if left.any():
        allowed = (", ".join(map(str, sorted({0, *values}))) if letters["one_hot"]
                   else f"{values[-1]} to {-values[-1] - 1}")
        raise BadFileError(f"{name} holds {train[left != 0][0]}; it can be {allowed}")
    return found


# --- the network


def import_nengo_loihi() -> None:
    """Import it once, without its warning that it is older than nengo."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import nengo_loihi  # noqa: F401 - here for its error
        except ImportError as error:
            raise RefusedError("nengo-loihi cannot be imported; README.md has the line that "
                               f"installs it: {error}") from error


@contextmanager
def told_by_nengo_loihi(what: str) -> Iterator[None]:
    """Refuse in its own words; an assertion may have none, but it has a line."""
    try:
        yield
    except Exception as error:
        text = str(error) or str(extract_tb(error.__traceback__)[-1].line)
        raise RefusedError(f"nengo-loihi {what}: {type(error).__name__}: {text}") from error


def measured(
    unit: dict[str, Any], weights: dict[str, np.ndarray[Any, Any]],
    trains: dict[str, np.ndarray[Any, Any]], read_at: Sequence[int], steps: int,
) -> dict[str, np.ndarray[Any, Any]]:
    """Spikes of every step, and potentials at some steps."""
    from nengo_loihi.hardware import HAS_NXSDK

    sys.stdout.write("NxSDK is installed: this runs on Loihi 1, where it was never tried\n"
                     if HAS_NXSDK else
                     "NxSDK is not installed: this runs in nengo-loihi's emulator of Loihi 1\n")
    with told_by_nengo_loihi("cannot hold this unit"):
        built = Built(unit, weights)
        built.send(trains)
        spikes, potentials = built.probes("spiked"), built.probes("voltage")
        built.finish()
    traces = (on_the_chip if HAS_NXSDK else in_the_emulator)(built.model, steps)
    got = {f"spikes.{name}": traces[probe] for name, probe in spikes.items()}
    if read_at:
        rows = np.array(read_at) - 1
        got.update({f"v.{name}": traces[probe][rows] for name, probe in potentials.items()})
    return {name: values.astype(np.int64) for name, values in got.items()}


def in_the_emulator(model: Any, steps: int) -> dict[Any, np.ndarray[Any, Any]]:
    """What every probe saw; a sum that leaves its register ends the run."""
    from nengo_loihi.emulator import EmulatorInterface
    from nengo_loihi.hardware.validate import validate_board

    allocator, chips = allocator_for(model)
    with told_by_nengo_loihi("cannot place this unit"):
        validate_board(allocator(model, chips))
    # NumPy warns when the emulator fills integer arrays with NaN, before it sets them
    with np.errstate(invalid="ignore"), told_by_nengo_loihi("cannot run this unit"):
        emulator = EmulatorInterface(model, seed=0)
    emulator.compartment.strict = True
    for step in range(steps):
        with told_by_nengo_loihi(f"stopped at step {step}"):
            emulator.step()
    return {probe: np.array(emulator.collect_probe_output(probe)) for probe in model.probes}


def on_the_chip(model: Any, steps: int) -> dict[Any, np.ndarray[Any, Any]]:
    """What every probe saw, by way of NxSDK. Never tried: nobody who wrote this has a chip."""
    from nengo_loihi.hardware import HardwareInterface

    allocator, chips = allocator_for(model)
    with told_by_nengo_loihi("cannot run this unit on the chip"), HardwareInterface(
            model, use_snips=False, seed=0, n_chips=chips, allocator=allocator) as chip:
        chip.run_steps(steps)
        return {probe: np.array(chip.collect_probe_output(probe)) for probe in model.probes}


def allocator_for(model: Any) -> tuple[Any, int]:
    """nengo-loihi's allocator, and the chips it needs: every block gets a core of its own."""
    from nengo_loihi.hardware.allocators import Greedy

    return Greedy(), -(-len(model.blocks) // Greedy().cores_per_chip)


class Built:
    """A unit as nengo-loihi's blocks, synapses and axons: integers all the way, none scaled."""

    def __init__(self, unit: dict[str, Any], weights: dict[str, Any]) -> None:
        from nengo_loihi.builder import Model
        from nengo_loihi.inputs import SpikeInput

        self.model = Model(label=unit["name"])
        self.blocks: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self.formats: list[dict[str, int]] = []
        for population in unit["populations"]:
            name = population["name"]
            if population["kind"] == "Source":
                self.inputs[name] = SpikeInput(population["size"], label=name)
                self.model.add_input(self.inputs[name])
            else:
                self.blocks[name] = block(name, population["size"], population["parameters"])
                self.model.add_block(self.blocks[name])
        for found in unit["projections"]:
            self.connect(found, weights[found["weights"]].astype(np.int32),
                         exponent_of(found, unit))

    def connect(self, found: dict[str, Any], values: Any, exponent: int) -> None:
        """A synapse behind the receiving block, and an axon from the sending one."""
        from nengo_loihi.block import Axon, Synapse

        size = values.shape[1]
        synapse = Synapse(size, label=str(len(self.formats)))
        # float32 holds them exactly: at most 8 bits, shifted
        synapse.set_weights(values.T * 2.0 ** (ALIGNED + exponent))
        self.formats.append({"weight_exp": exponent, "fanout_type": sign_of(values)})
        synapse.format(**self.formats[-1])
        self.blocks[found["post"]].add_synapse(synapse)
        axon = Axon(size, label=found["name"])
        axon.target = synapse
        axon.set_compartment_axon_map(np.arange(size))
        (self.inputs.get(found["pre"]) or self.blocks[found["pre"]]).add_axon(axon)

    def send(self, trains: dict[str, np.ndarray[Any, Any]]) -> None:
        """Give the sources all their spikes; nengo-loihi counts steps from 1."""
        for name, train in trains.items():
            for step in np.flatnonzero(train.any(axis=1)):
                self.inputs[name].add_spikes(int(step) + 1, np.flatnonzero(train[step]))

    def probes(self, state: str) -> dict[str, Any]:
        """A probe on each block, for every step."""
        from nengo_loihi.probe import LoihiProbe

        made = {name: LoihiProbe(target=found, key=state) for name, found in self.blocks.items()}
        for probe in made.values():
            self.model.add_probe(probe)
        return made

    def finish(self) -> None:
        """Split what does not fit on a core, turn floats into the integers they hold, validate."""
        from nengo_loihi.builder.discretize import array_to_int
        from nengo_loihi.builder.split_blocks import split_model
        from nengo_loihi.builder.validate import validate_model

        split_model(self.model)
        for found in self.model.blocks:
            compartment = found.compartment
            for values in (compartment.decay_u, compartment.decay_v, compartment.vth,
                           compartment.bias):
                array_to_int(values, values.copy())
            for synapse in found.synapses:
                # a split part, 3[0] of 3, has lost its own
                synapse.format(**self.formats[int(synapse.label.partition("[")[0])])
                for values in synapse.weights:
                    array_to_int(values, values.copy())
        validate_model(self.model)


def block(name: str, size: int, model: dict[str, int]) -> Any:
    """The neurons of a population; the chip adds the 1 that ``decay_u`` lacks."""
    from nengo_loihi.block import LoihiBlock

    made = LoihiBlock(size, label=name)
    compartment = made.compartment
    compartment.decay_u[:] = model["du"] - 1
    compartment.decay_v[:] = model["dv"]
    compartment.scale_u = compartment.scale_v = False
    compartment.vth[:] = model["vth"] << ALIGNED
    compartment.bias[:] = model["bias_mant"] << model["bias_exp"]
    compartment.refract_delay[:] = 1  # the step of the spike itself, and no more
    compartment.vmin, compartment.vmax = -POTENTIAL_MAX, POTENTIAL_MAX
    return made


def exponent_of(found: dict[str, Any], unit: dict[str, Any]) -> int:
    """A projection's exponent as a synapse stores it: a chip aligns all input by 6 bits."""
    after = next(p for p in unit["populations"] if p["name"] == found["post"])
    return int(found["exponent"] + after["parameters"]["input_shift"] - ALIGNED)


def sign_of(values: np.ndarray[Any, Any]) -> int:
    """The sign mode that keeps all bits of the weights; the negative one ends at -255."""
    if values.min() >= 0:
        return EXCITATORY
    return INHIBITORY if values.max() <= 0 and values.min() > -256 else MIXED


if __name__ == "__main__":
    sys.exit(main())
