"""The benchmark's side of a contender: its environment, its process, and the requests to it."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from paddle_aug.errors import UserError

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parent.parent
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
} | {"NO_ALBUMENTATIONS_UPDATE": "1"}  # it would look for a newer release on the net


JITTER = "flip, crop, jitter"  # the job that all loaders have transforms for


@dataclass(frozen=True)
class Job:
    """The files that a loader loads, how, and how often."""

    loader: str
    mode: str
    files: list[str]
    size: int
    batch: int
    workers: int
    cache: str
    epochs: int


@dataclass(frozen=True)
class Peer:
    """A contender: its module here, its name, and the package that it needs."""

    module: str
    name: str
    package: str

    @property
    def requirements(self) -> Path:
        """The requirements of its own environment; a peer without this file runs in ours."""
        return HERE / f"{self.module}.txt"


OURS = Peer("ours", "ours", "cv2")
FLOOR = Peer("floor", "floor", "cv2")
LOADER = Peer("paddleclas", "PaddleClas", "ppcls")  # compared by its loader alone
PEERS = [
    Peer("notebook", "notebook", "imgaug"),
    Peer("imgaug", "imgaug", "imgaug"),
    Peer("paddle_cv2", "paddle.vision cv2", "paddle"),
    Peer("paddle_pil", "paddle.vision pil", "paddle"),
    Peer("albumentations", "albumentations", "albumentations"),
    Peer("torchvision", "torchvision v2", "torchvision"),
]


class Contender:
    """A running worker; leaving the context ends it.

    Raises:
        UserError: the worker does not start, or dies; its own message is on stderr.
    """

    def __init__(self, peer: Peer, python: Path | str, pictures: Path):
        self.name = peer.name
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.peers.worker", peer.module, pictures.resolve()],
            cwd=TOOLS,  # whose modules Python then finds first
            env=os.environ | ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        greeting = self._answer("its start")
        self.versions: dict[str, str] = greeting["versions"]
        self.subjects: list[str] = greeting["subjects"]

    def ms(self, subject: str, size: int, calls: int) -> list[float]:
        """Milliseconds of processor time of each call; the calls take the images in turn."""
        asked = {"subject": subject, "size": size, "calls": calls}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return self._answer(f"{subject} at {size} px")["ms"]

    def _answer(self, what: str) -> dict:
        line = self.process.stdout.readline()
        if not line:
            self.close()
            raise UserError(f"benchmark: {self.name} died at {what}; see above")
        return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> "Contender":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def python_of(peer: Peer, folder: Path | None) -> Path | str | None:
    """The Python that runs a peer: that of its own environment in the folder, or ours.

    Makes the environment if it is missing. None if neither has the package of the peer; stderr says
    why.
    """
    if folder is not None and peer.requirements.exists():
        home = folder.resolve() / peer.module
        python = home / "bin" / "python"
        # pip completes an environment that an interrupted run left.
        commands = [[sys.executable, "-m", "venv", home]] if not python.exists() else []
        commands += [[python, "-m", "pip", "install", "--quiet", "-r", peer.requirements]]
        for command in commands:
            if subprocess.run(command).returncode:
                print(f"{peer.name}: no environment could be made, left out", file=sys.stderr)
                return None
        return python
    if importlib.util.find_spec(peer.package) is None:
        print(f"{peer.name}: not installed, left out", file=sys.stderr)
        return None
    return sys.executable
