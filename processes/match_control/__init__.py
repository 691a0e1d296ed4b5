"""Match-and-control neurons: each finds the axon that fires in step with it, and follows it."""
