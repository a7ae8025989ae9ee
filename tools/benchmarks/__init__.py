"""Measurements of the package against others; tools/benchmark.py runs them."""
