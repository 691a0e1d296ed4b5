"""The stock neuron with an input that keeps fractions, which stock Lava has no LIF for."""
