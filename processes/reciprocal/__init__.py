"""The emitting normaliser: a leaky sum that sends its reciprocal when it is asked."""
