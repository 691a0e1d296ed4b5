"""A whole transformer in integers: embedding, a chain of blocks, and a head."""
