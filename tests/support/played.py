"""Played training: runs take seconds of an invented clock and come to invented accuracies."""

import math
from functools import partial
from pathlib import Path

from paddle_aug.experiments import runner
from paddle_aug.results import runlog
from paddle_aug.rng import generator
from paddle_aug.system.tasks import Died
from paddle_aug.training import state


class Played:
    """Stands in for the processes that train, and for the clock.

    `skill` are the accuracies by mode, `epoch_seconds` what an epoch takes. `deaths` are the runs,
    by mode and seed, whose process dies; `stop_after` is the number of runs before Ctrl-C.
    `diverges` says of which configs the runs diverge, in their second epoch.
    """

    def __init__(self, skill=None, epoch_seconds=None, spread=None, start=0.0, deaths=(),
                 stop_after=None, diverges=lambda config: False):  # fmt: skip
        self.now = 0.0
        self.skill, self.epoch_seconds = skill or {}, epoch_seconds or {}
        self.spread, self.start = spread or {}, start
        self.deaths, self.stop_after = list(deaths), stop_after
        self.diverges = diverges
        self.begun = []
        self.runs = []  # config and data of each
        self.at_once = 0

    def install(self, monkeypatch):
        monkeypatch.setattr(runner, "LocalWorker", partial(PlayedWorker, self))
        return self

    def clock(self):
        return self.now

    def ended(self, workers):
        self.at_once = max(self.at_once, len(workers))
        first = min(workers, key=lambda worker: worker.ends)
        self.now = max(self.now, first.ends)
        return [first]

    def epoch(self, config):
        return self.epoch_seconds.get(config.mode, 1.0) * config.fraction

    def seconds(self, config):
        return self.start + self.epoch(config) * config.epochs

    def train(self, config, data):
        self.runs.append((config, data))
        epoch_seconds = self.epoch(config)
        noise = generator(config.seed, "drawing").normal(0, 0.01)
        own = generator(config.seed, "noise", len(config.mode)).normal(0, 1)
        accuracy = self.skill.get(config.mode, 0.5) + noise
        accuracy += own * self.spread.get(config.mode, 0.002)
        epoch = {"seconds": epoch_seconds, "data_wait": 0.0, "images_per_s": 9.0}
        facts = {
            "augment": config.mode, "seed": config.seed, "config": config.asdict(),
            "finished": True, "commit": None, "data": state.about_data(data),
            "epochs": [epoch | {"right": [1, 1, 1]}] * config.epochs,
        }  # fmt: skip
        curves = {name: [accuracy] * config.epochs for name in runlog.CURVES}
        if self.diverges(config):
            facts |= {"finished": False, "diverged": {"epoch": 2}, "epochs": facts["epochs"][:1]}
            curves = {name: [accuracy, math.nan] for name in runlog.CURVES}
        runlog.write(config.log_dir, config.mode, curves, facts)
        Path(config.model_dir).mkdir(parents=True, exist_ok=True)
        for name in state.MODEL_FILES:
            state.model_file(config, name).write_bytes(b"weights")
        return self.seconds(config)


class PlayedWorker:
    def __init__(self, played, data, device, context):
        self.played, self.data, self.device = played, data, device

    def begin(self, training):
        self.training = training
        self.ends = self.played.now + self.played.seconds(training.config)
        self.played.begun.append(training)
        if self.played.stop_after == len(self.played.runs):
            raise KeyboardInterrupt

    def result(self):
        config = self.training.config
        if (config.mode, config.seed) in self.played.deaths:
            self.played.deaths.remove((config.mode, config.seed))
            raise Died("its process was killed by signal 9")
        return self.played.train(config, self.training.select(self.data))

    def ended(self, workers):
        return self.played.ended(workers)

    def interrupt(self):
        pass

    stop = rest = interrupt
