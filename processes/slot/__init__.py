"""Slots in turn."""
