"""The options that say where runs are trained, and how many of them side by side."""

import argparse
import re

from paddle_aug.errors import UserError


def add_engine(group: argparse._ArgumentGroup) -> None:
    """Add --jobs, --per-gpu and --on, for `engine_of`."""
    text = "runs side by side (default: one per GPU or CPU core)"
    group.add_argument("--jobs", type=int, default=0, help=text)
    text = "runs side by side on a GPU"
    group.add_argument("--per-gpu", type=int, default=1, metavar="K", help=text)
    text = "where to train: local, ray, or ray:HOST:PORT for the Ray cluster there"
    group.add_argument("--on", type=place, default="local", metavar="WHERE", help=text)


def place(text: str) -> str:
    """A place to train, as `--on` takes it."""
    if text != "local" and not re.fullmatch(r"ray(:[^:]+:\d+)?", text):
        raise UserError(f"--on {text} is none of local, ray, ray:HOST:PORT")
    return text


def address(where: str) -> str:
    """The address of the Ray cluster in a `place`."""
    return where.partition(":")[2] or "auto"


def engine_of(options: argparse.Namespace):
    """Where the runs are trained.

    Raises:
        UserError: an option is out of range, or there is no such cluster.
    """
    if options.jobs < 0:
        raise UserError(f"--jobs must not be negative: {options.jobs}")
    if options.per_gpu < 1:
        raise UserError(f"--per-gpu must be at least 1, not {options.per_gpu}")
    if options.on == "local":
        from paddle_aug.experiments.runner import Local, import_early

        import_early()
        return Local(options.per_gpu)
    from paddle_aug.experiments.on_ray import RayCluster

    return RayCluster(options.out, address(options.on), options.per_gpu)
