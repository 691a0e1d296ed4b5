"""A leaky trace of errors that sends a learning rate."""
