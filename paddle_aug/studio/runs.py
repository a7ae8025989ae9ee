"""The Runs tab: the runs below a folder of logs, reports, and what a run saw."""

import hashlib
import math
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paddle_aug.errors import UserError, printable
from paddle_aug.inputs import mixes
from paddle_aug.preview import preview
from paddle_aug.preview.preview import Draws, Shown
from paddle_aug.results import table
from paddle_aug.results.colours import colours, label
from paddle_aug.results.image_bytes import data_uri, shrunk
from paddle_aug.results.runlog import (
    CURVES,
    Run,
    named_seed,
    order,
    read_stem,
    run_files,
    stem_of,
)
from paddle_aug.results.stats import LAST, best_epoch
from paddle_aug.studio.answer import HTML, Picture
from paddle_aug.studio.query import Query
from paddle_aug.studio.state import Job, Studio
from paddle_aug.system.files import read_bytes

SKIPPED = ("replaced",)  # runs that a later one has set aside
MAX_FOLDERS = 5_000
REPORT = "report.html"
REPORTS = {"compare.json": "compare", "search.json": "search"}
DRAWN = 4  # epochs of a picture
SIDE = 512  # pixels of an original that is not stretched
OPEN_RUNS = 2  # whose data is kept


class Entry(NamedTuple):
    """A run of the logs when its files were last read. `word` names it in requests; a newer
    `version` is a larger number; `run` is None where the files have a fault."""

    word: str
    folder: Path
    stem: str
    signature: tuple
    version: int
    run: Run | None
    facts: dict


class Report(NamedTuple):
    """A folder with a report, or with the state of what will write one."""

    word: str
    folder: Path
    kind: str
    ready: bool


