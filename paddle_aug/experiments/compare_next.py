"""What a comparison cannot tell yet, and the command that comes next."""

import math
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from paddle_aug.config import smaller_rate
from paddle_aug.experiments.compare_results import ModeRow, Results
from paddle_aug.results.language import _, count, listed
from paddle_aug.results.runlog import sound, stack
from paddle_aug.results.stats import ALPHA, Comparison, last_quarter, pairs_needed, still_rising
from paddle_aug.results.text import code, duration
from paddle_aug.system.program import replaced, sibling, tool, value_of

MAX_SEEDS = 30  # a difference that needs more is small beside the luck of one training
FEW = 200  # images to evaluate on; then their choice may matter more than the seeds
FOLDS = 5

# Options of compare that train and search do not take, or mean something else there.
OWN = (
    *("--modes", "--baseline", "--seeds", "--kfold", "--fractions", "--learning-rates"),
    *("--budget", "--racing", "--jobs", "--per-gpu", "--on", "--list-commands", "--out", "--lang"),
)


class Step(NamedTuple):
    """Why a command comes next, in a sentence or two, and the command."""

    text: str
    command: str


def too_early(results: Results) -> list[str]:
    """Why it is too early for an answer, a sentence each; [] if nothing speaks against one."""
    sentences = []
    epochs, recipe = results.settings["config"]["epochs"], results.state.get("recipe")
    if planned := _fewer_than(results):
        sentences.append(
            _(
                "Too early to tell: the runs had {epochs}, and the recipe {recipe} has {planned}; "
                "longer training tends to favour stronger augmentation."
            ).format(epochs=count(epochs, "epoch"), recipe=code(recipe["name"]), planned=planned)
        )
    leads = leading(results)
    if rises := {mode: rise for mode, rise in rising(results).items() if mode not in leads}:
        sentences.append(rises_text(rises, last_quarter(epochs), first=not sentences))
    return sentences


def growing(results: Results) -> list[str]:
    """A sentence on leads that may grow with more epochs, as their modes still rise; else []."""
    rises, last = rising(results), last_quarter(results.settings["config"]["epochs"])
    modes = [code(mode) for mode in leading(results) if mode in rises]
    text = _(
        "The eval accuracy of {modes} still rises in the last {last} epochs: the lead may grow."
    )
    return [text.format(modes=listed(modes), last=last)] if modes else []


def leading(results: Results) -> list[str]:
    """The modes that are shown to be better than the baseline."""
    comparisons = results.comparisons(results.main)
    return [mode for mode, comparison in comparisons.items() if comparison.word == "better"]


def rises_text(rises: Mapping[str, float], last: int, first: bool) -> str:
    """Which modes still rise in the last epochs, in a sentence, which may be the first one."""
    text = _("The eval accuracy of {modes} still rises in the last {last} epochs.")
    if first:
        text = _(
            "Too early to tell: the eval accuracy of {modes} still rises in the last {last} epochs."
        )
    risen = _("{mode} (by {points} points)")
    modes = [
        risen.format(mode=code(mode), points=f"{100 * rise:.1f}") for mode, rise in rises.items()
    ]
    return text.format(modes=listed(modes), last=last)


def rising(results: Results) -> dict[str, float]:
    """By how much the modes' mean eval curves still rise at their end, of those that do. Runs that
    stop early end where they no longer rise."""
    if results.settings["config"].get("early_stop"):
        return {}
    runs = {
        mode: sound([*by_seed.values()]) for mode, by_seed in results.runs[results.main].items()
    }
    return still_rising(
        {mode: stack(of_mode, "accEval") for mode, of_mode in runs.items() if of_mode}
    )


def next_step(results: Results) -> Step:
    """What would settle the question or, where it is settled, what to do with the answer."""
    settings, state = results.settings, results.state
    words = shlex.split(state["command"]) or tool("compare")
    if _unfinished(results):
        # A comparison that was stopped before its budget ended has not finished.
        if settings["budget"] is None or not state.get("finished", True):
            return Step(_("Not all runs are done. The same command continues:"), shlex.join(words))
        more = {"--budget": duration(2 * settings["budget"])}
        return _again(words, _("The budget ended before all runs were done. This continues:"), more)
    if any(map(results.diverged, results.runs)):
        more = {"--learning-rate": f"{smaller_rate(settings['config']):g}"}
        if rates := settings["rates"]:
            smaller = smaller_rate({**settings["config"], "learning_rate": min(rates)})
            more = {"--learning-rates": ",".join(f"{rate:g}" for rate in (smaller, *rates))}
        text = _("Runs diverged. This compares with a smaller learning rate:")
        return _elsewhere(results, words, text, more, "smaller-rate")
    if too_early(results):
        epochs = _fewer_than(results) or 2 * settings["config"]["epochs"]
        text = _("More epochs can change the answer. This compares after {epochs}:").format(
            epochs=count(epochs, "epoch")
        )
        return _elsewhere(results, words, text, {"--epochs": f"{epochs}"}, f"{epochs}-epochs")
    rows = [row for row in results.rows(results.main) if row.comparison]
    better = [row for row in rows if row.comparison.word == "better"]
    return _train(results, words, better[0].mode) if better else _more(results, words, rows)


