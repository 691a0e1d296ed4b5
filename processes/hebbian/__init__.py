"""Dense synapses that learn by a rule given as data."""