class Logs:
    """The runs and reports below a folder; a run is read again if its files have changed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lock = threading.Lock()
        self.entries: dict[str, Entry] = {}
        self.reports: dict[str, Report] = {}
        self.version = 0
        self.more = False
        self.open_runs: list[str] = []

    def scan(self) -> tuple[int, list[Entry], list[Report]]:
        """The version of the logs, the runs and the reports, after a look for what has changed."""
        with self.lock:
            entries, reports, self.more = {}, {}, False
            for path, names in self._folders():
                if report := _report(self.folder, path, names):
                    reports[report.word] = report
                for stem in sorted({stem for name in names if (stem := stem_of(name))}):
                    entry = self._entry(path, stem)
                    entries[entry.word] = entry
            changed = [entry.version for entry in entries.values()]
            if max(changed, default=0) > self.version or entries.keys() != self.entries.keys():
                self.version = time.time_ns()
            self.entries, self.reports = entries, reports
            return self.version, list(entries.values()), list(reports.values())

    def _folders(self) -> Iterator[tuple[Path, set[str]]]:
        """The folders from the top, each with the names of its files."""
        for number, (path, folders, names) in enumerate(os.walk(self.folder)):
            if number == MAX_FOLDERS:
                self.more = True
                return
            folders[:] = sorted(name for name in folders if name[0] != "." and name not in SKIPPED)
            yield Path(path), set(names)

    def _entry(self, folder: Path, stem: str) -> Entry:
        word = _word(self.folder, folder / stem)
        signature = tuple(map(_signature, run_files(folder, stem)))
        known = self.entries.get(word)
        if known and known.signature == signature:
            return known
        where = {"id": word, "folder": _relative(self.folder, folder), "name": stem}
        written = max((file[0] for file in signature if file), default=0) / 1e9
        where["written"] = written
        run, problem = None, None
        try:
            run = read_stem(folder, stem)
            facts = {**where, **facts_of(run, self.folder)}
        except UserError as error:
            problem = str(error).replace(f"{folder}{os.sep}", "")
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            problem = f"{stem}Aug_run.json is not the run.json of a run: {error}"
        if problem:
            # Training writes the files one by one after its first epoch, run.json last.
            begun = signature[-1] is None and None in signature
            facts = {**where, "problem": problem, "begun": begun}
            run = None
        return Entry(word, folder, stem, signature, time.time_ns(), run, facts)

    def entry(self, query: Query) -> Entry:
        """The run that a request names."""
        word = query.text("id")
        if word not in self.entries:
            self.scan()
        if word not in self.entries:
            raise UserError("this run is no longer there")
        return self.entries[word]

    def report(self, query: Query) -> Report:
        """The report that a request names."""
        word = query.text("id")
        if word not in self.reports:
            self.scan()
        if word not in self.reports:
            raise UserError("this report is no longer there")
        return self.reports[word]


def _word(top: Path, path: Path) -> str:
    return hashlib.sha256(os.fsencode(_relative(top, path))).hexdigest()[:12]


def _relative(top: Path, path: Path) -> str:
    return path.relative_to(top).as_posix()


def _signature(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _report(top: Path, folder: Path, names: set[str]) -> Report | None:
    kinds = [kind for name, kind in REPORTS.items() if name in names]
    ready = REPORT in names
    if not kinds and not ready:
        return None
    return Report(_word(top, folder), folder, (kinds or ["other"])[0], ready)


def facts_of(run: Run, top: Path) -> dict:
    """A run's row of the table and its curves; numbers that are not finite become None."""
    seeded = named_seed(run.folder) is not None and run.folder != top
    config = run.run.get("config", {})
    held_out, train = 100 * run.curves["accEval"], 100 * run.curves["accTrain"]
    finite = np.isfinite(held_out)
    best = best_epoch(np.where(finite, held_out, -1)) if finite.any() else None
    clean = run.clean("acc").get(run.epochs)
    with np.errstate(invalid="ignore"):  # inf - inf, where a run has diverged
        gap = (train[-1] if clean is None else 100 * clean) - held_out[-1]
        mean_last = held_out[-LAST:].mean()
    seconds = [epoch["seconds"] for epoch in run.run.get("epochs", []) if "seconds" in epoch]
    data = run.run.get("data", {})
    return {
        "group": _relative(top, run.folder.parent if seeded else run.folder),
        "mode": label(run.mode),
        "seed": run.seed,
        "epochs": run.epochs,
        "planned": config.get("epochs"),
        "state": _state(run),
        "diverged": run.diverged,
        "network": config.get("network"),
        "last": _number(held_out[-1]),
        "best": None if best is None else _number(held_out[best]),
        "best_epoch": None if best is None else best + 1,
        "mean_last": _number(mean_last) if run.epochs >= LAST else None,
        "train": _number(train[-1]),
        "clean": None if clean is None else _number(100 * clean),
        "gap": _number(gap),
        "seconds": _number(sum(seconds)) if seconds else None,
        "epoch_seconds": _number(max(seconds)) if seconds else None,
        "data_wait": None if run.data_wait is None else _number(100 * run.data_wait),
        "curves": {name: [_number(value) for value in run.curves[name]] for name in CURVES},
        "clean_points": {
            quantity: {epoch: _number(value) for epoch, value in run.clean(quantity).items()}
            for quantity in ("loss", "acc")
        },
        "images": data.get("train"),
        "can_show": bool(run.run),
    }


def _state(run: Run) -> str:
    if run.diverged is not None or run.run.get("diverged"):
        return "diverged"
    if run.run.get("finished"):
        return "finished"
    return "unfinished" if run.run else "unknown"


def _number(value: float) -> float | None:
    return round(float(value), 5) if math.isfinite(value) else None


def logs_of(studio: Studio) -> Logs:
    folder = studio.options.logs
    if folder is None:
        raise UserError("the studio was started without a folder of logs; give --logs")
    return studio.for_tab("runs", lambda: Logs(Path(folder)))


