"""Compares augmentations on a user's own data: trains all modes with the same seeds.

A seed gives all modes the same first weights and the same images in the same order, so modes are
compared in pairs. Runs train side by side, each with its own logs. By these, a later session leaves
out the runs that are finished, and resumes those that were interrupted.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import paddle
from tqdm import tqdm

from paddle_aug.config import TrainConfig, make_config
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.remarks import refuse_one_class
from paddle_aug.data.split import select
from paddle_aug.errors import UserError
from paddle_aug.experiments import compare_results, runner
from paddle_aug.experiments.compare_plan import Order, Settings, Trial, all_trials
from paddle_aug.experiments.runner import (
    Engine,
    Local,
    Outcome,
    Training,
    remove_weights,
    sharing_cores,
)
from paddle_aug.experiments.state import COMPARISON, VERSION, read_state, refuse_other
from paddle_aug.inputs import of_mode, selected
from paddle_aug.results import runlog
from paddle_aug.results.text import duration
from paddle_aug.system import tasks
from paddle_aug.system.commit import commit
from paddle_aug.system.files import write_json
from paddle_aug.system.progress import no_bar
from paddle_aug.system.versions import versions
from paddle_aug.training.fit import check_start, named_files
from paddle_aug.training.pretrained import warn_of_shared_start
from paddle_aug.training.state import refuse_other_run

RATE_HOLDOUT = 0.25  # of the training list, to judge learning rates by

# Another session may ask for more of the same comparison.
MAY_CHANGE = frozenset({"modes", "name", "baseline", "seeds", "fractions", "budget", "racing"})

logger = logging.getLogger(__name__)


class Experiment:
    """A comparison in a folder. `state` is its compare.json: the settings and the learning rates
    that were chosen. The logs of the runs hold the measurements."""

    def __init__(
        self,
        settings: Settings,
        data: Dataset,
        folder: Path | str,
        command: str = "",
        jobs: int = 0,
        clock: Callable[[], float] = time.perf_counter,
        engine: Engine | None = None,
        recipe: str | None = None,
    ):
        """Open the folder's comparison, or begin one.

        `command` repeats it, with options of `recipe`; `jobs` is the number of runs side by side,
        0 for one a GPU or a core; `clock` returns seconds; `engine` trains, by default this
        machine.

        Raises:
            UserError: the folder holds another comparison, or the data has no such part to train
                on or nothing to evaluate on.
        """
        self.settings = settings
        self.data = data
        self.folder = Path(folder)
        self.clock = clock
        self.engine = engine or Local()
        self.devices = self.engine.devices(settings.config, jobs)[: len(all_trials(settings))]
        refuse_one_class(data)
        # What a run would be refused for is refused before any begins.
        for fold in dict.fromkeys(map(settings.fold, settings.seed_numbers)):
            part = selected(replace(settings.config, fold=fold), data)
        for mode in settings.modes:
            check_start(of_mode(settings.config, mode), part)
        if settings.config.holdout or fold:
            parts = [
                selected(replace(settings.config, seed=seed, fold=settings.fold(seed)), data)
                for seed in settings.seed_numbers[:2]
            ]
            warn_of_shared_start(settings.config, data, parts)
        if settings.config.early_stop and not part.test:
            raise UserError(
                f"{data.name} has no evaluation list, by which runs with --early-stop are judged; "
                "drop --early-stop, or write lists by tools/check.py --split"
            )
        self.state = {
            "version": VERSION,
            "settings": settings.asdict(),
            "command": command,
            "recipe": recipe and {"name": recipe, "epochs": make_config({}, recipe).epochs},
            "commit": commit(),
            "data": {
                "name": data.name,
                "fingerprint": data.fingerprint,
                "class_names": data.class_names,
                "eval": len(data.eval),
            },
            "versions": {**versions(), "paddle": paddle.__version__},
            **named_files(settings.config),
            # Sums over another number of threads differ in their last bits.
            "threads": settings.config.threads or self.engine.threads(self.devices),
            "side_by_side": len(self.devices),
            "rates": {},
            "tuning": [],
            "spent": 0.0,
            "finished": False,
        }
        if self.file.exists():
            earlier = read_state(self.file, COMPARISON)
            refuse_other(self.file, "comparison", earlier, self.state, MAY_CHANGE)
            for name in ("threads", "spent", "rates", "tuning"):
                self.state[name] = earlier[name]
            for name in ("imports", "files"):  # earlier versions did not write them
                self.state[name] |= earlier.get(name, {})
        self.started, self.spent_before = clock(), self.state["spent"]
        self.outcomes: dict[Trial, Outcome] = {}

    @property
    def file(self) -> Path:
        return self.folder / compare_results.STATE

    def run(self, meanwhile: Callable[[], None] | None = None) -> compare_results.Results:
        """Train all runs that are not finished yet, and call `meanwhile` once the first of those to
        compare have begun.

        Raises:
            UserError: a run is refused, or its process died too often.
        """
        tuning = self.tuning()
        total = len(all_trials(self.settings)) + len(tuning)
        with (
            self.engine.workers(self.data, self.devices, self.state["threads"]) as workers,
            tqdm(total=total, unit="run", disable=no_bar()) as bar,
        ):
            self.started = self.clock()
            self.write()
            self.train(tuning, workers, bar)
            self.choose_rates(tuning)
            order = Order(self.settings, self.outcome, self.spent, len(workers))
            self.train(order, workers, bar, meanwhile)
            self.state["finished"] = True
            self.write()
        return compare_results.read(self.folder)

    def unfinished(self) -> list[TrainConfig]:
        """The configs of the runs that have not ended."""
        self.write()
        trials = [trial for trial in all_trials(self.settings) if not self.outcome(trial)]
        return [self.training(trial).config for trial in trials]

    def train(
        self,
        trials: Iterable[Trial],
        workers: list[tasks.Worker],
        bar: tqdm,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """Train those that are not finished."""
        by_name = {}

        def trainings() -> Iterator[Training]:
            for trial in trials:
                by_name[str(trial)] = trial
                if self.outcome(trial):
                    self.refuse_other_run(trial)
                    remove_weights(self.config_of(trial))
                    bar.update()
                else:
                    yield self.training(trial)

        try:
            for training, _ in tasks.run(workers, trainings(), meanwhile):
                remove_weights(training.config)
                bar.update()
                self.write()
                accuracy, seconds, diverged = self.outcome(by_name[training.name])
                if diverged:
                    logger.warning("%s: diverged in epoch %d", training.name, diverged)
                    continue
                logger.info("%s: %.1f %% (%s)", training.name, 100 * accuracy, duration(seconds))
            self.remove_empty_folders()
        finally:
            self.write()

    def write(self) -> None:
        self.state["spent"] = self.spent()
        self.state["diverged"] = [
            {"run": str(trial), "epoch": outcome.diverged}
            for trial, outcome in self.outcomes.items()
            if outcome.diverged
        ]
        write_json(self.file, self.state)

    def spent(self) -> float:
        """Seconds so far, over all sessions."""
        return self.spent_before + self.clock() - self.started

    def tuning(self) -> list[Trial]:
        """The runs that choose learning rates, for the modes that have none yet."""
        return [
            Trial(mode, self.settings.config.seed, self.settings.main, rate)
            for mode in self.settings.modes
            for rate in self.settings.rates
            if mode not in self.state["rates"]
        ]

    def choose_rates(self, tuning: list[Trial]) -> None:
        """Give each mode the learning rate that did best, the first of several equals; the smallest
        if all of them diverged."""
        by_mode: dict[str, dict[float, float]] = {}
        for trial in tuning:
            accuracy = self.outcome(trial).accuracy
            self.state["tuning"].append(
                {"mode": trial.mode, "rate": trial.rate, "accuracy": accuracy}
            )
            score = -trial.rate if accuracy is None else accuracy
            by_mode.setdefault(trial.mode, {})[trial.rate] = score
        for mode, scores in by_mode.items():
            self.state["rates"][mode] = max(scores, key=scores.get)
        self.write()

    def training(self, trial: Trial) -> Training:
        config = sharing_cores(self.config_of(trial), self.engine, self.devices)
        return Training(str(trial), config, self.part(trial), weights=False)

    def part(self, trial: Trial) -> Callable[[Dataset], Dataset]:
        """A function that takes the trial's part of the data."""
        if trial.rate is None:
            return partial(selected, self.config_of(trial))
        return partial(held_back, self.config_of(trial), self.settings.config.holdout)

    def config_of(self, trial: Trial) -> TrainConfig:
        config = of_mode(self.settings.config, trial.mode)
        folder = compare_results.part_folder(trial.fraction)
        if trial.rate is not None:
            folder = Path("tuning", f"lr-{trial.rate:g}")
        folder /= f"seed-{trial.seed}"
        return replace(
            config,
            seed=trial.seed,
            fraction=trial.fraction,
            fold=self.settings.fold(trial.seed),
            learning_rate=trial.rate or self.state["rates"].get(trial.mode, config.learning_rate),
            holdout=config.holdout if trial.rate is None else RATE_HOLDOUT,
            threads=self.state["threads"],
            log_dir=str(self.folder / folder),
            model_dir=str(self.folder / "models" / folder),
            resume=True,
        )

    def outcome(self, trial: Trial) -> Outcome | None:
        """What a run came to; None if it has not ended."""
        if trial not in self.outcomes and (outcome := runner.outcome(self.config_of(trial))):
            self.outcomes[trial] = outcome
        return self.outcomes.get(trial)

    def refuse_other_run(self, trial: Trial) -> None:
        """Stop where a finished run had other settings or other data."""
        config = self.config_of(trial)
        file = runlog.run_file(config.log_dir, config.mode)
        log = runlog.read_run_file(config.log_dir, config.mode)
        refuse_other_run(file, log, config, self.part(trial)(self.data))

    def remove_empty_folders(self) -> None:
        """Remove the folders of removed weights. Only between trainings: a run that has just begun
        has an empty folder, too."""
        for folder, _, _ in os.walk(self.folder / "models", topdown=False):
            if not os.listdir(folder) and not os.path.islink(folder):
                os.rmdir(folder)


def held_back(config: TrainConfig, holdout: float, data: Dataset) -> Dataset:
    """The data of a run that chooses a learning rate: the training list of the compared runs, which
    hold back `holdout` of it, divided into a part to train on and a part to evaluate on."""
    train = replace(selected(replace(config, holdout=holdout), data), eval=[], test=[])
    return replace(select(train, holdout=RATE_HOLDOUT, seed=config.seed), test=[])
