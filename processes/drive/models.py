"""How a drive runs on a CPU, in integers and in floats."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from neuromorph.neurons.drive import Drive as DriveModel
from neuromorph.processes.drive.process import Drive
from neuromorph.processes.stepped import FixedModel, FloatModel


@implements(proc=Drive, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyDriveModelFixed(FixedModel):
    """A constant, in its steps."""

    neuron = DriveModel


@implements(proc=Drive, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyDriveModelFloat(FloatModel):
    """A constant, in its steps."""

    neuron = DriveModel
