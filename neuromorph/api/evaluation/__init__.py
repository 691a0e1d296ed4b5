"""What a model lost in integers or spikes: the same text through it and through the float model."""
