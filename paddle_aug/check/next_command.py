"""The command that trains on checked data, with the recipe that suits this machine."""

import shlex
from collections.abc import Sequence

from paddle_aug.data.samples import Found
from paddle_aug.results.language import _
from paddle_aug.system.machine import has_gpu, has_imagenet
from paddle_aug.system.program import tool

HOLDOUT = ("--holdout", "0.25")


def recipe() -> str:
    """The notebook's with a GPU; without one, a linear head on ImageNet's features, or a thin
    network where their weights are not installed."""
    if has_gpu():
        return "aistudio"
    return "probe" if has_imagenet() else "small"


def training(words: Sequence[str]) -> str:
    """The command that trains on the data that these options name."""
    return next_line([*words, "--recipe", recipe()])


def next_line(words: Sequence[str]) -> str:
    """The line with the command that trains with these options."""
    return _("next: {command}").format(command=shlex.join([*tool("train"), *words]))


def training_on(found: Found, words: Sequence[str]) -> str:
    """The same, which holds a part back if the data has nothing to evaluate on."""
    if list(words) == ["--data", "sample"]:  # has a recipe of its own, by default
        return next_line([*words, "--augment", "all"])
    return training([*words, *(() if found.eval or found.test else HOLDOUT)])
