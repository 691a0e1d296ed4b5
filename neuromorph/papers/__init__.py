"""Equations of papers in floats, which nothing needs to run spikes: figures and comparisons do."""
