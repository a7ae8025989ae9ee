"""What a search is for, and how it shares out its budget: rungs of successive halving, then a test.
Nothing is trained here."""

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from paddle_aug.augment.modes import COMPARED_MODES
from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.experiments import search_space
from paddle_aug.experiments.runner import check_mode
from paddle_aug.experiments.state import plain
from paddle_aug.training.state import MAY_CHANGE

HOLDOUT = 0.25
KEEP_ONE_OF = 3  # candidates on a rung
TEST_SHARE = 0.4  # of the budget, reserved before the search
SLACK = 0.95  # plans use this share of the time, as the seconds of an epoch vary
MAX_TEST_SEEDS = 10

# The least for an honest answer; fewer only where the user asks for fewer.
MIN_CANDIDATES = 4
MIN_EPOCHS = 3
MIN_TEST_EPOCHS = 10
# More candidates than these are planned only if there is time for longer runs, too.
MANY_CANDIDATES = 12


@dataclass(frozen=True)
class Settings:
    """What is searched for: `config` is how all runs train, `budget` the seconds for all of them.

    The winner is compared with the modes of `against`; `also` are candidates beside the proposed
    ones.
    """

    config: TrainConfig
    budget: float
    seeds: int = 3
    candidates: int = 27
    against: tuple[str, ...] = COMPARED_MODES
    also: tuple[str, ...] = ()

    def __post_init__(self):
        for name in ("seeds", "candidates"):
            if getattr(self, name) < 2:
                raise UserError(f"--{name} must be at least 2, not {getattr(self, name)}")
        if self.config.early_stop or self.config.fold:
            name = "--early-stop" if self.config.early_stop else "--fold"
            raise UserError(f"a search ends poor runs and divides the data itself; drop {name}")
        if len(self.also) > self.candidates:
            raise UserError(
                f"--also names {len(self.also)} modes, more than --candidates {self.candidates}"
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
        return list(dict.fromkeys([*self.also, *drawn]))[: self.candidates]

    def asdict(self) -> dict:
        """As plain values, without what may change between sessions."""
        settings = replace(self, config=replace(self.config, holdout=self.holdout))
        return plain(settings, MAY_CHANGE - {"epochs"})


@dataclass(frozen=True)
class Rung:
    """Each of `candidates` is trained with `seeds` seeds for `epochs` epochs."""

    candidates: int
    epochs: int
    seeds: int

    @property
    def runs(self) -> int:
        return self.candidates * self.seeds


@dataclass(frozen=True)
class Plan:
    """The rungs of the search, and the runs of its test, for which `reserved` seconds are kept."""

    rungs: list[Rung]
    final: Rung
    reserved: float


def side_by_side(runs: Iterable[float], jobs: int) -> float:
    """The seconds until the last of these runs ends, `jobs` at a time; each begins, in this order,
    when one before it ends."""
    ends = [0.0] * jobs
    for seconds in runs:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)


def halving(candidates: int, epochs: int, max_epochs: int) -> list[Rung]:
    """Rungs that cost about the same each: a third of the candidates, trained for three times as
    many epochs in all, some of them spent on more seeds, up to three."""
    rungs = []
    while True:
        level = len(rungs)
        seeds = min(level + 1, 3)
        longer = max(epochs, round(epochs * KEEP_ONE_OF**level / seeds))
        rungs.append(Rung(candidates, min(longer, max_epochs), seeds))
        if candidates <= KEEP_ONE_OF:
            return rungs
        candidates = math.ceil(candidates / KEEP_ONE_OF)


def make_plan(
    left: float,
    search_run: Callable[[int], float],
    test_run: Callable[[int], float],
    candidates: int,
    test: Rung,
    jobs: int = 1,
) -> Plan | float:
    """Share `left` seconds out; returns the seconds that suffice if these are too few for an honest
    answer.

    `search_run` and `test_run` give the seconds of a run by its epochs, with `jobs` runs side by
    side. At most this many `candidates` are tried; `test` holds the modes and seeds of the test,
    and the most epochs of any run.
    """
    usable = SLACK * left
    epochs = test.epochs
    min_epochs, min_test_epochs = min(MIN_EPOCHS, epochs), min(MIN_TEST_EPOCHS, epochs)

    def test_takes(test_epochs: int) -> float:
        return math.ceil(test.runs / jobs) * test_run(test_epochs)

    def search_takes(rungs: list[Rung]) -> float:
        return sum(math.ceil(rung.runs / jobs) * search_run(rung.epochs) for rung in rungs)

    test_epochs = max(
        (e for e in range(min_test_epochs, epochs + 1) if test_takes(e) <= TEST_SHARE * usable),
        default=min_test_epochs,
    )
    reserved = test_takes(test_epochs)
    comfortable = max(min_epochs, math.ceil(epochs / 9))  # the last of three rungs has a third
    many, few = min(MANY_CANDIDATES, candidates), min(MIN_CANDIDATES, candidates)
    choices = [
        *((count, comfortable) for count in range(candidates, many, -1)),
        *((many, first_epochs) for first_epochs in range(comfortable, min_epochs, -1)),
        *((count, min_epochs) for count in range(many, few - 1, -1)),
    ]
    for count, first_epochs in choices:
        rungs = halving(count, first_epochs, epochs)
        if search_takes(rungs) + reserved <= usable:
            return Plan(rungs, replace(test, epochs=test_epochs), reserved)
    return (test_takes(min_test_epochs) + search_takes(halving(few, min_epochs, epochs))) / SLACK


def shortened(rung: Rung, allowed: float, takes: Callable[[Rung], float]) -> Rung | None:
    """The rung as planned if it takes at most `allowed` seconds; else with fewer epochs, down to
    MIN_EPOCHS, then with fewer seeds, then with fewer candidates; None if two take too long."""
    least = min(MIN_EPOCHS, rung.epochs)
    smaller = [
        *((rung.candidates, epochs, rung.seeds) for epochs in range(rung.epochs, least, -1)),
        *((rung.candidates, least, seeds) for seeds in range(rung.seeds, 0, -1)),
        *((candidates, least, 1) for candidates in range(rung.candidates - 1, 1, -1)),
    ]
    return next((fit for sizes in smaller if takes(fit := Rung(*sizes)) <= allowed), None)


def of_length(config: TrainConfig, epochs: int) -> TrainConfig:
    """The config of a run with this many epochs, its schedule and warm-up shortened alike."""
    share = epochs / config.epochs
    milestones = sorted({max(1, round(epoch * share)) for epoch in config.milestone_epochs})
    return replace(
        config,
        epochs=epochs,
        warmup=config.warmup * share,
        milestones=",".join(map(str, milestones)),
        mix_off_epochs=round(config.mix_off_epochs * share),
    )
