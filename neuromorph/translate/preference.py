"""Which half steps binary heads come to, by what is rather spent: steps or cores.

::

    steps    two neurons a key, half a step apart: as many steps, twice the match neurons
    cores    one neuron a key and a ramp of twice the steps: as many neurons
    neither  whole steps: the least of both, and a loss several times as large
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from neuromorph.errors import UsageError
from neuromorph.translate.options import TranslateOptions

Preference: TypeAlias = Literal["steps", "cores"]

PAIRS = "half steps by two match neurons a key, in as many steps, for twice the cores"
LONGER = "half steps by a ramp of twice the steps, in as many cores"
WHOLE = "whole steps"


@dataclass(frozen=True)
class Choice:
    """Options, and why these.

    Attributes
    ----------
    options : TranslateOptions
    says : str
        In words; empty where there was nothing to choose.
    instead : TranslateOptions, optional
        What is taken where a board has too few cores for the first, unless a person asked for it.
    """

    options: TranslateOptions
    says: str = ""
    instead: TranslateOptions | None = None

    def fallen_back(self, why: str) -> Choice:
        """The other options, and that the first did not fit.

        Raises
        ------
        UsageError
            If there are no others.
        """
        if self.instead is None:
            raise UsageError("there is no other choice of neurons a key", found=why)
        return Choice(self.instead, f"binary spikes: {LONGER}; two neurons a key do not fit "
                      f"({why})")


def choose(
    options: TranslateOptions, prefer: Preference | None = None,
    neurons_per_key: int | None = None, *, whole: bool = False,
) -> Choice:
    """Half steps for binary spikes: as a person wants them, or else two neurons a key.

    Parameters
    ----------
    options : TranslateOptions
    prefer : {"steps", "cores"}, optional
        What a person rather spends little of.
    neurons_per_key : int, optional
        As a person said it, who cannot say both.
    whole : bool
        Of a whole model, whose blocks write one neuron a slot and divide at once: a ramp of twice
        the steps without a late flush, if cores are preferred; else whole steps.

    Raises
    ------
    UsageError
        For graded spikes, which need neither; where both are said; or for two neurons a key in a
        whole model.
    """
    if prefer is not None or neurons_per_key is not None or options.spikes == "graded":
        made = preferring(prefer, options, neurons_per_key)
        if whole and prefer == "cores":
            made = replace(made, late_flush=False)
        return Choice(made, _said(prefer, "as --prefer has it"))
    if whole:
        return Choice(options, f"binary spikes: {WHOLE}, since a block writes one neuron a slot; "
                      f"--prefer cores: {LONGER}")
    return Choice(preferring("steps", options), f"{_said('steps', 'the usual choice')}; --prefer "
                  "cores spends steps instead, --neurons-per-key 1 neither, and loses more",
                  preferring("cores", options))


def _said(prefer: Preference | None, why: str) -> str:
    if prefer is None:
        return ""
    return f"binary spikes: {PAIRS if prefer == 'steps' else LONGER}, {why}"


def preferring(
    prefer: Preference | None, options: TranslateOptions, neurons_per_key: int | None = None
) -> TranslateOptions:
    """The options with half steps, by what is rather spent; see `TranslateOptions`.

    Parameters
    ----------
    prefer : {"steps", "cores"}, optional
        Two neurons a key, in as many steps as before; or a ramp of twice the steps, in as many
        neurons. The options as they are if left out.
    options : TranslateOptions
    neurons_per_key : int, optional
        As a person said it, who cannot say both.

    Raises
    ------
    UsageError
        For graded spikes, which need neither, or where both are said.
    """
    if prefer is None:
        return replace(options, neurons_per_key=1 if neurons_per_key is None else
                       neurons_per_key)
    if neurons_per_key is not None:
        raise UsageError("a preference chooses the neurons a key", found=f"prefer = {prefer}, "
                         f"neurons_per_key = {neurons_per_key}", expected="one of both",
                         hint="leave one of them out")
    if options.spikes == "graded":
        raise UsageError("graded spikes tell parts of a step by their payloads",
                         found=f"prefer = {prefer}", expected="no preference",
                         hint="leave --prefer out, or use --spikes binary")
    if prefer == "steps":
        return replace(options, neurons_per_key=2)
    if prefer == "cores":
        return replace(options, step_nats=options.step_nats / 2, late_flush=True)
    raise UsageError("there is no such preference", found=prefer, expected="steps or cores")
