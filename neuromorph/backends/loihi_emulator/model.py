"""A network as nengo-loihi's blocks: integers all the way, none of them scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
from nengo_loihi.block import Axon, LoihiBlock, Synapse
from nengo_loihi.builder import Model
from nengo_loihi.builder.discretize import array_to_int
from nengo_loihi.builder.split_blocks import split_model
from nengo_loihi.builder.validate import validate_model
from nengo_loihi.hardware.allocators import Greedy
from nengo_loihi.hardware.nxsdk_objects import Board
from nengo_loihi.hardware.validate import validate_board
from nengo_loihi.inputs import SpikeInput

from neuromorph.backends.loihi_emulator.failures import told_by_nengo_loihi
from neuromorph.network import CubaLIF, Network, Population, Projection
from neuromorph.numerics.limits import INPUT_SHIFT, STATE_MAX, WEIGHT_MIN

MIXED, EXCITATORY, INHIBITORY = 1, 2, 3
"""Sign modes of a synapse format; a mixed one holds even weights only."""


class Lowered:
    """A network's counterpart in nengo-loihi, before it is split.

    Attributes
    ----------
    model : nengo_loihi.builder.Model
    blocks : mapping of population name to LoihiBlock
        One a population of neurons. Splitting replaces those that do not fit on a core.
    inputs : mapping of source name to SpikeInput
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.model = Model(label=network.name)
        self.blocks: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        for population in network.populations:
            self._add(population)
        for number, projection in enumerate(network.projections):
            self._connect(number, projection)

    def finish(self) -> None:
        """Split what does not fit on a core, turn into integers, validate: in place.

        Raises
        ------
        BackendError
            With nengo-loihi's own text.
        """
        with told_by_nengo_loihi("cannot hold the network"):
            split_model(self.model)
            for block in self.model.blocks:
                self._discretise(block)
            validate_model(self.model)

    def place(self, chips: int, allocator: Any = None) -> Board:
        """Cores of at most ``chips`` chips for all blocks, by an allocator of nengo-loihi's.

        Raises
        ------
        BackendError
            With nengo-loihi's own text.
        """
        with told_by_nengo_loihi(f"cannot place the network on {chips} chip(s)"):
            board = (allocator or Greedy())(self.model, chips)
            validate_board(board)
        return board

    def _add(self, population: Population) -> None:
        if population.is_source:
            self.inputs[population.name] = SpikeInput(population.size, label=population.name)
            self.model.add_input(self.inputs[population.name])
        elif isinstance(population.model, CubaLIF):
            self.blocks[population.name] = _block(population, population.model)
            self.model.add_block(self.blocks[population.name])

    def _connect(self, number: int, projection: Projection) -> None:
        size = projection.weights.shape[1]
        synapse = Synapse(size, label=f"{number} {projection.name}")
        # float32 holds them exactly: at most 8 bits, shifted
        exponent = self.network.synapse_exponent(projection)
        weights = projection.weights.T.astype(np.float64)
        synapse.set_weights(weights * 2.0 ** (INPUT_SHIFT + exponent))
        _format(synapse, projection, exponent)
        self.blocks[projection.post].add_synapse(synapse)
        axon = Axon(size, label=projection.name)
        axon.target = synapse
        axon.set_compartment_axon_map(np.arange(size))
        (self.inputs.get(projection.pre) or self.blocks[projection.pre]).add_axon(axon)

    def _discretise(self, block: Any) -> None:
        """What nengo-loihi's own discretising does last, without its scaling before."""
        compartment = block.compartment
        for values in (compartment.decay_u, compartment.decay_v, compartment.vth,
                       compartment.bias):
            array_to_int(values, values.copy())
        for synapse in block.synapses:
            number = int(synapse.label.partition(" ")[0])
            projection = self.network.projections[number]
            # a split part has lost its own
            _format(synapse, projection, self.network.synapse_exponent(projection))
            for weights in synapse.weights:
                array_to_int(weights, weights.copy())


def _block(population: Population, model: CubaLIF) -> Any:
    """Compartments of one population; the chip adds the 1 that ``decay_u`` lacks."""
    block = LoihiBlock(population.size, label=population.name)
    compartment = block.compartment
    compartment.decay_u[:] = model.du - 1
    compartment.decay_v[:] = model.dv
    compartment.scale_u = compartment.scale_v = False
    compartment.vth[:] = int(model.vth) << INPUT_SHIFT
    compartment.bias[:] = int(model.bias_mant) << int(model.bias_exp)
    compartment.refract_delay[:] = 1  # the step of the spike itself, and no more
    compartment.vmin, compartment.vmax = -STATE_MAX, STATE_MAX
    return block


def _format(synapse: Any, projection: Projection, exponent: int) -> None:
    """The sign mode that keeps all bits of the weights, and the exponent."""
    low, high = projection.weights.min(), projection.weights.max()
    sign = EXCITATORY if low >= 0 else INHIBITORY if high <= 0 and low > WEIGHT_MIN else MIXED
    synapse.format(weight_exp=exponent, fanout_type=sign)
