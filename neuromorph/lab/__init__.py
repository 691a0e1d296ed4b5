"""The folder that a lab takes to its chip."""
