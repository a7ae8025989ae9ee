"""Which augmentation helps on one's own data, found under a budget of time, and tested honestly.

Successive halving: many candidates are trained for a few epochs, the best third of them anew for
more, with more seeds, and so on. All that is judged on parts of the training list that are held
back. The winner and the baselines are then trained on the whole list and tested on the eval list,
which no choice has looked at. No two stages share a seed.
"""

import contextlib
import math
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from paddle_aug.augment.modes import augmentation
from paddle_aug.config import TrainConfig, flag
from paddle_aug.data.dataset import Dataset
from paddle_aug.data.split import select
from paddle_aug.errors import UserError
from paddle_aug.experiments import search_report, search_space, search_state
from paddle_aug.inputs import engine, of_mode
from paddle_aug.results.stats import last_epochs, last_mean
from paddle_aug.results.text import duration
from paddle_aug.system.files import read_json, refuse_unwritable, remove, write_json
from paddle_aug.system.versions import versions
from paddle_aug.training.distributed import processes
from paddle_aug.training.fit import MAY_CHANGE, MODEL_FILES, fit, model_file
from paddle_aug.training.mixing import Mixing

BASELINES = ("none", "userDef", "imgaugLib", "trivialaugment")
HOLDOUT = 0.25
KEPT = 3  # one of so many goes on
FINAL_SHARE = 0.4  # of the budget, that the test is given before the search
SLACK = 0.95  # what is planned takes this share of the time: an epoch's seconds vary
MOST_SEEDS = 10  # of the test

# What an honest answer takes at least; fewer only where fewer are asked for.
LEAST_CANDIDATES = 4
LEAST_EPOCHS = 3
LEAST_FINAL_EPOCHS = 10
# Fewer candidates than these are planned only when there is no time for longer runs.
MANY_CANDIDATES = 12


@dataclass(frozen=True)
class Settings:
    """What is searched for: `config` is how all runs train, `budget` the seconds for all of them.

    The winner is compared with the modes of `against`; `also` are candidates besides those that
    are proposed.
    """

    config: TrainConfig
    budget: float
    seeds: int = 3
    candidates: int = 27
    against: tuple[str, ...] = BASELINES
    also: tuple[str, ...] = ()

    def __post_init__(self):
        for name, least in (("seeds", 2), ("candidates", 2)):
            if getattr(self, name) < least:
                raise UserError(f"--{name} must be at least {least}, not {getattr(self, name)}")
        if len(self.also) > self.candidates:
            raise UserError(
                f"--also names {len(self.also)} modes, and --candidates {self.candidates} leaves "
                "some of them out"
            )
        if not self.against:
            raise UserError("--against names no mode to compare with")
        for mode in (*self.against, *self.also):
            check_mode(self.config, mode)

    @property
    def holdout(self) -> float:
        return self.config.holdout or HOLDOUT

    def proposed(self) -> list[str]:
        """The candidates, the user's own first."""
        drawn = search_space.propose(self.config.seed, self.candidates)
        found = list(dict.fromkeys([*self.also, *drawn]))[: self.candidates]
        for mode in found:
            check_mode(self.config, mode)
        return found

    def asdict(self) -> dict:
        """What a search that goes on must have in common with the one before, as plain values."""
        free = MAY_CHANGE - {"epochs"}
        config = {**self.config.asdict(), "holdout": self.holdout}
        config = {name: value for name, value in config.items() if name not in free}
        return {
            "config": config,
            "budget": self.budget,
            "seeds": self.seeds,
            "candidates": self.candidates,
            "against": list(self.against),
            "also": list(self.also),
        }


def check_mode(config: TrainConfig, mode: str) -> None:
    """Refuse what cannot be trained with.

    Raises:
        UserError: its augmentation or its mix cannot be made.
    """
    made = of_mode(config, mode)
    augmentation(made.augment, engine(made))
    Mixing.of(made)


def parse_budget(text: str) -> float:
    """Seconds of a text such as 90s, 30m, 2h or 1h30m.

    Raises:
        UserError: it is another text, or no time at all.
    """
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    if not hours + minutes + seconds:
        raise UserError(f"--budget {text!r} is no time; write it like 90s, 30m, 2h or 1h30m")
    return float(3600 * hours + 60 * minutes + seconds)


@dataclass(frozen=True)
class Rung:
    """So many candidates, each trained so many times for so many epochs."""

    candidates: int
    epochs: int
    seeds: int


@dataclass(frozen=True)
class Plan:
    """The rungs of the search, and the runs of its test, which `reserved` seconds are kept for."""

    rungs: list[Rung]
    final: Rung
    reserved: float


