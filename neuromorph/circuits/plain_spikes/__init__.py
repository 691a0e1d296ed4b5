"""Networks with graded sources as such of plain spikes, for chips whose spikes carry nothing."""

from neuromorph.circuits.plain_spikes.letters import Letters, encode
from neuromorph.circuits.plain_spikes.lower import in_plain_spikes

__all__ = ["Letters", "encode", "in_plain_spikes"]
