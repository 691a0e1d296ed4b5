"""Attention of any torch module, caught while it runs."""
