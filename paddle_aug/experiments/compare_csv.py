"""A comparison's CSV files, in English whatever the language of the report."""

from dataclasses import asdict

import numpy as np

from paddle_aug.experiments.compare_results import Cost, ModeRow, Results, part_folder
from paddle_aug.results.runlog import prefix
from paddle_aug.results.stats import Estimate, best_epoch
from paddle_aug.results.text import csv_text


def table_csv(results: Results) -> str:
    """A row a mode and fraction of the training list; accuracies from 0 to 1."""
    rows = []
    for fraction in results.runs:
        lost = [
            ModeRow(mode, Estimate(None, None, 0), None, (None, None))
            for mode in results.lost(fraction)
        ]
        for row in [*results.rows(fraction), *lost]:
            cost = Cost(None, None, None) if row in lost else results.cost(row.mode, fraction)
            comparison = row.comparison
            change = comparison.difference if comparison else None
            rows.append(
                {
                    "augmentation": row.mode,
                    "fraction": fraction,
                    "images": results.trained_on(fraction),
                    "seeds": row.accuracy.n,
                    "accuracy": row.accuracy.mean,
                    "margin": row.accuracy.margin,
                    "difference": change.mean if change else None,
                    "difference_margin": change.margin if change else None,
                    "pairs": change.n if change else None,
                    "p": change.p if change else None,
                    "p_holm": comparison.p if comparison else None,
                    "best_rank": row.rank[0],
                    "worst_rank": row.rank[1],
                    "learning_rate": results.state["rates"].get(
                        row.mode, results.settings["config"]["learning_rate"]
                    ),
                    **asdict(cost),
                    "diverged": len(results.diverged(fraction).get(row.mode, {})),
                }
            )
    return _csv(rows)


def runs_csv(results: Results) -> str:
    """A row a run; accuracies from 0 to 1."""
    rows = [
        {
            "augmentation": mode,
            "fraction": fraction,
            "seed": seed,
            "epochs": run.epochs,
            "accuracy": results.accuracies[fraction][mode].get(seed),
            **{name: _known(curve[-1]) for name, curve in run.curves.items()},
            "bestEval": _known(run.curves["accEval"][best_epoch(run.curves["accEval"])]),
            "logs": f"{(part_folder(fraction) / f'seed-{seed}').as_posix()}/{prefix(run.mode)}*",
            "seconds": sum(epoch["seconds"] for epoch in run.run["epochs"]),
            "diverged": run.diverged,
        }
        for fraction, by_mode in results.runs.items()
        for mode, by_seed in by_mode.items()
        for seed, run in sorted(by_seed.items())
    ]
    return _csv(rows)


def _known(value: float) -> float | None:
    """A number for CSV; None, an empty cell, for NaN and infinity."""
    return float(value) if np.isfinite(value) else None


def _csv(rows: list[dict]) -> str:
    return csv_text([list(rows[0]), *(row.values() for row in rows)])
