"""Source that presents vectors one after the other, each in a spike code over a few steps."""
