"""Measure speed and likeness to other libraries; in a clone only."""

from paddle_aug.errors import UserError


def main() -> None:
    raise UserError(
        "the benchmarks need the folders tools and docs of a clone, which are not installed: "
        "there, python tools/benchmark.py --help"
    )
