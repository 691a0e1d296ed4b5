"""A sum scaled by a constant of each neuron, clipped and sent."""
