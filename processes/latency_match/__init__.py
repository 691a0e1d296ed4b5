"""Graded latency neuron: it integrates, fires once past threshold, and says by how much."""
