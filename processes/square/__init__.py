"""The square of what arrived, from coarse to fine."""
