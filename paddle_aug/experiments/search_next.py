"""What a search cannot tell yet, and the command that comes next."""

import shlex

from paddle_aug.augment.modes import COMPARED_MODES
from paddle_aug.experiments.compare_next import MAX_SEEDS, Step, rises_text, seeds_needed
from paddle_aug.results.language import _, count, listed
from paddle_aug.results.stats import Comparison, last_quarter
from paddle_aug.results.text import code
from paddle_aug.system.program import replaced, sibling, tool
from paddle_aug.system.script_task import kept

MIN_SEEDS = 5


def too_early(state: dict, comparisons: dict[str, Comparison]) -> list[str]:
    """Why it is too early for an answer, a sentence each; [] if nothing speaks against one."""
    final, recipe = state["final"], state.get("recipe") or {"epochs": 0}
    planned, sentences = state["settings"]["config"]["epochs"], []
    if final["epochs"] < planned >= recipe["epochs"]:
        text = _(
            "Too early to tell: the runs of the test had {epochs}, and the settings have "
            "{planned}; longer training tends to favour stronger augmentation."
        )
        sentences = [text.format(epochs=count(final["epochs"], "epoch"), planned=planned)]
    elif final["epochs"] < recipe["epochs"]:
        text = _(
            "Too early to tell: the runs of the test had {epochs}, and the recipe {recipe} has "
            "{planned}; longer training tends to favour stronger augmentation."
        )
        epochs, planned = count(final["epochs"], "epoch"), recipe["epochs"]
        sentences = [text.format(epochs=epochs, recipe=code(recipe["name"]), planned=planned)]
    rises = dict(final.get("rising") or {})
    if all(comparison.word == "better" for comparison in comparisons.values()):
        rises.pop(final["modes"][0], None)  # the lead can only grow
    if rises:
        sentences.append(rises_text(rises, last_quarter(final["epochs"]), first=not sentences))
    return sentences


def next_step(state: dict, means: dict[str, float], comparisons: dict[str, Comparison]) -> Step:
    """What would settle the question or, where it is settled, what to do with the answer. `means`
    are the accuracies of the test by mode, and `comparisons` the winner's with the others."""
    winner, *others = state["final"]["modes"]
    train = replaced(shlex.split(state["command"]), {"--augment": None}) or tool("train")
    dropped = ""
    if options := state.get("dropped"):
        text = _(" It has no {options}, which saved time in the search.")
        dropped = text.format(options=listed([*map(code, options)]))
    compared = [mode for mode in others if mode in comparisons]
    beaten = [mode for mode in compared if comparisons[mode].word == "worse"]
    settled = len(compared) == len(others) > 0 and all(one.word for one in comparisons.values())
    if settled and not too_early(state, comparisons):
        mode = max(beaten, key=means.get) if beaten else winner
        text = (
            _("This trains with {mode}.") if beaten else _("This trains with the winner, {mode}.")
        )
        command = replaced(train, {"--augment": mode})
        return Step(f"{text.format(mode=code(mode))}{dropped}", shlex.join(command))
    needed = [seeds_needed(one) for one in comparisons.values() if not one.word]
    seeds = max([MIN_SEEDS, *(number for number in needed if number <= MAX_SEEDS)])
    modes = list(dict.fromkeys([*(others or COMPARED_MODES), winner]))
    text = _(
        "The search does not settle it. This compares the modes of its test, with {seeds} each."
    )
    if not others:
        text = _("The test had one mode. This compares it with others, with {seeds} each.")
    command = replaced(
        sibling(train, "train", "compare"),
        {
            "--visualdl": None,  # which compare does not take
            "--modes": ",".join(modes),
            "--seeds": f"{seeds}",
            "--out": kept("logs/compare-winner"),
        },
    )
    return Step(f"{text.format(seeds=count(seeds, 'seed'))}{dropped}", shlex.join(command))