def runs(studio: Studio, query: Query) -> dict:
    """The runs that are newer than version `since`, the names of all, and the reports."""
    logs, since = logs_of(studio), query.whole("since", 0, most=2**63)
    version, entries, reports = logs.scan()
    answer = {
        "logs": logs.folder.name if studio.options.public else str(logs.folder),
        "there": logs.folder.is_dir(),
        "now": time.time(),
        "version": str(version),  # too large a number for JavaScript
        "ids": [entry.word for entry in entries],
        "runs": [entry.facts for entry in entries if entry.version > since],
        "more": logs.more,
        "reports": [
            {
                "id": report.word,
                "folder": _relative(logs.folder, report.folder),
                "kind": report.kind,
                "ready": report.ready,
            }
            for report in reports
        ],
    }
    if since != version:
        groups = _groups(entries)
        modes = sorted({mode for _, mode in groups}, key=order)
        answer["colours"] = {label(mode): colour for mode, colour in colours(modes).items()}
        answer["columns"] = list(table.COLUMNS)
        answer["modes"] = [
            {"group": group, **table.row(mode, members)}
            for (group, mode), members in sorted(groups.items(), key=_by_folder)
        ]
    return answer


def _groups(entries: list[Entry]) -> dict[tuple[str, str], list[Run]]:
    """The runs of each mode of a folder, whatever their seeds."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for entry in entries:
        if entry.run:
            groups.setdefault((entry.facts["group"], entry.run.mode), []).append(entry.run)
    return groups


def _by_folder(item: tuple[tuple[str, str], list[Run]]) -> tuple:
    (group, mode), _ = item
    return group, order(mode)


def page_of_report(studio: Studio, query: Query) -> Picture:
    """The page of a comparison or a search."""
    report = logs_of(studio).report(query)
    if not report.ready:
        raise UserError("this report is not written yet")
    try:
        return Picture(read_bytes(report.folder / REPORT), HTML)
    except OSError as error:
        raise UserError(f"cannot read {REPORT}: {error.strerror}") from None


def seen(studio: Studio, query: Query) -> dict:
    """An image beside what the network of a run saw of it in some epochs."""
    shown = _shown(studio, query)
    if shown is None:
        return {"loading": True}
    config, dataset = shown.config, shown.dataset
    epoch = query.whole("epoch", 1, 1, config.epochs)
    image = query.whole("image", 0, 0, len(dataset) - 1)
    draws = Draws(min(DRAWN, config.epochs - epoch + 1), epoch - 1)
    cells_of = preview.cells_of
    if mixes(config):  # which Paddle does, and that takes seconds to import
        from paddle_aug.preview.mixing import mixed_cells as cells_of
    first, *drawn = cells_of(shown, image, draws)
    cells = [first._replace(image=shrunk(first.image, SIDE)), *drawn]
    return {
        "loading": False,
        "epochs": config.epochs,
        "images": len(dataset),
        "path": printable(dataset.samples[image].path),
        "notes": list(shown.notes),
        "cells": [
            {
                "picture": data_uri(cell.image, exact=True),
                "epoch": place and epoch + place - 1,
                "caption": cell.caption if place else "",
            }
            for place, cell in enumerate(cells)
        ],
    }


def _shown(studio: Studio, query: Query) -> Shown | None:
    """A run and its data; None while the data is being opened."""
    logs = logs_of(studio)
    entry = logs.entry(query)
    with logs.lock:
        if entry.word in logs.open_runs:
            logs.open_runs.remove(entry.word)
        logs.open_runs.append(entry.word)
        for word in logs.open_runs[:-OPEN_RUNS]:
            studio.forget(f"run {word}")
        del logs.open_runs[:-OPEN_RUNS]
    file = run_files(entry.folder, entry.stem)[-1]
    name = f"run {entry.word}"
    job = studio.background(name, lambda job: {"shown": _open(studio, file, job)})
    if job.error is not None:
        studio.forget(name)
        raise UserError(job.error)
    return job.result["shown"] if job.result else None


def _open(studio: Studio, file: Path, job: Job) -> Shown:
    """A run with its data, where the run says that it is, or else where the studio's is."""
    with studio.turn():
        try:
            return preview.read_run(file)
        except UserError:
            data = studio.options.given.get("data")
            if data is None:
                raise
            return preview.read_run(file, data)


ROUTES = {
    "runs": runs,
    "runs-report": page_of_report,
    "runs-seen": seen,
}
POSTS: frozenset[str] = frozenset()
