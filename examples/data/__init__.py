"""Data that examples and benchmarks read, where it is installed; benchmarks may import this."""
