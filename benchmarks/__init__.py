"""Measurements of gradproof beside other tools; each file runs by itself, e.g. `python -m benchmarks.bench_numeric`."""
