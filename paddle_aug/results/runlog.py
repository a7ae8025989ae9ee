"""The logs of a run: the notebook's four curves, one value per epoch, and run.json."""

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddle_aug.errors import UserError
from paddle_aug.results.text import count, shortened
from paddle_aug.system import files
from paddle_aug.system.schema import misfit

CURVES = ("lossTrain", "accTrain", "lossEval", "accEval")
NOTEBOOK_MODES = ("", "userDef", "imgaugLib", "allab", "allba")

# Files with a leading dot are no logs: macOS writes "._noAug_accEval.npy" to foreign disks.
_LOG_NAME = re.compile(rf"([^.].*)Aug_(?:(?:{'|'.join(CURVES)})\.npy|run\.json)")
_SEED_FOLDER = re.compile(r"seed-(\d+)")


@dataclass(frozen=True, eq=False)
class Run:
    """A run, read from its logs; `run` is its run.json, {} for the notebook's own logs.

    `curves` holds the four CURVES, float64 and of one length; accuracies are from 0 to 1.
    """

    mode: str
    folder: Path
    curves: dict[str, np.ndarray]
    run: dict
    seed: int | None

    @property
    def epochs(self) -> int:
        return len(self.curves["accEval"])

    @property
    def diverged(self) -> int | None:
        """The first epoch, from 1, whose evaluation gave no finite numbers; None if all did."""
        lost = ~np.isfinite(self.curves["lossEval"] + self.curves["accEval"])
        return int(lost.argmax()) + 1 if lost.any() else None

    @property
    def judged(self) -> dict | None:
        """The evaluation of the test images, which judges a run that `--early-stop` may have ended,
        as the eval images chose its last epoch; None for other runs."""
        return self.run.get("test") if self.run.get("config", {}).get("early_stop") else None

    @property
    def data_text(self) -> str | None:
        """What it was evaluated on, in words; None if the log does not say. The number of images
        that are held back is left out, as it may change with the seed where images have copies."""
        data, config = self.run.get("data", {}), self.run.get("config", {})
        if not {"name", "fingerprint", "class_names", "eval"} <= data.keys():
            return None
        classes = count(len(data["class_names"]), "class", "classes")
        drawn = config.get("holdout") or config.get("fold")
        images = "held-back images" if drawn else count(data["eval"], "eval image")
        return f"{data['name']} ({classes}: {shortened(data['class_names'])}; {images})"

    @property
    def network_text(self) -> str | None:
        """What was trained, in words; None if the log does not say."""
        config = self.run.get("config", {})
        if not {"network", "image_size"} <= config.keys():
            return None
        return f"{config['network']} ({config['image_size']} pixels)"

    @property
    def data_wait(self) -> float | None:
        """The share, 0 to 1, of the training time spent waiting for data; None if not logged."""
        epochs = [epoch for epoch in self._epoch_facts if "data_wait" in epoch]
        total = sum(epoch["seconds"] for epoch in epochs)
        waited = sum(epoch["seconds"] * epoch["data_wait"] for epoch in epochs)
        return waited / total if total else None

    def clean(self, quantity: str) -> dict[int, float]:
        """By epoch, counted from 1: the "loss" or "acc" on training images that are neither
        augmented nor mixed. Runs with a mix measure it."""
        return {
            number: epoch["clean"][quantity]
            for number, epoch in enumerate(self._epoch_facts, 1)
            if "clean" in epoch
        }

    @property
    def _epoch_facts(self) -> list[dict]:
        return self.run.get("epochs", [])[: self.epochs]


def prefix(mode: str) -> str:
    """The start of the names of a mode's files; "" and "none" both mean no augmentation.

    A pipeline becomes a readable slug, and a digest that tells it from all others.

    >>> prefix(""), prefix("userDef")
    ('noAug_', 'userDefAug_')
    >>> prefix("hflip|rotate(20)")
    'hflip-rotate-20-1456ef26Aug_'
    """
    mode = mode.strip()
    if mode in ("", "none"):
        return "noAug_"
    if mode.isascii() and mode.isidentifier() and mode != "no":
        return f"{mode}Aug_"
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", mode)[:40].strip("-.") or "mode"
    return f"{slug}-{hashlib.sha256(mode.encode()).hexdigest()[:8]}Aug_"


def write(log_dir: Path | str, mode: str, curves: dict[str, Sequence[float]], run: dict) -> None:
    """Write all files of a run, whole, after each epoch; run.json comes last."""
    for name in CURVES:
        with files.replacing(_curve_file(log_dir, mode, name)) as file:
            np.save(file, np.asarray(curves[name], np.float64), allow_pickle=False)
    files.write_json(run_file(log_dir, mode), run, one_per_line=["epochs"])


def read_run_file(log_dir: Path | str, mode: str) -> dict:
    """The run.json of a mode, {} where there is none.

    Raises:
        UserError: it is damaged.
    """
    return _read_json(run_file(log_dir, mode))


