"""Measurements of gradproof beside other tools: `python -m benchmarks.numeric`."""
