"""A Ray cluster, whose machines see the same files under the same paths, and its workers."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

from paddle_aug.errors import UserError
from paddle_aug.system.plugins import Loaded
from paddle_aug.system.tasks import Died, Task, Worker, raised, stopped

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


@contextmanager
def cluster_workers(
    ray, folder: Path, shared: Any, places: Sequence[tuple[dict[str, float], str]]
) -> Iterator[list[Worker]]:
    """A context with a worker for each of the places: what it takes of its machine, and its device.

    All machines see the folder; each fetches one copy of what the tasks share.
    """
    sent = ray.put(shared)
    with witness(folder) as seen:
        workers = [RayWorker(ray, needs, (sent, seen), device) for needs, device in places]
        # Ray prints what has died, and stdout is for results.
        with redirect_stdout(sys.stderr), stopped(workers):
            yield workers


class RayWorker:
    """An actor, whose process does the tasks."""

    def __init__(self, ray, needs: dict[str, float], arguments: tuple, device: str):
        self.ray = ray
        self.needs = needs
        self.arguments = arguments
        self.device = device
        self.actor = None
        self.task = None

    def begin(self, task: Task) -> None:
        if self.actor is None:
            actor = self.ray.remote(Actor).options(max_restarts=0, **self.needs)
            self.actor = actor.remote(os.getcwd(), Loaded(), *self.arguments)
        self.task = self.actor.do.remote(task.call(self.device))

    def result(self) -> Any:
        try:
            return raised(self.ray.get(self.task))
        except self.ray.exceptions.RayActorError:
            self.stop()
            raise Died("its process on the Ray cluster ended") from None

    def rest(self) -> None:
        self.stop()  # what it has may be what another worker waits for, after a machine was lost

    def interrupt(self) -> None:
        pass

    def stop(self) -> None:
        if self.actor is not None:
            self.ray.kill(self.actor)
            self.actor = None

    @staticmethod
    def ended(workers: "Sequence[RayWorker]") -> "list[RayWorker]":
        by_task = {worker.task: worker for worker in workers}
        done, _ = workers[0].ray.wait(list(by_task), num_returns=1, fetch_local=False)
        return [by_task[task] for task in done]


class Actor:
    """Does tasks in its process, in the folder in which the program runs."""

    def __init__(self, folder: str, _: Loaded, shared: Any, seen: Path):
        self.folder = folder
        self.shared = shared
        self.seen = seen

    def do(self, call: Callable[[Any], Any]) -> Any:
        """The result of a task, or what stopped it."""
        try:
            refuse_unseen(self.seen)
        except UserError as error:
            return error
        os.chdir(self.folder)
        return call(self.shared)
