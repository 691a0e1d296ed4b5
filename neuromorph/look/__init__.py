"""Looking at one's own model: attention maps out of spikes, rasters, what is lost where."""

from neuromorph.look.figures import (
    attention,
    chips,
    context,
    energy,
    heads,
    hidden,
    raster,
    raster_whole,
)
from neuromorph.look.lengths import LengthFidelity, lengths
from neuromorph.look.maps import Maps, Seen, layer_name, maps, maps_of
from neuromorph.look.whole import whole_maps

__all__ = ["LengthFidelity", "Maps", "Seen", "attention", "chips", "context", "energy", "heads",
           "hidden", "layer_name", "lengths", "maps", "maps_of", "raster", "raster_whole",
           "whole_maps"]
