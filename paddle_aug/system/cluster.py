"""A Ray cluster, whose machines see the same files under the same paths."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from paddle_aug.errors import UserError

INSTALL = "pip install 'ray>=2.60,<3', the same version on all machines"


def connect(address: str):
    """The module `ray`, connected to the cluster at HOST:PORT, or with "auto" to that of this
    machine.

    Raises:
        UserError: Ray is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError:
        raise UserError(f"--on ray needs Ray: {INSTALL}") from None
    if ray.is_initialized():
        return ray
    # Workers know the folder of the program only.
    path = [str(Path(__file__).absolute().parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, path))}}
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, runtime_env=environment, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError) as error:
        raise UserError(
            f"no Ray cluster at {address} ({error}); start one by ray start --head, and "
            "ray start --address=HOST:PORT on the other machines"
        ) from None
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray has put its own in its place
    return ray


@contextmanager
def witness(folder: Path) -> Iterator[Path]:
    """A context with an empty file in the folder, for `refuse_unseen`. The folder is for this
    process alone."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for left_by_a_kill in folder.glob(".seen-by-all-*"):
        left_by_a_kill.unlink()
    file = folder / f".seen-by-all-{uuid4().hex}"
    file.touch()
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def refuse_unseen(file: Path) -> None:
    """Stop on a machine that does not see the file.

    Raises:
        UserError: it does not.
    """
    if not file.exists():
        raise UserError(
            f"the machine {os.uname().nodename} does not see {file.parent}; with Ray, all "
            "machines need one file system under the same paths"
        )
