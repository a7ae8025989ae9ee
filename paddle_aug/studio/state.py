"""What a studio keeps: its options, the open data, uploads, pictures, and work in progress."""

import hashlib
import io
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from paddle_aug.config import TrainConfig, make_config
from paddle_aug.data.dataset import Dataset, checked
from paddle_aug.data.image import FORMATS, decode_image, resize
from paddle_aug.data.samples import Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.inputs import config_and_data, selected
from paddle_aug.results.image_bytes import shrunk

MAX_PIXELS = 50 * 10**6
UPLOAD_SIDE = 1024  # pixels; larger pictures are kept at this size
UPLOADS = 8
KEPT = 512  # answers that are costly to compute anew
KEPT_BYTES = 256 * 2**20  # of their pictures


class Ended(Exception):
    """The studio ends, or the work was given up; nobody waits for its result."""


class Options(NamedTuple):
    """What the command was given. A `public` studio is open to anybody: it shows no paths."""

    given: Mapping[str, Any] = {}
    recipe: str | None = None
    logs: Path | None = None
    weights: Path | None = None
    public: bool = False


class Opened(NamedTuple):
    """The data: the config that training has with the studio's options, what the reader found, and
    the part of it that training takes."""

    config: TrainConfig
    found: Found
    data: Dataset


class Job:
    """A function that runs in a thread of its own, with progress; see `Studio.background`."""

    def __init__(self, studio: "Studio", name: str, function: Callable[["Job"], dict]):
        self.name = name
        self.done = self.total = 0
        self.result: dict | None = None
        self.error: str | None = None
        self._studio = studio
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(function,), name=name, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self.result is None and self.error is None

    def step(self, done: int, total: int) -> None:
        """Say how far the work is; between two pieces of it.

        Raises:
            Ended: the work is to stop.
        """
        self.done, self.total = done, total
        self._studio.proceed()
        if self._given_up.is_set():
            raise Ended

    def give_up(self) -> None:
        """Stop the work at its next step."""
        self._given_up.set()

    def answer(self) -> dict:
        """The progress and, at the end, the keys of the result."""
        if self.error is not None:
            return {"error": self.error}
        return {
            "running": self.running, "done": self.done, "total": self.total, **(self.result or {})
        }  # fmt: skip

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the end, and return whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self, function: Callable[["Job"], dict]) -> None:
        try:
            self.result = function(self)
        except Ended:
            self.error = "given up"
        except Exception as error:  # a thread has nobody else who would say so
            self.error = in_words(error)


def in_words(error: Exception) -> str:
    """An error as a message for the page."""
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


