"""What the project claims, measured: ``python -m benchmarks NAME``."""
