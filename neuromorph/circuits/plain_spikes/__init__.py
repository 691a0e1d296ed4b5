"""Networks with graded sources as such of plain spikes, for chips whose spikes carry nothing."""

from neuromorph.circuits.plain_spikes.letters import Letters
from neuromorph.circuits.plain_spikes.lower import in_plain_spikes
from neuromorph.circuits.plain_spikes.view import Lettered, lettered

__all__ = ["Lettered", "Letters", "in_plain_spikes", "lettered"]
