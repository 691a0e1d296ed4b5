"""A gated activation."""