@dataclass
class Costs:
    """Seconds of a run, by those that were: `start` before its epochs, and by mode the seconds for
    a unit of work, an image trained on; `other` is that of a mode that has not been trained yet."""

    start: float
    rates: dict[str, float]
    other: float

    def run(self, mode: str | None, work: float, epochs: int) -> float:
        return self.start + epochs * work * self.rates.get(mode, self.other)


def halving(candidates: int, epochs: int, most_epochs: int) -> list[Rung]:
    """Rungs that cost about the same each: a third of the candidates, trained for three times as
    many epochs in all, of which a part goes into more seeds, up to three."""
    rungs = []
    while True:
        level = len(rungs)
        seeds = min(level + 1, 3)
        longer = max(epochs, round(epochs * KEPT**level / seeds))
        rungs.append(Rung(candidates, min(longer, most_epochs), seeds))
        if candidates <= KEPT:
            return rungs
        candidates = math.ceil(candidates / KEPT)


class TooShort(Exception):
    """A budget in which no honest answer can be had; `seconds` is the least that would do."""

    def __init__(self, seconds: float):
        super().__init__(seconds)
        self.seconds = seconds


def make_plan(
    left: float,
    search_run: Callable[[int], float],
    final_run: Callable[[int], float],
    epochs: int,
    candidates: int,
    modes: int,
    seeds: int,
) -> Plan:
    """Share `left` seconds out.

    `search_run` and `final_run` are the seconds of a run of so many epochs, of which `epochs` are
    the most; `candidates` are the most, too; `modes` are those of the test.

    Raises:
        TooShort: for an honest answer.
    """
    usable = SLACK * left
    least_epochs, least_final = min(LEAST_EPOCHS, epochs), min(LEAST_FINAL_EPOCHS, epochs)

    def test_takes(final_epochs: int) -> float:
        return modes * seeds * final_run(final_epochs)

    def search_takes(rungs: list[Rung]) -> float:
        return sum(rung.candidates * rung.seeds * search_run(rung.epochs) for rung in rungs)

    final_epochs = max(
        (e for e in range(least_final, epochs + 1) if test_takes(e) <= FINAL_SHARE * usable),
        default=least_final,
    )
    reserved = test_takes(final_epochs)
    comfortable = max(least_epochs, math.ceil(epochs / 9))  # the last of three rungs has a third
    many, few = min(MANY_CANDIDATES, candidates), min(LEAST_CANDIDATES, candidates)
    choices = [
        *((count, comfortable) for count in range(candidates, many, -1)),
        *((many, each) for each in range(comfortable, least_epochs, -1)),
        *((count, least_epochs) for count in range(many, few - 1, -1)),
    ]
    for count, first_epochs in choices:
        rungs = halving(count, first_epochs, epochs)
        if search_takes(rungs) + reserved <= usable:
            return Plan(rungs, Rung(modes, final_epochs, seeds), reserved)
    least = (test_takes(least_final) + search_takes(halving(few, least_epochs, epochs))) / SLACK
    raise TooShort(least)


def shortened(
    rung: Rung, allowed: float, takes: Callable[[Rung], float], least: int
) -> Rung | None:
    """The rung as planned if it is done in the seconds allowed; else with fewer epochs, down to
    `least`, then with fewer seeds, then with fewer candidates; None where two take too long."""
    least = min(least, rung.epochs)
    smaller = [
        *((rung.candidates, epochs, rung.seeds) for epochs in range(rung.epochs, least, -1)),
        *((rung.candidates, least, seeds) for seeds in range(rung.seeds, 0, -1)),
        *((candidates, least, 1) for candidates in range(rung.candidates - 1, 1, -1)),
    ]
    made = (Rung(*each) for each in smaller)
    return next((each for each in made if takes(each) <= allowed), None)


def of_length(config: TrainConfig, epochs: int) -> TrainConfig:
    """The config of a run of so many epochs, its schedule and warm-up shrunk along."""
    share = epochs / config.epochs
    milestones = sorted({max(1, round(each * share)) for each in config.milestone_epochs})
    return replace(
        config,
        epochs=epochs,
        warmup=config.warmup * share,
        milestones=",".join(map(str, milestones)),
        mix_off_epochs=round(config.mix_off_epochs * share),
    )


