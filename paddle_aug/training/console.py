"""The output of a training: a progress bar, a line an epoch, advice, and the result."""

import logging
import shlex
import shutil

from tqdm import tqdm

from paddle_aug.config import TrainConfig
from paddle_aug.data.workers import Workers
from paddle_aug.inputs import engine
from paddle_aug.system import plugins
from paddle_aug.system.processes import cores
from paddle_aug.system.program import tool
from paddle_aug.system.progress import no_bar
from paddle_aug.training.callbacks import Callback, Step
from paddle_aug.training.state import Progress, Run, model_file

logger = logging.getLogger(__name__)

MAX_WAIT = 0.1  # a larger share of an epoch spent waiting for data brings advice,
MIN_SECONDS = 1.0  # if the epoch takes longer than this
NARROW = 100  # columns of a terminal
NARROW_BAR = "{desc} {percentage:3.0f}%|{bar}| {rate_fmt}{postfix}"


class Console(Callback):
    """Shows a bar on the terminal, and logs a line an epoch."""

    def __init__(self, workers: Workers):
        self.workers = workers
        self.first = 0  # the first epoch of this session
        self.bar: tqdm | None = None

    def on_train_begin(self, run: Run, progress: Progress) -> None:
        self.first = progress.done

    def on_epoch_begin(self, run: Run, progress: Progress) -> None:
        narrow = shutil.get_terminal_size().columns < NARROW
        self.bar = tqdm(
            total=len(run.data.train),
            desc=f"{run.config.mode[:24]} {progress.done + 1}/{run.config.epochs}",
            unit="img",
            leave=False,
            disable=no_bar(),
            bar_format=NARROW_BAR if narrow else None,
        )

    def on_batch_end(self, run: Run, progress: Progress, step: Step) -> None:
        if self.bar.update(step.images):
            means = step.metrics.means()
            postfix = f"acc {percent(means['acc'])}, wait {step.watch.share:.0%}"
            if self.bar.bar_format is None:
                postfix = f"loss {means['loss']:.3f}, {postfix}"
            self.bar.set_postfix_str(postfix, refresh=False)

    def on_epoch_end(self, run: Run, progress: Progress) -> None:
        self.close()
        logger.info(epoch_line(run.config, progress))
        # The first epoch of a session also waits for the workers to start.
        wait, seconds = (progress.epochs[-1][name] for name in ("data_wait", "seconds"))
        if progress.done == self.first + 2 and wait > MAX_WAIT and seconds > MIN_SECONDS:
            logger.warning(
                "%s: waiting for data took %.0f %% of the epoch; %s",
                run.config.mode,
                100 * wait,
                advice(run.config, self.workers),
            )

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def epoch_line(config: TrainConfig, progress: Progress) -> str:
    """The log line of an epoch; `clean` is the accuracy on unaugmented, unmixed training images."""
    latest = {name: curve[-1] for name, curve in progress.curves.items()}
    epoch = progress.epochs[-1]
    clean = f"clean {percent(epoch['clean']['acc'])}" if "clean" in epoch else ""
    parts = [
        f"{config.mode} {progress.done}/{config.epochs}",
        f"train {percent(latest['accTrain'])}",
        f"eval {percent(latest['accEval'])}",
        clean,
        f"loss {latest['lossTrain']:.2f}/{latest['lossEval']:.2f}",
        f"{epoch['seconds']:.1f} s",
    ]
    return "  ".join(filter(None, parts))


def advice(config: TrainConfig, workers: Workers) -> str:
    """A way to wait less for data."""
    if engine(config) == "imgaug":
        return "--engine native draws the same pipeline many times faster"
    if workers.datasets["train"].decoded is None:
        return "--cache ram or disk would decode each image only once"
    if workers.processes < cores():
        return f"--num-workers {cores()} would augment on every core"
    return (
        "all cores augment already; more cores, a smaller --image-size or a lighter augmentation "
        "would help"
    )


def result(config: TrainConfig, progress: Progress) -> str:
    """The result of a finished training: its best epoch and the files of its weights."""
    best, last = (model_file(config, f"{name}.pdparams") for name in ("best", "last"))
    text = (
        f"{config.mode}: best epoch {progress.best['epoch']} of {progress.done}, "
        f"eval {percent(progress.best['accEval'])}, weights in {best}"
    )
    if progress.test:
        text += (
            f"\n{config.mode}: test {percent(progress.test['acc'])} with the last weights, {last}"
        )
    return text


def next_command(configs: list[TrainConfig]) -> str:
    """The command to run next: figures of several trainings, or an evaluation of one."""
    if len(configs) > 1:
        words = [*tool("plot"), configs[0].log_dir]
    else:
        words = [*tool("evaluate"), str(model_file(configs[0], "best.pdparams"))]
        if imports := plugins.loaded():
            words += ["--import", ",".join(imports)]
    return f"next: {shlex.join(words)}"
