"""The emitting control neuron: a leaky sum, divided, scaled and sent."""
