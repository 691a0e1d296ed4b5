"""What a lab's folder says of each family of chips: which script, for which software, on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neuromorph.profiles import Family


@dataclass(frozen=True)
class LabWords:
    """The words in which folders of one family of chips differ.

    Attributes
    ----------
    script : str
        File that runs a unit with the lab's software alone.
    backend : str
        The backend that holds what this software holds, and says why if it does not.
    software, parts : str
        Whose parts a unit is built of, and what those are called.
    install : str
        Lines that install it.
    extension, simulation : str
        What the chip needs besides, and what runs where that is missing.
    inputs : str
        What else to know before a run.
    no_script : str
        What runs a program none of whose units the software holds.
    unchecked : str
        What of the way to a chip was never tried.
    numbers : str
        Where the software's numbers differ from the program's.
    """

    script: str
    backend: str
    software: str
    parts: str
    install: str
    extension: str
    simulation: str
    inputs: str
    no_script: str
    unchecked: str
    numbers: str


LOIHI_1 = LabWords(
    script="run_on_loihi1.py",
    backend="loihi_emulator",
    software="nengo-loihi",
    parts="nengo-loihi's blocks",
    install="""\
    pip install "numpy<2" nengo==4.1.0 nengo-loihi==1.1.0    # Python 3.10 to 3.12""",
    extension="Intel's NxSDK",
    simulation="in nengo-loihi's emulator of it",
    inputs="""\
Should
NxSDK want an old Python: all this ran on 3.7 too, after `pip install nengo-loihi==1.1.0`.

Spikes on Loihi 1 carry no numbers. What sends numbers in the model, `query` say, is several sources
of plain spikes here: `query.0`, `query.1` and so on. A spike of `query.k` counts the k-th of the
`values` under `letters` in `program.json`, and spikes of one step add up. `my.npz` may hold either:
`query`, whole numbers of shape (steps, size), which the script spells out, or the plain trains of 0
and 1, as `inputs.npz` does. A sum that leaves its register ends a run in the emulator, with
nengo-loihi's message; a chip would go on with a wrong sum.""",
    no_script="neuromorph's own simulators run it.",
    unchecked="""\
The script has run in nengo-loihi's emulator only; its way to a chip,
  `nengo_loihi.hardware.HardwareInterface`, needs NxSDK, which we do not have.""",
    numbers="""\
nengo-loihi places by itself, each population on cores of its own: it is not told of them. Synaptic
input is shifted left by a population's `input_shift`; a chip always shifts by 6, which the script
makes up for in the exponents of synapses. The chip's register for `du` is one less.""")

LOIHI_2 = LabWords(
    script="run_on_loihi2.py",
    backend="lava",
    software="stock Lava",
    parts="stock Lava parts",
    install="    pip install lava-nc==0.10.0        # Python 3.10",
    extension="Intel's lava-loihi",
    simulation="on Lava's model of it",
    inputs="""\
On Python
3.11 and later Lava is installed like this, and the script makes it importable:

    pip install --no-deps --ignore-requires-python lava-nc==0.10.0
    pip install "numpy<2.4" scipy networkx asteval""",
    no_script="""\
neuromorph runs the program with Lava Processes of its own for such neurons, which are models in
Python. A chip would need microcode for them, which is not written.""",
    unchecked="""\
The adapters between chip and host, `Loihi2HwCfg` and the chip's own
  models of LIF, Dense and LearningDense come with Intel's lava-loihi, which we do not have.""",
    numbers="""\
Lava's compiler for the chip places by itself: it is not told of them. Learned weights are rounded
by random numbers; those of a chip need not be those of Lava's model. A rule's `null` time constant
is infinite. Stock LIF's register for `du` is one less.""")

FAMILIES: Mapping[Family, LabWords] = {"loihi1": LOIHI_1, "loihi2": LOIHI_2, "cpu": LOIHI_2}
"""By family of a hardware profile; a CPU runs Lava's model of Loihi 2."""
