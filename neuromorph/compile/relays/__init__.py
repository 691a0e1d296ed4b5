"""Sums in parts, where a neuron has more synapses than a core can hold."""
