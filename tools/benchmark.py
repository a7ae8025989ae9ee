"""Measure our ops, modes and loader against others: python tools/benchmark.py modes"""

from _clone import run
from benchmarks.command import main

if __name__ == "__main__":
    run(main)
