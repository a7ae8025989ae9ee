"""What a comparison trains, and in which order; with a budget, where the time goes."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from paddle_aug.config import TrainConfig
from paddle_aug.errors import UserError
from paddle_aug.experiments.runner import Outcome, check_mode
from paddle_aug.experiments.state import plain
from paddle_aug.results.stats import ALPHA, clearly_worse, difference, margin
from paddle_aug.training.state import MAY_CHANGE

FIRST_SEEDS = 3  # of all modes, before the budget goes where intervals are widest
LAST = 12  # trials, at most, that are shared out so that all slots end at about the same time


@dataclass(frozen=True)
class Settings:
    """What is compared: `config` is how all runs train.

    Each mode is trained with `seeds` seeds on each of the `fractions` of the training list. With
    `rates`, each mode's learning rate is the one of them that did best on a held-back part of that
    list. `budget` is the time for all runs in seconds, None for no limit. With `kfold`, the runs of
    a mode are as many folds of the training list, each with a seed of its own. With `racing`, a
    mode that is clearly worse than the best gets no further seeds.
    """

    config: TrainConfig
    modes: tuple[str, ...]
    baseline: str
    seeds: int = 5
    fractions: tuple[float, ...] = (1.0,)
    rates: tuple[float, ...] = ()
    budget: float | None = None
    kfold: int | None = None
    racing: bool = False

    def __post_init__(self):
        if len(self.modes) < 2:
            raise UserError("--modes needs at least two modes, such as none,userDef")
        for mode in self.modes:
            check_mode(self.config, mode)
            if self.modes.count(mode) > 1:
                raise UserError(f"--modes lists {mode} twice")
        if self.baseline not in self.modes:
            raise UserError(
                f"--baseline {self.baseline} is not one of --modes {','.join(self.modes)}"
            )
        if self.seeds < 1:
            raise UserError(f"--seeds must be at least 1, not {self.seeds}")
        for option, values in (("--fractions", self.fractions), ("--learning-rates", self.rates)):
            if len(set(values)) < len(values):
                raise UserError(f"{option} lists a value twice")
        for fraction in self.fractions:
            if not 0 < fraction <= 1:
                raise UserError(f"--fractions: {fraction:g} is not above 0 and at most 1")
        for rate in self.rates:
            if not 0 < rate < math.inf:
                raise UserError(f"--learning-rates: {rate:g} is not above 0")
        if self.racing and self.budget is not None:
            raise UserError("--racing and --budget both say which modes get more seeds; give one")
        if self.kfold is not None:
            self.refuse_beside_folds()
        if self.config.early_stop and not self.config.holdout:
            raise UserError(
                "--early-stop chooses epochs by the images that a comparison judges by; add "
                "--holdout 0.2, so that runs stop by images held back from the training list, and "
                "are judged by the evaluation list"
            )

    def refuse_beside_folds(self) -> None:
        """Stop where an option has no meaning with `kfold`.

        Raises:
            UserError: the message names it.
        """
        if self.kfold < 2:
            raise UserError(f"--kfold must be at least 2, not {self.kfold}")
        beside = {
            "--holdout": (self.config.holdout, "each fold is held back once"),
            "--learning-rates": (self.rates, "they would be chosen on images of all folds"),
            "--early-stop": (self.config.early_stop, "no images are left to stop runs by"),
        }
        for option, (given, why) in beside.items():
            if given:
                raise UserError(f"--kfold does not go with {option}: {why}; drop one of them")

    @property
    def main(self) -> float:
        """The fraction of the training list that the answer is about: the largest."""
        return max(self.fractions)

    @property
    def seed_numbers(self) -> list[int]:
        return [(self.config.seed + offset) % 2**32 for offset in range(self.seeds)]

    def fold(self, seed: int) -> str | None:
        """The fold of the runs with this seed, as the config has it."""
        if self.kfold is None:
            return self.config.fold
        return f"{self.seed_numbers.index(seed) + 1}/{self.kfold}"

    def asdict(self) -> dict:
        """As plain values, without what may change between sessions."""
        free = {*MAY_CHANGE, "augment", "mix", "fraction"} - {"epochs"}
        free |= {"fold"} if self.kfold else set()
        return plain(self, free) | {"seeds": self.seed_numbers}


@dataclass(frozen=True)
class Trial:
    """A run of the comparison. A trial with a `rate` is one of those that choose learning rates."""

    mode: str
    seed: int
    fraction: float
    rate: float | None = None

    def __str__(self):
        part = "" if self.fraction == 1 else f" {100 * self.fraction:g} %"
        rate = "" if self.rate is None else f" learning rate {self.rate:g}"
        return f"seed {self.seed} {self.mode}{part}{rate}"


def all_trials(settings: Settings) -> list[Trial]:
    """The runs to compare: the largest fraction first, and all modes with one seed before the next
    seed, so that modes can be compared wherever the comparison is stopped."""
    return [
        Trial(mode, seed, fraction)
        for fraction in sorted(settings.fractions, reverse=True)
        for seed in settings.seed_numbers
        for mode in settings.modes
    ]


def narrowing(values: dict[int, float], baseline: dict[int, float], count: int) -> float:
    """By how much one more pair is likely to narrow the interval of a difference of `count` pairs;
    0 if that is not known."""
    if count < 2 or not values.keys() & baseline.keys():
        return 0.0
    spread = difference(values, baseline).spread
    return margin(spread, count) - margin(spread, count + 1) if spread else 0.0


@dataclass
class Order:
    """The trials in the order in which they begin, as far as the budget goes.

    `outcome` gives the outcome of a trial that has ended, None for the others; `spent` gives the
    seconds so far. Both are called again before each trial. `slots` is the number of trials side by
    side.
    """

    settings: Settings
    outcome: Callable[[Trial], Outcome | None]
    spent: Callable[[], float]
    slots: int = 1

    def __iter__(self) -> Iterator[Trial]:
        trials = all_trials(self.settings)
        if self.settings.budget is None:
            yield from self.by_seed(trials)
            return
        begun = [trial for trial in trials if self.outcome(trial)]
        yield from begun
        for trial in trials:
            if trial.seed in self.settings.seed_numbers[:FIRST_SEEDS] and trial not in begun:
                if not self.affordable([trial]):
                    return
                begun.append(trial)
                yield trial
        while pair := self.best_pair(begun):
            for trial in pair:
                begun.append(trial)
                yield trial

    def by_seed(self, waiting: list[Trial]) -> Iterator[Trial]:
        """Yield the trials seed by seed, the longest of a seed first.

        The last trials come in an order by which all slots end at about the same time.
        """
        begun: dict[Trial, float] = {}
        waiting = sorted(waiting, key=lambda trial: self.outcome(trial) is None)
        while waiting:
            trial = self.next_to_begin(waiting, begun)
            waiting.remove(trial)
            if trial.mode not in self.out(trial):
                begun[trial] = self.spent()
                yield trial

    def next_to_begin(self, waiting: list[Trial], begun: dict[Trial, float]) -> Trial:
        """The waiting trial that a free slot takes. `begun` has the seconds at which earlier trials
        began.

        Near the end, a slot gets the set of trials whose total is nearest to its share of the work,
        and begins with the longest of them.
        """
        seeds = list(dict.fromkeys((trial.fraction, trial.seed) for trial in waiting))
        if self.slots == 1 or self.settings.racing or len(seeds) > 2 or len(waiting) > LAST:
            of_seed = [one for one in waiting if (one.fraction, one.seed) == seeds[0]]
            return max(of_seed, key=self.expected_seconds)
        seconds = {trial: self.expected_seconds(trial) for trial in waiting}
        busy = [
            max(0, self.expected_seconds(trial) - (self.spent() - began))
            for trial, began in begun.items()
            if not self.outcome(trial)
        ]
        share = (sum(seconds.values()) + sum(busy)) / self.slots
        by_total: dict[float, tuple[Trial, ...]] = {0.0: ()}  # the sets of trials
        for trial in waiting:
            by_total |= {total + seconds[trial]: (*of, trial) for total, of in by_total.items()}
        by_total = {total: trials for total, trials in by_total.items() if trials}
        nearest = min(by_total, key=lambda total: abs(total - share))
        return max(by_total[nearest], key=seconds.get)

    def out(self, trial: Trial) -> set[str]:
        """The modes that, by racing, have no run with this trial's seed: after three seeds or more,
        they were clearly worse than the best.

        The baseline is never out, as the others are compared with it. Looks at several numbers of
        seeds share the error of 5 %. Modes with a run that diverged are not looked at.
        """
        out: set[str] = set()
        seeds, before = self.settings.seed_numbers, self.settings.seed_numbers.index(trial.seed)
        if not self.settings.racing:
            return out
        for place in range(FIRST_SEEDS, before + 1):
            modes = [mode for mode in self.settings.modes if mode not in out]
            outcomes = {
                mode: [self.outcome(Trial(mode, seed, trial.fraction)) for seed in seeds[:place]]
                for mode in modes
            }
            if not all(all(of_mode) for of_mode in outcomes.values()):
                break  # some of these runs have not ended
            values = {
                mode: [outcome.accuracy for outcome in of_mode]
                for mode, of_mode in outcomes.items()
                if all(outcome.diverged is None for outcome in of_mode)
            }
            if len(values) > 1:
                worse = clearly_worse(values, ALPHA / (len(seeds) - FIRST_SEEDS))
                out.update({*worse} - {self.settings.baseline})
        return out

    def best_pair(self, begun: list[Trial]) -> list[Trial]:
        """The affordable trial that narrows an interval most for its time, after the baseline's of
        the same seed if that has not begun; [] if none is affordable.

        The choice depends on spreads and times, never on which mode is ahead: a comparison that
        went on until it liked its answer would find differences where there are none.
        """
        pairs = [
            pair
            for fraction in sorted(self.settings.fractions, reverse=True)
            for mode in self.settings.modes
            if (pair := self.next_pair(mode, fraction, begun)) and self.affordable(pair)
        ]
        return max(pairs, key=lambda pair: self.narrowing_a_second(pair, begun), default=[])

    def next_pair(self, mode: str, fraction: float, begun: list[Trial]) -> list[Trial]:
        """The mode's trial of the first seed that is not begun, after the baseline's of that seed;
        none for the baseline itself."""
        if mode == self.settings.baseline:
            return []
        for seed in self.settings.seed_numbers:
            trial = Trial(mode, seed, fraction)
            if trial not in begun:
                baseline = replace(trial, mode=self.settings.baseline)
                return [trial] if baseline in begun else [baseline, trial]
        return []

    def narrowing_a_second(self, pair: list[Trial], begun: list[Trial]) -> float:
        """By how much a pair is likely to narrow its mode's interval, a second."""
        mode, fraction = pair[-1].mode, pair[-1].fraction
        count = sum((trial.mode, trial.fraction) == (mode, fraction) for trial in begun)
        baseline = self.accuracies(self.settings.baseline, fraction)
        narrower = narrowing(self.accuracies(mode, fraction), baseline, count)
        return narrower / sum(map(self.expected_seconds, pair)) if narrower else 0.0

    def affordable(self, trials: list[Trial]) -> bool:
        """Whether trials that begin now will end within the budget."""
        return self.spent() + sum(map(self.expected_seconds, trials)) <= self.settings.budget

    def expected_seconds(self, trial: Trial) -> float:
        """Seconds of a trial, by the finished ones of its mode, else by all; 0 before the first."""
        known = [
            (other.mode, outcome.seconds / other.fraction)
            for other in all_trials(self.settings)
            if (outcome := self.outcome(other)) and outcome.diverged is None
        ]
        same = [seconds for mode, seconds in known if mode == trial.mode]
        seconds = same or [seconds for _, seconds in known]
        return trial.fraction * sum(seconds) / len(seconds) if seconds else 0.0

    def accuracies(self, mode: str, fraction: float) -> dict[int, float]:
        """The accuracies of a mode's finished trials, by seed."""
        return {
            seed: outcome.accuracy
            for seed in self.settings.seed_numbers
            if (outcome := self.outcome(Trial(mode, seed, fraction)))
            and outcome.accuracy is not None
        }
