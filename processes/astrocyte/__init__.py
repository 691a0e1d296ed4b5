"""An astrocyte: it gathers calcium slowly, and divides what passes its synapses by it."""
