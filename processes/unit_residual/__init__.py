"""The residual stream behind a layer that was sent a unit vector."""
