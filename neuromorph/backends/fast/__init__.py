"""Compiled integers: closed-form attention, and an event-driven engine for anything else."""
