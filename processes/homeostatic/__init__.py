"""A channel that keeps its mean and its spread by a gain and a threshold."""
