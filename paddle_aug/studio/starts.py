"""Where to begin: the recipe's augmentation, and the winners of searches and comparisons."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.experiments.state import SEARCH, read_state
from paddle_aug.inputs import named_pipelines
from paddle_aug.studio.state import Studio

MAX_FOLDERS = 2000  # that are looked through below --logs


def starts(studio: Studio) -> list[dict]:
    """Augmentations to begin with: the text, what proposes it and, if it was measured, its
    accuracy and its lead over the baseline in points."""
    config, logs = studio.config, studio.options.logs
    found = []
    if config.augment != "none":
        found.append(
            {"kind": "recipe", "from": studio.options.recipe or "", "text": config.augment}
        )
    for file in _files(logs) if logs else ():
        try:
            found.append(_of_search(file) if file.name == "search.json" else _of_comparison(file))
        except (UserError, LookupError, ValueError):
            continue  # the Runs tab says what is wrong with it
    return found


def _files(logs: Path) -> Iterator[Path]:
    """The states of searches and comparisons in a folder and in those below it."""
    for seen, (folder, folders, names) in enumerate(os.walk(logs)):
        if seen >= MAX_FOLDERS:
            return
        folders[:] = sorted(name for name in folders if not name.startswith((".", "seed-")))
        for name in ("search.json", "compare.json"):
            if name in names:
                yield Path(folder) / name


def _of_search(file: Path) -> dict:
    """The winner of a search that has been tested."""
    # Matplotlib, which this module draws with, takes a second.
    from paddle_aug.experiments.search_report import accuracies, compared

    state = read_state(file, SEARCH)
    winner = state["final"]["modes"][0] if state["final"] else ""
    leads = compared(state) if winner else {}
    by_seed = accuracies(state, "final").get(winner, {}) if winner else {}
    if not by_seed:
        raise UserError(f"{file} has no winner yet")
    baseline = "none" if "none" in leads else next(iter(leads), "")
    return {
        "kind": "search",
        "from": file.parent.name,
        "text": _text(state["settings"]["config"], winner),
        "accuracy": sum(by_seed.values()) / len(by_seed),
        "seeds": len(by_seed),
        "baseline": baseline,
        "lead": leads[baseline].points if baseline else "",
        "shown": bool(baseline) and leads[baseline].shown,
    }


def _of_comparison(file: Path) -> dict:
    """The best mode of a comparison."""
    # SciPy takes a third of a second.
    from paddle_aug.experiments.compare_results import read

    results = read(file.parent)
    best = results.rows(results.main)[0]
    return {
        "kind": "compare",
        "from": file.parent.name,
        "text": _text(results.settings["config"], best.mode),
        "accuracy": best.accuracy.mean,
        "seeds": best.accuracy.n,
        "baseline": results.baseline if best.comparison else "",
        "lead": best.comparison.points if best.comparison else "",
        "shown": best.comparison is not None and best.comparison.shown,
    }


def _text(config: dict, mode: str) -> str:
    """A mode as a pipeline, if the config names one so."""
    return named_pipelines(replace(TrainConfig(), name=config.get("name"))).get(mode, mode)
