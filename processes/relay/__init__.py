"""A relay: it sends on what its synapses bring, and keeps nothing."""