def has_ended(log_dir: Path | str, mode: str) -> bool:
    """Whether the run of a mode is finished, or has diverged.

    Raises:
        UserError: its run.json is damaged.
    """
    run = read_run_file(log_dir, mode)
    return bool(run.get("finished") or run.get("diverged"))


def read_run(log_dir: Path | str, mode: str) -> Run:
    """Read one run of a folder, in which other runs may be in progress.

    Raises:
        UserError: one of its files is missing, damaged, or no curve.
    """
    return read_stem(Path(log_dir), prefix(mode).removesuffix("Aug_"))


def set_aside(log_dir: Path | str, mode: str) -> Path | None:
    """Move the files of an earlier run of this mode into a new folder below `replaced/`.

    Returns that folder, or None if there is nothing to move.
    """
    curves = [_curve_file(log_dir, mode, name) for name in CURVES]
    return files.set_aside([*curves, run_file(log_dir, mode)])


def read_runs(folder: Path | str) -> list[Run]:
    """Read the runs in a folder, without its subfolders: the notebook's modes first, in its order.

    After a kill between the writing of two curves, some are one epoch longer than the others; that
    epoch is left out. The notebook's logs may be float32, or have shape (epochs, 1). NaN is a valid
    value: a run may diverge.

    Raises:
        UserError: no such folder; a file is missing, damaged, or no curve; or the lengths differ by
            more than one epoch.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give the one that training wrote its logs to")
    stems = {stem for file in folder.iterdir() if (stem := stem_of(file.name))}
    return sorted((read_stem(folder, stem) for stem in stems), key=lambda run: order(run.mode))


def stem_of(name: str) -> str | None:
    """What the names of all files of a run begin with, up to "Aug_"; None if this is no log."""
    match = _LOG_NAME.fullmatch(name)
    return match and match[1]


def run_files(folder: Path, stem: str) -> list[Path]:
    """The files of a run, run.json last."""
    return [folder / f"{stem}Aug_{name}" for name in (*(f"{c}.npy" for c in CURVES), "run.json")]


def read_seeds(folders: Iterable[Path | str]) -> list[Run]:
    """Read the runs of several folders, which hold the same modes trained with different seeds.

    A folder without runs of its own stands for its `seed-<n>` subfolders; others are ignored. Runs
    of one mode are adjacent, and modes are ordered as by `read_runs`.

    Raises:
        UserError: what `read_runs` raises; a folder without runs; one seed of a mode twice; or
            runs of a mode with different classes or networks.
    """
    runs = []
    for folder in dict.fromkeys(Path(folder) for folder in folders):
        of_folder = read_runs(folder)
        if not of_folder:
            below = [
                (seed, path)
                for path in folder.iterdir()
                if path.is_dir() and (seed := named_seed(path)) is not None
            ]
            of_folder = [run for _, path in sorted(below) for run in read_runs(path)]
        if not of_folder:
            raise UserError(
                f"{folder} holds no logs, such as noAug_accEval.npy, and no folders with logs, "
                "such as seed-0"
            )
        runs += of_folder
    _refuse_repeated_seeds(runs)
    _refuse_unlike(runs)
    return sorted(runs, key=lambda run: order(run.mode))


def by_mode(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each mode, the notebook's modes first."""
    modes = sorted({run.mode for run in runs}, key=order)
    return {mode: [run for run in runs if run.mode == mode] for mode in modes}