def _train(results: Results, words: list[str], mode: str) -> Step:
    """Train with the best mode, as it was compared."""
    more = {"--augment": mode}
    if rate := results.state["rates"].get(mode):
        more["--learning-rate"] = f"{rate:g}"
    if results.unit == "fold" and results.state["data"].get("eval") == 0:
        more["--holdout"] = "0.25"  # training needs images to evaluate on
    text = _("This trains with {mode} and keeps the weights, which compare does not:")
    command = replaced(
        sibling(_with_recipe(results, words), "compare", "train"), _without_own(more)
    )
    return Step(text.format(mode=code(mode)), shlex.join(command))


def _more(results: Results, words: list[str], rows: list[ModeRow]) -> Step:
    """More seeds, or folds, where they can show a difference; else a search for another mode."""
    unclear = {row.mode: row.comparison for row in rows if not row.comparison.word}
    config, data = results.settings["config"], results.finished(results.main)[0].run["data"]
    seeds = len(results.settings["seeds"])
    folds_fit = not (config["holdout"] or config.get("early_stop") or results.settings["rates"])
    if results.unit == "seed" and unclear:
        if seeds == 1:
            text = _("One seed cannot tell a difference from chance. This trains five:")
            return _again(words, text, {"--seeds": "5"})
        if data["eval"] < FEW < data["train"] and folds_fit and not config.get("fold"):
            text = _(
                "With {images} to evaluate on, the choice of these images matters as much as the "
                "seed. This "
                "evaluates each of the {train} training images once:"
            ).format(images=count(data["eval"], "image"), train=f"{data['train']:,}")
            more = {"--seeds": None, "--kfold": f"{FOLDS}"}
            return _elsewhere(results, words, text, more, f"{FOLDS}-folds")
        needed = {mode: seeds_needed(comparison) for mode, comparison in unclear.items()}
        within = {mode: number for mode, number in needed.items() if number <= MAX_SEEDS}
        if within:
            number = max(seeds + 1, *within.values())
            text = _(
                "About {seeds} would show the difference of {modes}, if it is the one seen here. "
                "This trains those that are missing:"
            ).format(seeds=count(number, "seed"), modes=listed([*map(code, within)]))
            return _again(words, text, {"--seeds": f"{number}"})
    text = _("No mode of this comparison is shown to help. This searches for one that does:")
    drop = _without_own({"--early-stop": None, "--early-stop-by": None, "--fold": None})
    command = replaced(sibling(_with_recipe(results, words), "compare", "search"), drop)
    return Step(text, shlex.join(command))


def seeds_needed(comparison: Comparison) -> float:
    """The seeds that would show a difference like the one seen."""
    seen = comparison.difference
    if seen.spread == 0:  # the same with each seed: nothing is known of chance, or of its absence
        return seen.n + 2 if seen.mean else math.inf
    return pairs_needed(seen, ALPHA / comparison.among)


def _unfinished(results: Results) -> bool:
    """Whether runs are missing that racing has not left out."""
    if results.settings.get("racing") and results.state["finished"]:
        return False
    wanted = len(results.settings["seeds"])
    return any(
        len(by_seed) < wanted for by_mode in results.runs.values() for by_seed in by_mode.values()
    )


def _fewer_than(results: Results) -> int | None:
    """The epochs of the recipe where the comparison has fewer, and they ended a run before
    `--early-stop` did; else None."""
    config, recipe = results.settings["config"], results.state.get("recipe") or {"epochs": 0}
    most = max(run.epochs for run in results.finished(results.main))
    if config.get("early_stop") and most < config["epochs"]:
        return None
    return recipe["epochs"] if config["epochs"] < recipe["epochs"] else None


def _again(words: list[str], text: str, more: Mapping[str, str | None]) -> Step:
    return Step(text, shlex.join(replaced(words, more)))


def _elsewhere(
    results: Results, words: list[str], text: str, more: Mapping[str, str | None], name: str
) -> Step:
    """The comparison with settings that need a folder of their own."""
    out = value_of(words, "--out") or str(results.folder)
    return _again(words, text, {**more, "--out": f"{out.rstrip('/')}-{name}"})


def _with_recipe(results: Results, words: list[str]) -> list[str]:
    """The words with compare's recipe, as other commands have another default."""
    recipe = results.state.get("recipe")
    if recipe is None or {"-c", "--recipe"} & {word.partition("=")[0] for word in words}:
        return words
    return [*words, "--recipe", recipe["name"]]


def _without_own(more: Mapping[str, str | None]) -> dict[str, str | None]:
    return {**dict.fromkeys(OWN), **more}
