"""Lava Processes for the neuron models that stock Lava lacks, one small package each.

Importing this package makes Lava importable (`lava_import`), so a Lava script starts with::

    from neuromorph.processes.readout.process import Readout   # first
    from lava.proc.dense.process import Dense

Nothing else in neuromorph imports it, apart from the Lava backend's child process.
"""

from neuromorph.processes.lava_import import make_lava_importable

make_lava_importable()
