"""Published measurements of Loihi 2: what was counted, by whom, and which cost sets each gave.

Data alone: `neuromorph.cost.validation` holds the estimates against them. Rows say who counted:
``chip`` (the chip's own probes), ``authors`` (printed with the measurement), ``us`` (derived here
from the network that is described), ``guess``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from neuromorph.cost.events import Events
from neuromorph.cost.work import PhaseWork
from neuromorph.shown import Shown

Counted: TypeAlias = Literal["chip", "authors", "us", "guess"]
Quantity: TypeAlias = Literal["dynamic", "total", "seconds", "host_seconds", "board_watts"]

UNITS: dict[Quantity, str] = {"dynamic": "J", "total": "J", "seconds": "s", "host_seconds": "s",
                              "board_watts": "W"}


@dataclass(frozen=True)
class Value:
    """A measured number; its ends where several runs were published; why an estimate misses it."""

    value: float
    low: float | None = None
    high: float | None = None
    cause: str = ""


@dataclass(frozen=True, repr=False)
class Row(Shown):
    """One measurement.

    Attributes
    ----------
    name, source, date : str
    key : str
        Part of the source of every constant that a profile has from this row.
    chips, board_chips, cores : int
        In use; of the board; in use.
    work : PhaseWork
        What was counted.
    counted : {"chip", "authors", "us", "guess"}
        By whom.
    how : str
        How the counts were come by, in a sentence.
    measured : dict of str to Value
        Joules of events, joules with the idle chips in use, seconds, seconds to reach the host,
        watts of the idle board.
    gave : tuple of str
        Cost sets with a constant from this row: they are not judged on it.
    """

    name: str
    source: str
    key: str
    date: str
    chips: int
    board_chips: int
    cores: int
    work: PhaseWork
    counted: Counted
    how: str
    measured: dict[Quantity, Value]
    gave: tuple[str, ...] = field(default=())


ROWS = (
    Row("PilotNet, spiking, a step",
        "lava-dl, pilotnet_snn/benchmark.ipynb, six runs of one binary",
        "pilotnet_snn/benchmark.ipynb, six runs", "2023", 1, 1, 74,
        PhaseWork((), Events(neuron_steps=158_509, spikes=42_900, synaptic_ops=2.294e6, steps=1),
                  neurons=3168, synaptic_ops=150_800),
        "chip", "the chip's activity probes; neurons of the fullest core from the compiler's log",
        {"dynamic": Value(68.4e-6, 35e-6, 87e-6),
         "seconds": Value(152.8e-6, cause="Loihi 1's 3.5 ns an operation is three times too long, "
                          "Hala Point's .37 ns a peak")},
        ("pilotnet_measured", "pilotnet_per_core")),
    Row("CLP-SNN, a step that learns",
        "Hajizada et al. (arXiv 2511.01553), data/loihi2/loihi2_cost_benchmark.csv",
        "arXiv 2511.01553", "2025-11", 1, 1, 1,
        PhaseWork((), Events(neuron_steps=3900, synaptic_ops=288_000, synaptic_updates=1280,
                             steps=1)),
        "us", "1280 inputs to 300 prototypes, half to all of them active: the middle; one "
              "prototype's synapses learn; cores and steps are not published",
        {"dynamic": Value(12.87e-6, cause="all inputs active would be 384 000 operations; steps "
                          "and cores are not published, so that no cost of a core is in it")},
        ("clp_measured",)),
    Row("Acoustic autoencoder on a VPX board, an inference",
        "Nesbit et al. (arXiv 2608.18341), second-hand", "arXiv 2608.18341", "2026-08", 1, 16, 74,
        PhaseWork((), Events(neuron_steps=1.0e4, spikes=2.0e4, synaptic_ops=3.0e5, steps=11,
                             host_spikes=512), neurons=13, synaptic_ops=369),
        "chip", "operations, updates and spikes by the chip's probes; 11 steps from 1.0e4 updates "
                "of 928 neurons; most of a core as the mean; 256 values in and 256 out",
        {"dynamic": Value(40.6e-6, cause="the difference of 16.89 and 16.05 W at the board's "
                          "input: regulators, processors and 15 idle chips are in it"),
         "seconds": Value(48.3e-6, cause="4.4 us a step, which the barrier of a board of 16 chips "
                          "takes; the fullest core is not published"),
         "host_seconds": Value(232.7e-6, cause="281.0 us by Ethernet less 48.3 us preloaded: a "
                               "network, not a chip's own processor"),
         "board_watts": Value(16.05)}),
    Row("Q-learning with its world on the chip, an update",
        "Nesbit et al. (arXiv 2609.32317), second-hand", "arXiv 2609.32317", "2026-09", 1, 1, 34,
        PhaseWork((), Events(neuron_steps=900, synaptic_ops=500, synaptic_updates=2, steps=9),
                  neurons=10, synaptic_ops=150),
        "guess", "34 cores and a loop of 9 steps are published; a one-hot state, two actions: a "
                 "hundred neurons and some hundred operations",
        {"dynamic": Value(1.32e-6, cause="hardly any event: what a core takes for being in use is "
                          "nearly all of it"),
         "seconds": Value(58.42e-6, cause="each step waits for the board's x86 processors, which "
                          "take 86 % of its energy"),
         "board_watts": Value(1.78)},
        ("pilotnet_per_core",)),
    Row("MatMul-free language model of 370 M, a token of a prompt",
        "Abreu et al. (arXiv 2503.18002), recalled", "arXiv 2503.18002", "2025-03", 24, 24, 2880,
        PhaseWork((), Events(neuron_steps=5e5, ternary_ops=3.7e8, steps=1), neurons=174,
                  synaptic_ops=128_000),
        "us", "every ternary weight used once a token, spread evenly over the cores of 24 chips",
        {"total": Value(3.7e-3, cause="weights of two bits are priced as of eight; zero weights "
                        "and silent inputs are counted"),
         "seconds": Value(150.8e-6, cause="6632 tokens a second; no count of the fullest core is "
                          "published")},
        ("pilotnet_per_core",)),
    Row("Hala Point at its peak, a second",
        "Intel newsroom, April 2024", "Intel newsroom, April 2024: Hala Point", "2024-04",
        1152, 1152, 140_544,
        PhaseWork((), Events(synaptic_ops=380e12, steps=1), synaptic_ops=380e12 / 140_544),
        "authors", "380e12 synaptic operations a second, 2600 W at most",
        {"total": Value(2600.0, cause="dense 8-bit layers at the peak share each weight's read and "
                        "each spike's way among many operations"),
         "seconds": Value(1.0, cause="a peak")},
        ("intel_peak", "pilotnet_measured", "pilotnet_per_core")),
)
"""In the order of how much of them was counted on the chip."""
