"""The residual stream."""
