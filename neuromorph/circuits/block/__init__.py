"""A transformer block as a clocked spiking network: hidden state in, hidden state out."""
