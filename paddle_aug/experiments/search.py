"""Searches for an augmentation that helps on a user's own data, within a budget of time.

Successive halving: many candidates are trained for a few epochs; the best third of them is trained
from scratch for more epochs and with more seeds, and so on. Each run is judged by a part of the
training list that it holds back. The winner and the baselines are then trained on the whole list
and tested on the eval list, which no choice has looked at. No two stages share a seed.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from itertools import product
from pathlib import Path

import numpy as np

from paddle_aug.config import TrainConfig, make_config, smaller_rate
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.remarks import refuse_one_class
from paddle_aug.errors import UserError
from paddle_aug.experiments import runner, search_page, search_report
from paddle_aug.experiments.runner import Engine, Local, Training, remove_weights, sharing_cores
from paddle_aug.experiments.search_parts import part_of, set_test_aside
from paddle_aug.experiments.search_plan import (
    MAX_TEST_SEEDS,
    MIN_CANDIDATES,
    MIN_TEST_EPOCHS,
    SLACK,
    Plan,
    Rung,
    Settings,
    make_plan,
    of_length,
    shortened,
    side_by_side,
)
from paddle_aug.experiments.state import SEARCH, VERSION, read_state, refuse_other
from paddle_aug.inputs import of_mode
from paddle_aug.results import runlog
from paddle_aug.results.stats import last_epochs, still_rising
from paddle_aug.results.table import paragraph
from paddle_aug.results.text import count, duration
from paddle_aug.system import tasks
from paddle_aug.system.files import remove_if_empty, set_aside, write_json
from paddle_aug.system.versions import versions
from paddle_aug.training.fit import check_start, named_files
from paddle_aug.training.pretrained import warn_of_shared_start

WEIGHTS = ("best.pdparams", "last.pdparams")

logger = logging.getLogger(__name__)


class Search:
    """A search in a folder. `state` is its search.json: all decisions, and every run that has
    ended."""

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
        dropped: Sequence[str] = (),
    ):
        """Open the folder's search, or begin one.

        `command` is the command line that trains with the mode that is appended to it, without the
        options that are `dropped`; `jobs`, `clock`, `engine` and `recipe` are as for a comparison
        (see `compare.Experiment`).

        Raises:
            UserError: the folder holds another search.
        """
        self.settings = settings
        self.folder = Path(folder)
        self.clock = clock
        self.engine = engine or Local()
        self.devices = self.engine.devices(settings.config, jobs)[: settings.candidates]
        self.data, tested_on = set_test_aside(settings, data)
        refuse_one_class(data)
        for mode in settings.against:
            check_start(of_mode(settings.config, mode), self.data)
        warn_of_shared_start(settings.config, data)
        self.state = {
            "version": VERSION,
            "settings": settings.asdict(),
            "command": command,
            "recipe": recipe and {"name": recipe, "epochs": make_config({}, recipe).epochs},
            "dropped": [*dropped],
            "data": {
                "name": data.name,
                "fingerprint": self.data.fingerprint,
                "train": len(self.data.train),
                "eval": len(self.data.eval),
                "tested_on": tested_on,
            },
            "versions": versions(),
            **named_files(settings.config),
            # Sums over another number of threads differ in their last bits.
            "threads": settings.config.threads or self.engine.threads(self.devices),
            "side_by_side": len(self.devices),
            "spent": 0.0,
            "candidates": settings.proposed(),
            "runs": [],
            "plan": None,
            "rungs": [],
            "final": None,
        }
        if self.file.exists():
            self.continue_earlier()
        self.started, self.spent_before = clock(), self.state["spent"]
        self.workers: list[tasks.Worker] = []

    def continue_earlier(self) -> None:
        """Take over what the folder's search has done. If it has only measured, as its budget was
        too short, the budget may change; if other settings do, its files are moved away."""
        earlier = read_state(self.file, SEARCH)
        planned = earlier["plan"] is not None
        free = frozenset() if planned else frozenset({"budget"})
        try:
            refuse_other(self.file, "search", earlier, self.state, free)
        except UserError:
            if planned:
                raise
            moved = set_aside([self.file, self.folder / "measure"])
            logger.info("measuring again; moved the measurements of other settings to %s", moved)
            return
        # Before runs could be side by side, their seconds were those of the search.
        earlier.setdefault("spent", sum(run["seconds"] for run in earlier["runs"]))
        own = ("settings", "command", "recipe", "dropped", "side_by_side")
        self.state |= earlier | {name: self.state[name] for name in own}

    @property
    def file(self) -> Path:
        return self.folder / "search.json"

    def write(self) -> None:
        self.state["spent"] = self.spent
        write_json(self.file, self.state)

    @property
    def spent(self) -> float:
        """Seconds so far, over all sessions."""
        return self.spent_before + self.clock() - self.started

    @property
    def jobs(self) -> int:
        """Runs side by side."""
        return len(self.devices)

    @property
    def left(self) -> float:
        return self.settings.budget - self.spent

    def run(self) -> dict:
        """Search, test and write the report; returns the state. Runs that earlier sessions finished
        are not repeated.

        Raises:
            UserError: the budget is too short for an honest answer.
        """
        threads = self.state["threads"]
        with self.engine.workers(self.data, self.devices, threads) as self.workers:
            self.started = self.clock()
            if self.state["plan"] is None:
                modes = count(len(self.settings.against), "mode")
                logger.info("measuring an epoch of %s, to plan the search", modes)
            measure = {"seeds": self.seeds_from(0, 1), "epochs": 1, "stopped": False}
            self.train("measure", measure, [*self.settings.against], lambda mode: True)
            if self.state["plan"] is None:
                self.plan()
            logger.info("%s", search_report.plan_text(self.state))
            for level in range(len(self.state["plan"]["rungs"])):
                if not self.climb(level):
                    break
            self.test()
        search_page.write(self.state, self.folder)
        return self.state

    def plan(self) -> None:
        """Decide on rungs and test by what the first runs took."""
        settings, epochs = self.settings, self.settings.config.epochs
        test_takes = partial(self.costs("final"), None)
        candidates, modes = len(self.state["candidates"]), 1 + len(settings.against)
        plan = make_plan(
            self.left,
            partial(self.costs("search"), None),
            test_takes,
            candidates,
            Rung(modes, epochs, settings.seeds),
            self.jobs,
        )
        if not isinstance(plan, Plan):
            rate = test_takes(1) - test_takes(0)
            least = duration(self.spent + plan, up=True)
            text = (
                f"--budget {duration(settings.budget)} is too short for an honest answer: an epoch "
                f"takes up to {rate:.1f} s, so an answer takes at least {least} "
                f"({min(MIN_CANDIDATES, candidates)} candidates, and a test of {modes} modes with "
                f"{settings.seeds} seeds for {min(MIN_TEST_EPOCHS, epochs)} epochs). Run the same "
                f"command with --budget {least} to continue, or with a smaller --image-size or "
                "--fraction, or with fewer modes in --against"
            )
            raise UserError(paragraph(text))
        self.state["plan"] = asdict(plan)
        self.write()

    def climb(self, level: int) -> bool:
        """Train the candidates of a rung and rank them; False if there was no time for it."""
        if level == len(self.state["rungs"]):
            self.state["rungs"].append(self.begin_rung(level))
            self.write()
        rung = self.state["rungs"][level]
        if rung["ranking"] is None:
            run_takes = self.costs("search")
            deadline = self.settings.budget - self.state["plan"]["reserved"]
            self.train(
                f"rung-{level}",
                rung,
                rung["candidates"],
                lambda mode: self.spent + run_takes(mode, rung["epochs"]) < deadline,
            )
            rung["ranking"] = self.ranking(f"rung-{level}", rung)
            self.write()
        if rung["ranking"] and rung["ranking"][0][1] is None:
            raise UserError(
                f"all {len(rung['ranking'])} candidates diverged: their losses were no longer "
                "finite numbers. Search again with another --out and "
                f"--learning-rate {smaller_rate(self.settings.config.asdict()):g}"
            )
        return bool(rung["ranking"])

    def begin_rung(self, level: int) -> dict:
        """The planned rung, or a smaller one if earlier runs took longer than planned."""
        planned = [Rung(**rung) for rung in self.state["plan"]["rungs"][level:]]
        run_takes = self.costs("search")
        candidates = self.state["candidates"]
        if level:
            ranking = self.state["rungs"][-1]["ranking"]
            candidates = [mode for mode, mean in ranking if mean is not None]

        def takes(rung: Rung) -> float:
            runs = [run_takes(mode, rung.epochs) for mode in candidates[: rung.candidates]]
            return side_by_side(runs * rung.seeds, self.jobs)

        available = self.left - self.state["plan"]["reserved"]
        first, *later = [takes(rung) for rung in planned]
        allowed = max(available * first / (first + sum(later)), available - sum(later))
        fitting = shortened(planned[0], allowed, takes)
        rung = fitting or planned[0]
        used_seeds = sum(len(earlier["seeds"]) for earlier in self.state["rungs"])
        return {
            "candidates": candidates[: rung.candidates] if fitting else [],
            "epochs": rung.epochs,
            "seeds": self.seeds_from(used_seeds, rung.seeds),
            "stopped": not fitting,
            "ranking": None,
        }

    def ranking(self, part: str, rung: dict) -> list[list]:
        """The candidates and their mean accuracies, best first. A candidate with a diverged run
        comes last and has None.

        Means are over the seeds that all candidates have. If time ran out during the first seed,
        the candidates that have it are ranked.
        """
        accuracies = search_report.accuracies(self.state, part)
        diverged = search_report.diverged(self.state, part)
        sound = [mode for mode in rung["candidates"] if mode not in diverged]
        modes = [mode for mode in sound if mode in accuracies]
        seen = [accuracies.get(mode, {}) for mode in sound]
        seeds = [*set(rung["seeds"]).intersection(*seen)] or rung["seeds"][:1]
        means = {mode: sum(accuracies[mode][seed] for seed in seeds) / len(seeds) for mode in modes}
        ranked = sorted(modes, key=means.get, reverse=True)
        return [[mode, means.get(mode)] for mode in [*ranked, *diverged]]

    @property
    def winner(self) -> str:
        ranked = [rung for rung in self.state["rungs"] if rung["ranking"]]
        return ranked[-1]["ranking"][0][0]

    def test(self) -> None:
        """Train the winner and the baselines on the whole list, and evaluate on the eval list."""
        if self.state["final"] is None:
            self.state["final"] = self.begin_test()
            self.write()
        final = self.state["final"]
        if not final["finished"]:
            self.train("final", final, final["modes"], lambda mode: self.left > 0)
            final["rising"] = still_rising(
                {
                    mode: self.eval_curves(mode)
                    for mode in search_report.accuracies(self.state, "final")
                }
            )
            final["finished"] = True
            self.write()

    def eval_curves(self, mode: str) -> np.ndarray:
        """Those of the mode's runs in the test that did not diverge."""
        final = self.state["final"]
        configs = [
            self.config_of("final", mode, seed, final["epochs"])
            for seed in search_report.accuracies(self.state, "final")[mode]
        ]
        runs = [runlog.read_run(config.log_dir, config.mode) for config in configs]
        return runlog.stack(runs, "accEval")

    def begin_test(self) -> dict:
        """The test's runs: as long as the time left allows, then with more seeds; the same for all
        modes."""
        modes = list(dict.fromkeys([self.winner, *self.settings.against]))
        run_takes = self.costs("final")

        def fits(epochs: int, seeds: int) -> bool:
            runs = [run_takes(mode, epochs) for mode in modes] * seeds
            return side_by_side(runs, self.jobs) <= SLACK * left

        left, seeds, most = self.left, self.settings.seeds, self.settings.config.epochs
        epochs = max((e for e in range(1, most + 1) if fits(e, seeds)), default=1)
        if epochs == most:
            more = range(seeds, MAX_TEST_SEEDS + 1)
            seeds = max((number for number in more if fits(epochs, number)), default=seeds)
        used_seeds = sum(rung["seeds"] for rung in self.state["plan"]["rungs"])
        return {
            "modes": modes,
            "epochs": epochs,
            "seeds": self.seeds_from(used_seeds, seeds),
            "last_epochs": last_epochs(epochs),
            "stopped": False,
            "finished": False,
        }

    def train(
        self, part: str, stage: dict, modes: list[str], in_time: Callable[[str], bool]
    ) -> None:
        """The runs of a stage, all modes with one seed before the next seed: wherever time runs
        out, the finished runs can be compared. A mode's run begins only if it is `in_time`."""
        if stage["stopped"]:
            return
        by_name = {}

        def trainings() -> Iterator[Training]:
            for seed, mode in product(stage["seeds"], modes):
                config = self.config_of(part, mode, seed, stage["epochs"])
                if self.finished(part, mode, seed):
                    self.remove_weights(part, config)
                    continue
                if not in_time(mode):
                    stage["stopped"] = True
                    return
                config = sharing_cores(config, self.engine, self.devices)
                select = partial(part_of, config.holdout, seed)
                name = f"{part} seed {seed} {mode}"
                by_name[name] = mode
                yield Training(name, config, select, weights=part == "final")

        for training, seconds in tasks.run(self.workers, trainings()):
            self.record(part, by_name[training.name], training.config, seconds)
            self.remove_weights(part, training.config)
        self.write()

    def config_of(self, part: str, mode: str, seed: int, epochs: int) -> TrainConfig:
        folder = self.folder / part / f"seed-{seed}"
        return replace(
            of_length(of_mode(self.settings.config, mode), epochs),
            seed=seed,
            holdout=self.held_back(part),
            threads=self.state["threads"],
            log_dir=str(folder),
            model_dir=str(folder / "weights"),
            resume=True,
        )

    def record(self, part: str, mode: str, config: TrainConfig, seconds: float) -> None:
        """Add a run that has ended to the state."""
        accuracy, in_epochs, diverged = runner.outcome(config)
        epochs = config.epochs
        if diverged:  # the log does not time the epoch in which it diverged
            epochs, in_epochs = diverged, seconds
        run = {
            "part": part,
            "mode": mode,
            "seed": config.seed,
            "epochs": epochs,
            # Epochs of earlier sessions are in the run's own log only.
            "seconds": max(seconds, in_epochs),
            "epoch_seconds": in_epochs / epochs,
            "accuracy": accuracy,
        }
        self.state["runs"].append(run)
        self.write()
        logger.info("%s", search_report.run_text(run, self.spent, self.settings.budget))

    def remove_weights(self, part: str, config: TrainConfig) -> None:
        """Remove the weights of a run, but for those of the winner in the test."""
        is_winner = part == "final" and config.mode == of_mode(config, self.winner).mode
        remove_weights(config, keep=WEIGHTS if is_winner else ())
        remove_if_empty(config.model_dir)

    def finished(self, part: str, mode: str, seed: int) -> dict | None:
        """A run's record, if the run has ended."""
        wanted = {"part": part, "mode": mode, "seed": seed}
        return next((run for run in self.state["runs"] if run.items() >= wanted.items()), None)

    def seeds_from(self, first: int, count: int) -> list[int]:
        return [(self.settings.config.seed + first + offset) % 2**32 for offset in range(count)]

    def held_back(self, part: str) -> float:
        """The share of the training list that a run in this part of the search holds back."""
        return 0.0 if part == "final" else self.settings.holdout

    @cached_property
    def works(self) -> dict[float, float]:
        """The cost of an epoch, in images trained on, by the share held back; evaluating an image
        costs a third of training on it."""
        config, works = self.settings.config, {}
        for holdout in (0.0, self.settings.holdout):
            data = part_of(holdout, config.seed, self.data)
            works[holdout] = len(data.train) + len(data.eval) / 3
        return works

    def costs(self, part: str) -> Callable[[str | None, int], float]:
        """A function that estimates the seconds of a mode's run, by its epochs, from earlier runs.
        It takes an untried mode, or None, to cost as much as the costliest of `against`.

        A run has a start, and each mode a rate for the work of an epoch.
        """
        starts: list[float] = []
        by_mode: dict[str, list[float]] = {}
        for run in self.state["runs"]:
            starts.append(run["seconds"] - run["epochs"] * run["epoch_seconds"])
            rate = run["epoch_seconds"] / self.works[self.held_back(run["part"])]
            by_mode.setdefault(run["mode"], []).append(rate)
        rates = {mode: sum(values) / len(values) for mode, values in by_mode.items()}
        start, other = sum(starts) / len(starts), max(rates[m] for m in self.settings.against)
        work = self.works[self.held_back(part)]
        return lambda mode, epochs: start + epochs * work * rates.get(mode, other)