class Studio:
    """The state behind the page. Its methods may be called from any thread.

    `kept` is for answers that are costly to compute, by a key whose first part is the tab.
    """

    def __init__(self, options: Options | None = None, turns: int | None = None):
        self.options = options or Options()
        self.ending = threading.Event()
        self.turns = turns or max(2, os.cpu_count() or 1)
        self._semaphore = threading.BoundedSemaphore(self.turns)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple, Any] = OrderedDict()
        self._of_tabs: dict[str, Any] = {}
        self._uploads: OrderedDict[str, Sample] = OrderedDict()
        self._jobs: dict[str, Job] = {}
        self._found: tuple[TrainConfig, Found] | None = None
        self._opened: Opened | None = None
        self._opening: Job | None = None

    def open(self, wait: float | None = None) -> None:
        """Open the data in a thread, and wait for it for so many seconds, or to the end.

        Data with faults stays closed, but the studio starts: its Data tab shows them.

        Raises:
            UserError: there is no such data, and this is known by then.
        """
        self._opening = self.background("open", self._open)
        self._opening.join(wait)
        if self._opening.error and self._found is None:
            raise UserError(self._opening.error)

    def _open(self, job: Job) -> dict:
        with self.turn():
            config, found = config_and_data(dict(self.options.given), self.options.recipe)
            self._found = config, found
            data = checked(found, check=False)
            if data.eval or config.holdout:
                data = selected(config, data)
            self._opened = Opened(config, found, data)
        return {}

    @property
    def loading(self) -> bool:
        return self._opened is None and self._opening is not None and self._opening.running

    @property
    def opened(self) -> Opened:
        """The open data.

        Raises:
            UserError: it is still being opened, cannot be opened, or the studio has none.
        """
        if self._opened is not None:
            return self._opened
        if self.loading:
            raise UserError("the data is still being opened")
        raise UserError(self._opening.error if self._opening else "the studio has no data open")

    @property
    def found(self) -> tuple[TrainConfig, Found]:
        """The config of training, and what the reader found, perhaps with faults.

        Raises:
            UserError: as `opened`, if there is no such data.
        """
        return self._found or self.opened[:2]

    @property
    def config(self) -> TrainConfig:
        """The config of training with the studio's options; without data, by its recipe alone."""
        if self._opened is not None:
            return self._opened.config
        return make_config(dict(self.options.given), self.options.recipe or "aistudio")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Work in one of few turns at a time; long work takes a turn for each short piece.

        Raises:
            Ended: the studio ends.
        """
        self.proceed()
        with self._semaphore:
            self.proceed()
            yield

    def proceed(self) -> None:
        """Raise Ended if the studio ends; between two pieces of work."""
        if self.ending.is_set():
            raise Ended

    def background(self, name: str, function: Callable[[Job], dict]) -> Job:
        """Start `function(job)` in a thread; or give the job of this name, if one is there.

        The function takes `with studio.turn():` for each short piece of work, and calls `job.step`
        between them. What it returns are keys of the job's answer.
        """
        with self._lock:
            if name not in self._jobs:
                self._jobs[name] = Job(self, name, function)
            return self._jobs[name]

    def forget(self, name: str) -> None:
        """Give up the job of this name if there is one, so that it can be started anew."""
        with self._lock:
            job = self._jobs.pop(name, None)
        if job:
            job.give_up()

    def keep(self, key: tuple, make: Callable[[], Any]) -> Any:
        """What `make` returned for this key, if it is still kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = make()
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > KEPT or sum(map(_bytes, self._kept.values())) > KEPT_BYTES:
                self._kept.popitem(last=False)
        return value

    def for_tab(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` returned for this tab, once for as long as the studio lasts."""
        with self._lock:
            if name not in self._of_tabs:
                self._of_tabs[name] = make()
            return self._of_tabs[name]

    def upload(self, content: bytes, name: str) -> str:
        """Keep a picture, and return the word that names it from now on.

        Raises:
            UserError: it is no image, or has too many pixels.
        """
        name = os.path.basename(name) or "upload"
        refuse_bomb(content, name)
        image = decode_image(content, name)
        image = shrunk(image, UPLOAD_SIDE)
        word = hashlib.sha256(content).hexdigest()[:16]
        with self._lock:
            self._uploads.pop(word, None)
            self._uploads[word] = Sample(name, name, 0, pixels=image)
            while len(self._uploads) > UPLOADS:
                self._uploads.popitem(last=False)
        return word

    def uploaded(self, word: str) -> Sample:
        """An upload by its word.

        Raises:
            UserError: it is no longer kept.
        """
        with self._lock:
            if word not in self._uploads:
                raise UserError("this upload is no longer kept; upload it again")
            return self._uploads[word]

    def end(self, seconds: float = 2.0) -> bool:
        """Stop all work, and return whether it has stopped; a long step of OpenCV may go on."""
        self.ending.set()
        taken = [self._semaphore.acquire(timeout=seconds) for _ in range(self.turns)]
        for _ in filter(None, taken):  # whoever waits for one finds that the studio has ended
            self._semaphore.release()
        stopped = all(taken)
        for job in list(self._jobs.values()):
            stopped = job.join(seconds if stopped else 0) and stopped
        return stopped


def _bytes(value: Any) -> int:
    """The bytes of the pixels of an image, or of a picture's file; nothing else is large."""
    return value.nbytes if isinstance(value, np.ndarray) else len(getattr(value, "bytes", b""))


def refuse_bomb(content: bytes, name: str) -> None:
    """Raise UserError for an image of more than `MAX_PIXELS` by its header."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            pixels = image.width * image.height
    except Image.DecompressionBombError:
        pixels = MAX_PIXELS + 1
    except Exception:  # `decode_image` says what is wrong
        return
    if pixels > MAX_PIXELS:
        raise UserError(f"{name} has more than {MAX_PIXELS // 10**6} million pixels")


def thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    """The middle square of an image, `side` × `side`."""
    least = min(image.shape[:2])
    top, left = (image.shape[0] - least) // 2, (image.shape[1] - least) // 2
    return resize(image[top : top + least, left : left + least], side)