class Search:
    """A search in a folder: `state` is its search.json, which holds all that was decided, and every
    run that is finished. What is there is not done again."""

    def __init__(
        self,
        settings: Settings,
        data: Dataset,
        folder: Path | str,
        command: str = "",
        clock: Callable[[], float] = time.perf_counter,
    ):
        """Open the folder's search, or begin one.

        `data` is what `open_dataset` found; `command` trains with the mode that is put behind it,
        and `clock` tells seconds.

        Raises:
            UserError: the folder holds another search, or cannot be written to.
        """
        if processes() > 1:
            raise UserError("a search is one process; start it without paddle.distributed.launch")
        self.settings = settings
        self.folder = Path(folder)
        self.clock = clock
        self.data, tested = set_test_aside(settings, data)
        self.held_back: dict[int, Dataset] = {}
        refuse_unwritable(folder, "--out")
        self.state = {
            "settings": settings.asdict(),
            "command": command,
            "data": {
                "name": data.name,
                "fingerprint": self.data.fingerprint,
                "train": len(self.data.train),
                "eval": len(self.data.eval),
                "tested_on": tested,
            },
            "versions": versions(),
            "candidates": settings.proposed(),
            "runs": [],
            "plan": None,
            "rungs": [],
            "final": None,
        }
        if self.file.exists():
            earlier = self.read()
            self.refuse_other_search(earlier)
            self.state |= {**earlier, "settings": self.state["settings"], "command": command}

    @property
    def file(self) -> Path:
        return self.folder / "search.json"

    def read(self) -> dict:
        """The folder's search as it stands.

        Raises:
            UserError: its file is damaged.
        """
        try:
            state = read_json(self.file)
        except OSError as error:
            raise UserError(
                f"cannot read {self.file}: {error.strerror}; give another --out"
            ) from None
        except ValueError as error:
            raise UserError(f"{self.file} is damaged: {error}; give another --out") from None
        if not isinstance(state, dict) or not state.keys() >= self.state.keys():
            raise UserError(f"{self.file} does not hold a search; give another --out")
        if fault := search_state.fault(state):
            raise UserError(f"{self.file} is damaged: {fault}; give another --out")
        for mode in state["candidates"]:
            check_mode(self.settings.config, mode)
        return state

    def refuse_other_search(self, earlier: dict) -> None:
        """Stop where the folder's search asked for something else."""
        before, now = dict(earlier["settings"]), dict(self.state["settings"])
        if earlier["plan"] is None:  # its budget was too short, and may be another now
            before["budget"] = now["budget"]
        for part in (before, now):
            part |= part.pop("config")
        for name in now:
            if before.get(name) != now[name]:
                was, wanted = (
                    duration(part[name]) if name == "budget" else part.get(name)
                    for part in (before, now)
                )
                raise UserError(
                    f"{self.file} is a search with {flag(name)} {was}, this one has {wanted}; give "
                    "the same to go on, or another --out"
                )
        if earlier["data"]["fingerprint"] != self.state["data"]["fingerprint"]:
            raise UserError(
                f"{self.file} is a search on other data, or its lists have changed since; give "
                "another --out"
            )

    def write(self) -> None:
        write_json(self.file, self.state)

    @property
    def spent(self) -> float:
        """Seconds of training so far, those of earlier sessions among them."""
        return sum(run["seconds"] for run in self.state["runs"])

    @property
    def left(self) -> float:
        return self.settings.budget - self.spent

    def run(self) -> dict:
        """Search, test and report; what an earlier session has done is taken as it is.

        Raises:
            UserError: the budget is too short for an honest answer.
        """
        for mode in self.settings.against:
            self.trained("measure", mode, self.seeds_from(0, 1)[0], 1)
        if self.state["plan"] is None:
            self.plan()
        print(search_report.plan_text(self.state), flush=True)
        for level in range(len(self.state["plan"]["rungs"])):
            if not self.climb(level):
                break
        self.test()
        search_report.write(self.state, self.folder)
        return self.state

    def plan(self) -> None:
        """Decide on rungs and test by what the first runs took."""
        costs, settings = self.costs(), self.settings
        epochs = settings.config.epochs
        try:
            plan = make_plan(
                self.left,
                lambda count: costs.run(None, self.work("search"), count),
                lambda count: costs.run(None, self.work("final"), count),
                epochs,
                len(self.state["candidates"]),
                1 + len(settings.against),
                settings.seeds,
            )
        except TooShort as error:
            self.write()
            rate = costs.run(None, self.work("final"), 1) - costs.start
            raise UserError(
                f"--budget {duration(settings.budget)} is too short for an honest "
                f"answer: an epoch takes up to {rate:.1f} s, and the least that would do is "
                f"{duration(self.spent + error.seconds, up=True)} ("
                f"{min(LEAST_CANDIDATES, len(self.state['candidates']))} candidates, and a test of "
                f"{1 + len(settings.against)} modes with {settings.seeds} seeds for "
                f"{min(LEAST_FINAL_EPOCHS, epochs)} epochs); or take a smaller --image-size, "
                "--fraction, or fewer modes in --against"
            ) from None
        self.state["plan"] = asdict(plan)
        self.write()

    def climb(self, level: int) -> bool:
        """Do one rung, and rank its candidates; False where there was no time for it."""
        rungs = self.state["rungs"]
        if level == len(rungs):
            rungs.append(self.begin_rung(level))
            self.write()
        rung = rungs[level]
        if rung["ranking"] is None:
            part = f"rung-{level}"
            deadline = self.settings.budget - self.state["plan"]["reserved"]
            self.train_all(part, rung, deadline, rung["candidates"])
            rung["ranking"] = self.ranking(part, rung)
            self.write()
        return bool(rung["ranking"])

    def begin_rung(self, level: int) -> dict:
        """What is done on this rung: what was planned, or less where the clock has run ahead."""
        plan = [Rung(**each) for each in self.state["plan"]["rungs"][level:]]
        costs = self.costs()
        work = self.work("search")
        if level == 0:
            candidates = self.state["candidates"][: plan[0].candidates]
        else:
            before = self.state["rungs"][-1]["ranking"]
            candidates = [mode for mode, _ in before[: plan[0].candidates]]

        def takes(rung: Rung) -> float:
            modes = candidates[: rung.candidates]
            return rung.seeds * sum(costs.run(mode, work, rung.epochs) for mode in modes)

        available = self.left - self.state["plan"]["reserved"]
        planned = [takes(rung) for rung in plan]
        share = available * planned[0] / sum(planned)
        least = min(LEAST_EPOCHS, plan[0].epochs)
        made = shortened(plan[0], max(share, available - sum(planned[1:])), takes, least)
        first = sum(len(rung["seeds"]) for rung in self.state["rungs"])
        return {
            "candidates": candidates[: made.candidates] if made else [],
            "epochs": made.epochs if made else plan[0].epochs,
            "seeds": self.seeds_from(first, made.seeds if made else plan[0].seeds),
            "stopped": made is None,
            "ranking": None,
        }

    def ranking(self, part: str, rung: dict) -> list[list]:
        """The candidates and their mean accuracies, best first.

        Means are over the seeds that all have. If the clock stopped the very first one, those that
        it came to are ranked.
        """
        found = search_report.accuracies(self.state, part)
        modes = [mode for mode in rung["candidates"] if mode in found]
        seeds = [
            seed
            for seed in rung["seeds"]
            if all(seed in found.get(mode, {}) for mode in rung["candidates"])
        ]
        seeds = seeds or rung["seeds"][:1]
        means = [[mode, sum(found[mode][seed] for seed in seeds) / len(seeds)] for mode in modes]
        return sorted(means, key=lambda pair: -pair[1])

    @property
    def winner(self) -> str:
        done = [rung for rung in self.state["rungs"] if rung["ranking"]]
        return done[-1]["ranking"][0][0]

    def test(self) -> None:
        """Train the winner and the baselines on the whole list, and evaluate on the eval list."""
        if self.state["final"] is None:
            self.state["final"] = self.begin_test()
            self.write()
        final = self.state["final"]
        if not final["finished"]:
            self.train_all("final", final, self.settings.budget, final["modes"], to_the_end=True)
            final["finished"] = True
            self.write()

    def begin_test(self) -> dict:
        """As long runs as the time that is left allows, then more seeds, for all modes alike."""
        modes = list(dict.fromkeys([self.winner, *self.settings.against]))
        costs, work = self.costs(), self.work("final")

        def seed_takes(epochs: int) -> float:
            return sum(costs.run(mode, work, epochs) for mode in modes)

        usable, seeds, most = SLACK * self.left, self.settings.seeds, self.settings.config.epochs
        epochs = max((e for e in range(1, most + 1) if seeds * seed_takes(e) <= usable), default=1)
        if epochs == most:
            seeds = max(seeds, min(MOST_SEEDS, int(usable / seed_takes(epochs))))
        first = sum(rung["seeds"] for rung in self.state["plan"]["rungs"])
        return {
            "modes": modes,
            "epochs": epochs,
            "seeds": self.seeds_from(first, seeds),
            "last_epochs": last_epochs(epochs),
            "stopped": False,
            "finished": False,
        }

    def train_all(
        self, part: str, stage: dict, deadline: float, modes: list[str], to_the_end: bool = False
    ) -> None:
        """The runs of a stage, all modes with one seed before the next one: wherever the clock
        stops them, those that are there can be compared.

        A run is begun if it will be over before the deadline, or `to_the_end` as long as the
        deadline has not passed.
        """
        costs = self.costs()
        work = self.work(part)
        for seed in stage["seeds"]:
            for mode in modes:
                if stage["stopped"]:
                    return
                takes = 0 if to_the_end else costs.run(mode, work, stage["epochs"])
                if not self.find(part, mode, seed) and self.spent + takes >= deadline:
                    stage["stopped"] = True
                    self.write()
                    return
                self.trained(part, mode, seed, stage["epochs"])

    def trained(self, part: str, mode: str, seed: int, epochs: int) -> dict:
        """What a run came to; it is trained unless that was done, and gone on with if half-done."""
        here = self.folder / part / f"seed-{seed}"
        config = replace(
            of_length(of_mode(self.settings.config, mode), epochs),
            seed=seed,
            holdout=0.0 if part == "final" else self.settings.holdout,
            log_dir=str(here),
            model_dir=str(here / "weights"),
            resume=True,
        )
        run = self.find(part, mode, seed)
        if run is None:
            data = self.data_of(part, seed)
            started = self.clock()
            with (
                open(self.folder / "training.log", "a", encoding="utf-8") as log,
                contextlib.redirect_stdout(log),
            ):
                progress = fit(config, data)
            in_epochs = sum(epoch["seconds"] for epoch in progress.epochs)
            run = {
                "part": part,
                "mode": mode,
                "seed": seed,
                "epochs": epochs,
                # The epochs of earlier sessions are in the run's own log.
                "seconds": max(self.clock() - started, in_epochs),
                "epoch_seconds": in_epochs / epochs,
                "accuracy": last_mean(progress.curves["accEval"], last_epochs(epochs)),
            }
            self.state["runs"].append(run)
            self.write()
            print(search_report.run_text(run, self.spent, self.settings.budget), flush=True)
        self.remove_weights(config, keep=part == "final" and mode == self.winner)
        return run

    def find(self, part: str, mode: str, seed: int) -> dict | None:
        """The run, if it is finished."""
        wanted = {"part": part, "mode": mode, "seed": seed}
        return next((run for run in self.state["runs"] if run.items() >= wanted.items()), None)

    def remove_weights(self, config: TrainConfig, keep: bool) -> None:
        """Weights are large, and of interest only where a network of the winner is tested."""
        for name in MODEL_FILES:
            if not keep or name.startswith("checkpoint"):
                remove(model_file(config, name))
        folder = Path(config.model_dir)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def seeds_from(self, first: int, count: int) -> list[int]:
        return [(self.settings.config.seed + first + each) % 2**32 for each in range(count)]

    def data_of(self, part: str, seed: int) -> Dataset:
        """The whole list for the test; else the part of it that this seed does not hold back, and
        to evaluate on the part that it does. The eval list is not handed out."""
        if part == "final":
            return self.data
        if seed not in self.held_back:
            split = select(self.data, holdout=self.settings.holdout, seed=seed)
            self.held_back[seed] = replace(split, test=[])
        return self.held_back[seed]

    def work(self, part: str) -> float:
        """What an epoch costs, in images trained on: one that is evaluated takes a third."""
        data = self.data if part == "final" else self.data_of(part, self.settings.config.seed)
        return len(data.train) + len(data.eval) / 3

    def costs(self) -> Costs:
        """By the runs so far."""
        runs = self.state["runs"]
        starts = [run["seconds"] - run["epochs"] * run["epoch_seconds"] for run in runs]
        by_mode: dict[str, list[float]] = {}
        for run in runs:
            by_mode.setdefault(run["mode"], []).append(
                run["epoch_seconds"] / self.work(run["part"])
            )
        rates = {mode: sum(values) / len(values) for mode, values in by_mode.items()}
        # As if as costly as the costliest of those that were measured first.
        other = max(rates[mode] for mode in self.settings.against)
        return Costs(sum(starts) / len(starts), rates, other)


def set_test_aside(settings: Settings, data: Dataset) -> tuple[Dataset, str]:
    """The data that the config asks for, and what the winner will be tested on: the eval list, or
    where there is none a part of the training list that is held back from the whole search."""
    config = settings.config
    if data.eval:
        return select(data, config.first, config.fraction, seed=config.seed), "the eval list"
    held = select(data, config.first, config.fraction, settings.holdout, config.seed)
    return replace(held, test=[]), f"{100 * settings.holdout:g} % of the training list, held back"
