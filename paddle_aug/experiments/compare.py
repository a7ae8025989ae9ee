"""Which augmentation helps on one's own data: the same modes trained with the same seeds.

A seed gives all modes the same first weights and the same images in the same order, so that they
are compared in pairs. Runs go on side by side, each in a folder of its own that says how far it is:
what is there is not done again, and what was interrupted goes on.
"""

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import paddle
from tqdm import tqdm

from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.split import select
from paddle_aug.errors import UserError
from paddle_aug.experiments import compare_report
from paddle_aug.experiments.runner import Died, Trainer, Training, ended, trainers
from paddle_aug.experiments.search import HOLDOUT, check_mode
from paddle_aug.inputs import of_mode, selected
from paddle_aug.results import runlog
from paddle_aug.results.stats import difference, last_epochs, last_mean, margin
from paddle_aug.results.text import duration
from paddle_aug.system.files import locked, refuse_unwritable, remove, write_json
from paddle_aug.system.processes import cores
from paddle_aug.system.signals import take_back
from paddle_aug.system.versions import commit, versions
from paddle_aug.training.distributed import processes
from paddle_aug.training.fit import MAY_CHANGE, MODEL_FILES, model_file, refuse_other_run

FIRST_SEEDS = 3  # that a budget is spent on before it goes where intervals are widest
TRIES = 3  # of a run whose process dies before another epoch is finished
POLL = 10.0  # seconds


@dataclass(frozen=True)
class Settings:
    """What is compared: `config` is how all runs train.

    Each mode is trained with `seeds` seeds on each of the `fractions` of the training list. With
    `rates`, its learning rate is the one of them that did best on a held-back part of that list.
    `budget` are the seconds that all may take, None for as long as it takes.
    """

    config: TrainConfig
    modes: tuple[str, ...]
    baseline: str
    seeds: int = 5
    fractions: tuple[float, ...] = (1.0,)
    rates: tuple[float, ...] = ()
    budget: float | None = None

    def __post_init__(self):
        if len(self.modes) < 2:
            raise UserError("--modes wants two modes at least, such as none,userDef")
        for mode in self.modes:
            check_mode(self.config, mode)
            if self.modes.count(mode) > 1:
                raise UserError(f"--modes has {mode} twice")
        if self.baseline not in self.modes:
            raise UserError(f"--baseline {self.baseline} is not of --modes {','.join(self.modes)}")
        if self.seeds < 1:
            raise UserError(f"--seeds must be at least 1, not {self.seeds}")
        for option, values in (("--fractions", self.fractions), ("--lr", self.rates)):
            if len(set(values)) < len(values):
                raise UserError(f"{option} has a value twice")
        for share in self.fractions:
            if not 0 < share <= 1:
                raise UserError(f"--fractions: {share:g} is not above 0 and at most 1")
        for rate in self.rates:
            if not 0 < rate < math.inf:
                raise UserError(f"--lr: {rate:g} is not a rate above 0")

    @property
    def main(self) -> float:
        """The part of the training list that the answer is about: the largest."""
        return max(self.fractions)

    @property
    def numbers(self) -> list[int]:
        """The seeds themselves."""
        return [(self.config.seed + each) % 2**32 for each in range(self.seeds)]

    def asdict(self) -> dict:
        """As plain values."""
        free = {*MAY_CHANGE, "augment", "mix", "fraction"} - {"epochs"}
        config = {name: value for name, value in self.config.asdict().items() if name not in free}
        return {
            "config": config,
            "modes": list(self.modes),
            "baseline": self.baseline,
            "seeds": self.numbers,
            "fractions": list(self.fractions),
            "rates": list(self.rates),
            "budget": self.budget,
        }


