"""The files of a run are for one training at a time."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

from paddle_aug.config import TrainConfig, flag
from paddle_aug.results import runlog
from paddle_aug.system.files import held
from paddle_aug.system.processes import is_first_process
from paddle_aug.system.program import again

# The options that name a folder, and the files of a run there.
FOLDERS = {"log_dir": "logs", "model_dir": "weights", "visualdl": "visualdl"}


@contextmanager
def hold_files(configs: Sequence[TrainConfig]) -> Iterator[None]:
    """Keep other trainings away from the files of these runs, each of another mode.

    Of several processes, only the first holds the files, as it writes them.

    Raises:
        UserError: another training writes to these files, or a folder cannot be written to.
    """
    with ExitStack() as holding:
        for config in configs if is_first_process() else ():
            for name, file in lock_files(config).items():
                refusal = busy(config, name)
                holding.enter_context(held(file.parent, flag(name), refusal, file.name))
        yield


def lock_files(config: TrainConfig) -> dict[str, Path]:
    """The lock file of a run in each folder that it writes to, by the folders' options."""
    return {
        name: Path(folder, f".{runlog.prefix(config.mode)}{files}.lock")
        for name, files in FOLDERS.items()
        if (folder := getattr(config, name))
    }


def busy(config: TrainConfig, name: str) -> str:
    """The message for a second training in the folder of this option."""
    text = (
        f"another training of {config.mode or 'none'} is writing to {flag(name)} "
        f"{getattr(config, name)}; wait for it to end"
    )
    if config.resume:
        return text
    others = [(flag(name), f"{file.parent}-2") for name, file in lock_files(config).items()]
    return f"{text}, or train beside it: {again(*chain(*others))}"
