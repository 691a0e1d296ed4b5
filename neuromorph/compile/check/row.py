"""What a row of the checker's table of neuron models says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from neuromorph.profiles import Neuron
from neuromorph.shown import Shown

Value: TypeAlias = int | tuple[int, ...]
"""A parameter: one number for all neurons, or one for each."""

Parameters: TypeAlias = Mapping[str, Value]
Ranges: TypeAlias = Mapping[str, tuple[int, int]]

A_IN = "a_in"
"""The port of neurons that have a single one."""


@dataclass(frozen=True, repr=False)
class Row(Shown):
    """What the checker knows of a neuron model.

    Attributes
    ----------
    parameters : tuple of str
        All of them, in order.
    ranges : callable
        The least and the most of each parameter, given what a chip's neurons can do.
    words : int
        State of a neuron, in words of 24 bits.
    ports : tuple of str
        Inputs, of which each has one sum a step.
    by_neuron : tuple of str
        Parameters that may be one number for each neuron; such a number is one more word.
    programmable : bool
        Whether it needs a core that runs programs.
    from_outside : bool
        Whether it is driven from outside, and on no core.
    whole : bool
        Whether its neurons share a state, and so a core.
    least : int
        Neurons that there must be at least.
    powers_of_two : tuple of str
        Parameters that must be one.
    aligned : str
        Parameter that says by how many bits input is shifted up; if empty, as in stock neurons.
    beside_setting : tuple of str
        Parameters that neurons of one setting may differ in.
    payload_bits : callable
        Width of a spike's signed payload, given the parameters; 0 for plain spikes.
    below : tuple of (str, str)
        A step and a period: the first parameter is less than the second, or 0.
    punctual : callable
        Whether it matters in which step its input arrives, given the parameters: it has a bias,
        or counts steps, and may not run late.
    """

    parameters: tuple[str, ...]
    ranges: Callable[[Neuron], Ranges] = lambda _: {}
    words: int = 1
    ports: tuple[str, ...] = (A_IN,)
    by_neuron: tuple[str, ...] = ()
    programmable: bool = True
    from_outside: bool = False
    whole: bool = False
    least: int = 1
    powers_of_two: tuple[str, ...] = ()
    aligned: str = ""
    beside_setting: tuple[str, ...] = ("vth",)
    payload_bits: Callable[[Parameters], int] = lambda _: 0
    below: tuple[tuple[str, str], ...] = ()
    punctual: Callable[[Parameters], bool] = lambda _: False