@dataclass(frozen=True)
class Trial:
    """A run of the experiment. With a `rate` it is one of those that choose the learning rate."""

    mode: str
    seed: int
    fraction: float
    rate: float | None = None

    def __str__(self):
        part = "" if self.fraction == 1 else f" {100 * self.fraction:g} %"
        tuning = "" if self.rate is None else f" learning rate {self.rate:g}"
        return f"seed {self.seed} {self.mode}{part}{tuning}"


# What another session of the same experiment may ask for: more of it.
MAY_GROW = {"modes", "baseline", "seeds", "fractions", "budget"}


class Experiment:
    """An experiment in a folder. Its compare.json tells what was asked for and chosen; what was
    measured stands in the logs of its runs."""

    def __init__(
        self,
        settings: Settings,
        data: Dataset,
        folder: Path | str,
        command: str = "",
        jobs: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ):
        """Open the folder's experiment, or begin one.

        `command` repeats it, `jobs` is how many runs go on side by side, 0 for one a GPU or a core,
        and `clock` tells seconds.

        Raises:
            UserError: the folder holds another experiment, or cannot be written to.
        """
        if processes() > 1:
            raise UserError(
                "compare starts its own processes, one a GPU; start it without "
                "paddle.distributed.launch"
            )
        take_back()
        self.settings = settings
        self.data = data
        self.folder = Path(folder)
        self.clock = clock
        self.devices = devices(settings.config, jobs)[: len(self.trials())]
        threads = settings.config.threads or max(1, cores() // len(self.devices))
        refuse_unwritable(folder, "--out")
        self.state = {
            "settings": settings.asdict(),
            "command": command,
            "commit": commit(),
            "data": {
                "name": data.name,
                "fingerprint": data.fingerprint,
                "class_names": data.class_names,
            },
            "versions": {**versions(), "paddle": paddle.__version__},
            # Sums of another number of threads differ in their last bits.
            "threads": threads,
            "side_by_side": len(self.devices),
            "rates": {},
            "tuning": [],
            "spent": 0.0,
            "finished": False,
        }
        if self.file.exists():
            earlier = compare_report.read_state(self.file)
            self.refuse_other(earlier)
            for name in ("threads", "spent", "rates", "tuning"):
                self.state[name] = earlier[name]
        self.logs: dict[Trial, dict] = {}  # of the runs that are finished

    @property
    def file(self) -> Path:
        return self.folder / compare_report.STATE

    def refuse_other(self, earlier: dict) -> None:
        """Stop where the folder's experiment asked for something else."""
        before, now = dict(earlier["settings"]), dict(self.state["settings"])
        for part in (before, now):
            part |= part.pop("config")
        for name in now:
            if name not in MAY_GROW and before.get(name) != now[name]:
                option = {"rates": "--lr"}.get(name, flag(name))
                raise UserError(
                    f"{self.file} is a comparison with {option} {before.get(name)}, this one has "
                    f"{now[name]}; give the same to go on, or another --out"
                )
        if earlier["data"]["fingerprint"] != self.data.fingerprint:
            raise UserError(
                f"{self.file} is a comparison on other data, or its lists have changed since; give "
                "another --out"
            )

    def run(self) -> compare_report.Results:
        """Do what is not done yet, and report.

        Raises:
            UserError: a run cannot be done.
        """
        taken = (
            f"another comparison is at work in {self.folder}; wait for it, or give another --out"
        )
        with locked(self.folder, taken):
            self.write()
            with trainers(self.data, self.devices) as workers:
                bar = tqdm(total=len(self.trials()) + len(self.tuning()), unit="run", disable=None)
                with bar:
                    self.do(iter(self.tuning()), workers, bar)
                    self.choose_rates()
                    self.do(self.in_order(), workers, bar)
            self.state["finished"] = True
            self.write()
        return compare_report.read(self.folder)

    def write(self) -> None:
        write_json(self.file, self.state)

    def tuning(self) -> list[Trial]:
        """The runs that choose learning rates, those of a mode that has one left out."""
        if not self.settings.rates:
            return []
        return [
            Trial(mode, self.settings.config.seed, self.settings.main, rate)
            for mode in self.settings.modes
            for rate in self.settings.rates
            if mode not in self.state["rates"]
        ]

    def trials(self) -> list[Trial]:
        """The runs that are compared: the largest part first, and all modes with one seed before
        the next one, so that there is something to compare wherever it ends."""
        return [
            Trial(mode, seed, fraction)
            for fraction in sorted(self.settings.fractions, reverse=True)
            for seed in self.settings.numbers
            for mode in self.settings.modes
        ]

    def in_order(self) -> Iterator[Trial]:
        """The runs in the order in which they are begun, as far as the budget goes."""
        trials = self.trials()
        if self.settings.budget is None:
            yield from trials
            return
        begun = [trial for trial in trials if self.finished(trial)]
        yield from begun
        for trial in trials:
            if trial.seed in self.settings.numbers[:FIRST_SEEDS] and trial not in begun:
                if not self.affordable([trial]):
                    return
                begun.append(trial)
                yield trial
        while pair := self.widest(begun):
            for trial in pair:
                begun.append(trial)
                yield trial

    def widest(self, begun: list[Trial]) -> list[Trial]:
        """The next run, and the baseline's of the same seed where there is none: of all that can be
        paid, the one that narrows an interval of a difference most for its time.

        Only spreads and times are looked at, and never which mode is ahead: a comparison that goes
        on until it likes its answer would find differences where there are none.
        """
        done = self.accuracies()
        best, most = [], -1.0
        for fraction in sorted(self.settings.fractions, reverse=True):
            for mode in self.settings.modes:
                pair = self.next_pair(mode, fraction, begun)
                if not pair or not self.affordable(pair):
                    continue
                gain = self.narrowing(mode, done.get(fraction, {}), self.count(begun, pair[-1]))
                # Where no run has ended yet, all take as long as far as is known.
                gain /= sum(self.expected(trial) for trial in pair) or 1.0
                if gain > most:
                    best, most = pair, gain
        return best

    def narrowing(self, mode: str, found: dict[str, dict[int, float]], count: int) -> float:
        """By how much one more pair than `count` is likely to narrow the interval of a mode's
        difference; 0 where that is not known."""
        values, baseline = found.get(mode, {}), found.get(self.settings.baseline, {})
        if count < 2 or not values.keys() & baseline.keys():
            return 0.0
        spread = difference(values, baseline).spread
        return margin(spread, count) - margin(spread, count + 1) if spread else 0.0

    def count(self, begun: list[Trial], like: Trial) -> int:
        """The runs of the same mode on the same part that have been begun."""
        return sum((each.mode, each.fraction) == (like.mode, like.fraction) for each in begun)

    def next_pair(self, mode: str, fraction: float, begun: list[Trial]) -> list[Trial]:
        """A run of the first seed that the mode has not been begun with, behind that of the
        baseline; none for the baseline itself."""
        if mode == self.settings.baseline:
            return []
        for seed in self.settings.numbers:
            trial = Trial(mode, seed, fraction)
            if trial not in begun:
                other = replace(trial, mode=self.settings.baseline)
                return [trial] if other in begun else [other, trial]
        return []

    def affordable(self, trials: list[Trial]) -> bool:
        """Whether runs, begun now, will be over within the budget."""
        return self.spent + sum(self.expected(trial) for trial in trials) <= self.settings.budget

    def expected(self, trial: Trial) -> float:
        """Seconds that a run takes by those of the same mode, else of any; 0 before the first."""
        seconds = {}
        for other in self.trials():
            run = self.log(other)
            if run.get("finished"):
                per_image = sum(epoch["seconds"] for epoch in run["epochs"]) / other.fraction
                seconds.setdefault(other.mode, []).append(per_image)
        known = seconds.get(trial.mode) or [each for some in seconds.values() for each in some]
        return trial.fraction * float(np.mean(known)) if known else 0.0

    def accuracies(self) -> dict[float, dict[str, dict[int, float]]]:
        """Of the finished runs: by part of the list, mode and seed."""
        found: dict[float, dict[str, dict[int, float]]] = {}
        for trial in self.trials():
            if self.finished(trial):
                of_mode = found.setdefault(trial.fraction, {}).setdefault(trial.mode, {})
                of_mode[trial.seed] = self.accuracy(trial)
        return found

    def accuracy(self, trial: Trial) -> float:
        """What a finished run has come to."""
        config = self.config_of(trial)
        run = runlog.read_run(config.log_dir, config.mode)
        return last_mean(run.curves["accEval"], last_epochs(run.epochs))

    def choose_rates(self) -> None:
        """Give each mode the learning rate that did best; of equals the first."""
        for mode in dict.fromkeys(trial.mode for trial in self.tuning()):
            tried = [trial for trial in self.tuning() if trial.mode == mode]
            found = [(trial.rate, self.accuracy(trial)) for trial in tried]
            self.state["tuning"] += [
                {"mode": mode, "rate": rate, "accuracy": accuracy} for rate, accuracy in found
            ]
            self.state["rates"][mode] = max(found, key=lambda pair: pair[1])[0]
        self.write()

    def folder_of(self, trial: Trial) -> Path:
        """Where a run's logs are, below the experiment's folder."""
        part = compare_report.part_folder(trial.fraction)
        if trial.rate is not None:
            part = Path("tuning", f"lr-{trial.rate:g}")
        return part / f"seed-{trial.seed}"

    def config_of(self, trial: Trial) -> TrainConfig:
        settings = self.settings
        folder = self.folder_of(trial)
        config = of_mode(settings.config, trial.mode)
        rate = trial.rate or self.state["rates"].get(trial.mode) or config.learning_rate
        return replace(
            config,
            seed=trial.seed,
            fraction=trial.fraction,
            learning_rate=rate,
            holdout=config.holdout if trial.rate is None else HOLDOUT,
            threads=self.state["threads"],
            log_dir=str(self.folder / folder),
            model_dir=str(self.folder / "models" / folder),
            resume=True,
        )

    def training(self, trial: Trial) -> Training:
        config = self.config_of(trial)
        if len(self.devices) > 1 and config.num_workers is None and self.devices[0] != "cpu":
            config = replace(config, num_workers=max(1, cores() // len(self.devices)))
        if trial.rate is None:
            part = partial(selected, config)
        else:
            part = partial(held_back, config, self.settings.config.holdout)
        log = self.folder / self.folder_of(trial) / f"{runlog.prefix(config.mode)}training.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        return Training(config, part, log)

    def log(self, trial: Trial) -> dict:
        """A run's run.json, {} where there is none."""
        if trial not in self.logs:
            config = self.config_of(trial)
            found = runlog.read_run_file(config.log_dir, config.mode)
            if not found.get("finished"):
                return found
            self.logs[trial] = found
        return self.logs[trial]

    def finished(self, trial: Trial) -> bool:
        return bool(self.log(trial).get("finished"))

    def do(self, order: Iterator[Trial], workers: list[Trainer], bar: tqdm) -> None:
        """Train what is not finished, as many at a time as there are workers."""
        at_work: dict[Trainer, Trial] = {}
        deaths = Deaths(self)
        before, since = self.spent, self.clock()
        try:
            while True:
                self.state["spent"] = before + self.clock() - since
                for worker in workers:
                    if worker in at_work:
                        continue
                    if trial := self.next_unfinished(deaths, order, bar):
                        at_work[worker] = trial
                        worker.begin(self.training(trial))
                if not at_work:
                    self.remove_empty_folders()
                    return
                for worker in ended(list(at_work), POLL):
                    trial = at_work.pop(worker)
                    try:
                        worker.result()
                    except Died as died:
                        deaths.note(trial, died)
                        continue
                    except UserError as error:
                        raise UserError(f"{trial}: {error}") from None
                    self.remove_weights(trial)
                    bar.update()
                    self.write()
                    tqdm.write(self.told(trial), file=sys.stdout)
        finally:
            self.write()

    def next_unfinished(self, deaths: "Deaths", order: Iterator[Trial], bar: tqdm) -> Trial | None:
        """The run to do next: one whose process died, or else the next in order."""
        if deaths.to_go_on:
            return deaths.to_go_on.pop()
        for trial in order:
            if not self.finished(trial):
                return trial
            refuse_other_run(*self.found(trial))
            self.remove_weights(trial)
            bar.update()
        return None

    def told(self, trial: Trial) -> str:
        """A line on a run that has ended."""
        run = self.log(trial)
        seconds = sum(epoch["seconds"] for epoch in run["epochs"])
        return f"{trial}: {100 * self.accuracy(trial):.1f} % ({duration(seconds)})"

    def found(self, trial: Trial) -> tuple[Path, dict, TrainConfig, Dataset]:
        """A finished run as `refuse_other_run` takes it."""
        config = self.config_of(trial)
        file = runlog.run_file(config.log_dir, config.mode)
        return file, self.log(trial), config, self.training(trial).part(self.data)

    def remove_weights(self, trial: Trial) -> None:
        """Weights are large; the logs are what is compared."""
        config = self.config_of(trial)
        for name in MODEL_FILES:
            remove(model_file(config, name))

    def remove_empty_folders(self) -> None:
        """Those that weights were in. Only while nothing is trained: a run that has just begun made
        its folder, and has nothing in it yet."""
        for folder, _, _ in os.walk(self.folder / "models", topdown=False):
            if not os.listdir(folder) and not os.path.islink(folder):
                os.rmdir(folder)

    @property
    def spent(self) -> float:
        """Seconds so far, those of earlier sessions among them."""
        return self.state["spent"]


class Deaths:
    """Runs whose processes died: each goes on, unless it does not get any further."""

    def __init__(self, experiment: Experiment):
        self.experiment = experiment
        self.to_go_on: list[Trial] = []
        self.tries: dict[Trial, tuple[int, int]] = {}  # epochs, and deaths after so many

    def note(self, trial: Trial, died: Died) -> None:
        """Have the run go on.

        Raises:
            UserError: it has died too often where it is.
        """
        epochs = len(self.experiment.log(trial).get("epochs", []))
        reached, tries = self.tries.get(trial, (epochs, 0))
        tries = tries + 1 if reached == epochs else 1
        self.tries[trial] = epochs, tries
        if tries == TRIES:
            raise UserError(
                f"{trial}: {died}, {TRIES} times after {epochs} of "
                f"{self.experiment.settings.config.epochs} epochs; what it printed is in "
                f"{self.experiment.training(trial).log}, and the same command goes on"
            )
        print(f"{trial}: {died}; it goes on", file=sys.stderr)
        self.to_go_on.append(trial)


def held_back(config: TrainConfig, holdout: float, data: Dataset) -> Dataset:
    """What a run that chooses a learning rate trains and is judged on, parts of the training list;
    `holdout` is what the runs that are compared hold back of it to evaluate on."""
    train = replace(selected(replace(config, holdout=holdout), data), eval=[], test=[])
    return replace(select(train, holdout=HOLDOUT, seed=config.seed), test=[])


def devices(config: TrainConfig, jobs: int = 0) -> list[str]:
    """A device for each of the runs that go on side by side: the GPUs in turn, or the CPU."""
    gpus = paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
    if config.device == "cpu" or (config.device == "auto" and not gpus):
        return ["cpu"] * (jobs or cores())
    if config.device in ("auto", "gpu"):
        return [f"gpu:{number % max(gpus, 1)}" for number in range(jobs or max(gpus, 1))]
    return [config.device] * (jobs or 1)
