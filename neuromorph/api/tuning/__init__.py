"""What a wanted fidelity costs: kinds of spikes, slots and options tried, judged by the model."""
