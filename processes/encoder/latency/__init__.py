"""The latency code, made by stock neurons."""