def by_data(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs by `data_text`, without those that have none; equal fingerprints are equal data."""
    texts: dict[str, str] = {}
    for run in runs:
        if run.data_text:
            texts.setdefault(run.run["data"]["fingerprint"], run.data_text)
    return _grouped(runs, lambda run: run.data_text and texts[run.run["data"]["fingerprint"]])


def by_network(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs by `network_text`, without those that have none."""
    return _grouped(runs, lambda run: run.network_text)


def _grouped(runs: Sequence[Run], key_of: Callable[[Run], Any]) -> dict[Any, list[Run]]:
    """The runs by a key, without those that have none."""
    groups: dict[Any, list[Run]] = {}
    for run in runs:
        if key := key_of(run):
            groups.setdefault(key, []).append(run)
    return groups


def sound(runs: Sequence[Run]) -> list[Run]:
    """The runs that did not diverge."""
    return [run for run in runs if run.diverged is None]


def stack(runs: Sequence[Run], name: str) -> np.ndarray:
    """One curve of several runs as an array [runs, epochs], cut to the shortest run; NaN from the
    epoch in which a run diverged."""
    epochs = min(run.epochs for run in runs)
    values = np.stack([run.curves[name][:epochs] for run in runs])
    for row, run in zip(values, runs, strict=True):
        if run.diverged is not None:
            row[run.diverged - 1 :] = np.nan
    return values


def end_alike(runs: Sequence[Run]) -> bool:
    """Whether all runs have ended: each has as many epochs as the longest, or a callback, such as
    `--early-stop`, has stopped it."""
    longest = max(run.epochs for run in runs)
    return all(run.epochs == longest or run.run.get("stopped") for run in runs)


def clean_points(runs: Sequence[Run], quantity: str) -> dict[int, float]:
    """The mean of `Run.clean` over the runs, in the epochs in which all of them measured it."""
    measured = [run.clean(quantity) for run in runs]
    common = sorted(set(measured[0]).intersection(*measured))
    return {number: float(np.mean([points[number] for points in measured])) for number in common}


def order(mode: str) -> tuple[int, str]:
    """Sort key of modes: the notebook's in its order, then the others by name."""
    known = mode in NOTEBOOK_MODES
    return (NOTEBOOK_MODES.index(mode) if known else len(NOTEBOOK_MODES)), mode


def _curve_file(log_dir: Path | str, mode: str, name: str) -> Path:
    return Path(log_dir, f"{prefix(mode)}{name}.npy")


def run_file(log_dir: Path | str, mode: str) -> Path:
    """The path of a mode's run.json."""
    return Path(log_dir, f"{prefix(mode)}run.json")


def named_seed(folder: Path) -> int | None:
    """The number in the name of a `seed-<n>` folder."""
    match = _SEED_FOLDER.fullmatch(folder.absolute().name)
    return int(match[1]) if match else None


def read_stem(folder: Path, stem: str) -> Run:
    """Read the run of a folder whose files begin with this stem.

    Raises:
        UserError: as `read_run`.
    """
    run = _read_json(folder / f"{stem}Aug_run.json")
    mode = "" if stem == "no" else stem
    # A slug does not give its pipeline, but run.json does. Files under another name than the one
    # that run.json gives were renamed by somebody, to tell runs apart.
    augment = str(run.get("augment", "")).strip()
    if mode and prefix(augment) == f"{stem}Aug_":
        mode = augment
    curves = {name: _read_curve(folder / f"{stem}Aug_{name}.npy") for name in CURVES}
    lengths = {name: len(curve) for name, curve in curves.items()}
    epochs = min(lengths.values())
    if max(lengths.values()) > epochs + 1:
        raise UserError(
            f"{folder / stem}Aug_*.npy are not of one run: their numbers of epochs differ: "
            + ", ".join(f"{name} {length}" for name, length in lengths.items())
        )
    curves = {name: curve[:epochs] for name, curve in curves.items()}
    seed = run.get("seed")
    return Run(mode, folder, curves, run, named_seed(folder) if seed is None else seed)


def _read_curve(file: Path) -> np.ndarray:
    if not file.exists():
        raise UserError(
            f"{file} is missing, but not the other logs of its run; restore it, or remove them"
        )
    values = _decoded(file, lambda content: np.load(io.BytesIO(content), allow_pickle=False))
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        raise UserError(f"{file} is not a curve: it holds no floating-point numbers")
    if values.size == 0 or values.shape not in ((values.size,), (values.size, 1)):
        raise UserError(f"{file} is not a curve: it has shape {values.shape}")
    return values.ravel().astype(np.float64)


def _read_json(file: Path) -> dict:
    if not file.exists():
        return {}
    run = _decoded(file, json.loads)
    filled = {"seed": None, "epochs": [], **run} if isinstance(run, dict) else run
    if fault := misfit(filled, {"seed": (None, int), "epochs": [{}]}, "it"):
        raise UserError(f"{file} is not the run.json of a run: {fault}")
    return run


def _decoded(file: Path, decode: Callable[[bytes], Any]) -> Any:
    try:
        return decode(files.read_bytes(file))
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from None
    except Exception as error:  # NumPy raises seven kinds for damaged bytes, TokenError among them
        raise UserError(f"{file} is damaged: {error}") from None


def _refuse_repeated_seeds(runs: list[Run]) -> None:
    """Refuse a seed that is there twice: the spread over equal curves means nothing."""
    first_runs: dict[tuple[str, int], Run] = {}
    for run in runs:
        if run.seed is None:
            continue
        first = first_runs.setdefault((run.mode, run.seed), run)
        if first is not run:
            raise UserError(
                f"{first.folder} and {run.folder} both hold seed {run.seed} of "
                f"{run.mode or 'none'!r}; leave one of them out"
            )


def _refuse_unlike(runs: list[Run]) -> None:
    """Refuse a mode's runs with other classes or networks: their mean means nothing. The same
    classes may be those of a folder that has got another name."""
    for mode, members in by_mode(runs).items():
        names = _grouped(members, lambda run: tuple(run.run.get("data", {}).get("class_names", ())))
        for groups in (names, by_network(members)):
            if len(groups) > 1:
                run, other = [of_group[0] for of_group in groups.values()][:2]
                raise UserError(
                    f"{run.folder} and {other.folder} hold runs of {mode or 'none'!r} on different "
                    f"data or networks: {run.data_text} with {run.network_text}, and "
                    f"{other.data_text} with {other.network_text}; leave one of them out"
                )
