"""Twice what arrives."""
