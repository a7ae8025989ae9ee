"""Tables of images: a CSV file with a header, a column of paths and one of labels."""

import csv
import os
import re
from pathlib import Path
from typing import NamedTuple

from paddle_aug.data.readers.list_format import (
    PART_NAMES,
    absolute_note,
    below_root,
    given_root,
    label_fault,
    path_fault,
    read_lines,
    several_labels_fault,
)
from paddle_aug.data.samples import Fault, Found, Sample
from paddle_aug.errors import UserError
from paddle_aug.names import near_miss

COLUMNS = {
    "path": ("path", "file", "filename", "image"),
    "label": ("label", "class", "category"),
    "split": ("split",),
}
DELIMITERS = ",;\t"
PART_OF = {word: part for part, names in PART_NAMES.items() for word in names}


class Row(NamedTuple):
    """A row without a fault; `part` is a key of PART_NAMES."""

    path: str
    label: str
    part: str
    line: int


def read_csv(file: Path, image_root: str | Path | None = None) -> Found:
    """Read a table whose header names the columns of paths and labels, in any order.

    Commas, semicolons or tabs separate columns; other columns are ignored. Labels are class names,
    which are sorted, or whole numbers, which stay as they are. Without a column `split` all rows
    are for training; without rows to evaluate on, those to test on are. Paths start from
    `image_root`, by default the file's folder.

    Raises:
        UserError: there is no such file or folder, or the header has not the columns.
    """
    given = given_root(image_root)
    root = given or file.parent
    if not file.is_file():
        raise UserError(f"no file {file}; --data csv:PATH names it")
    lines, faults = read_lines(file, file.name)
    lines = [(line, text) for line, text in lines if text.strip()]
    rows = _rows(lines, file.name, faults, given) if lines else []
    faults += [Fault(file.name, *fault) for fault in _mixed_labels(rows)]
    if rows and all(row.part != "train" for row in rows):
        faults.append(Fault(file.name, 0, "no line is of the split train"))
    if not rows and not faults:
        faults.append(Fault(file.name, 0, "the table is empty"))
    class_names, labels = _classes(rows)

    parts: dict[str, list[Sample]] = {part: [] for part in PART_NAMES}
    for row in rows:
        if row.label in labels:
            sample = Sample("", row.path, labels[row.label], row.line)
            parts[row.part].append(sample.in_folder(root))
        else:
            reason = label_fault(row.label) if _is_number(row.label) else None
            reason = reason or f"label {row.label} never occurs in training"
            faults.append(Fault(file.name, row.line, reason))
    notes = absolute_note(faults)
    if not all(os.path.isfile(sample.file) for samples in parts.values() for sample in samples):
        notes += (f"Paths in {file.name} start from {root} (else give --image-root).",)
    train, eval_, test = parts.values()
    if not eval_:
        eval_, test = test, eval_
    names = (file.name,) * 3
    return Found(
        file.stem, train, eval_, class_names, names, faults, notes, labels_named=True,
        root=root, lists=(file,), test=test,
    )  # fmt: skip


def _header(line: int, text: str, name: str) -> tuple[list[str | None], str]:
    """What each column is, a key of `COLUMNS` or None, by the delimiter that finds them."""
    kinds = {field: kind for kind, known in COLUMNS.items() for field in known}
    for delimiter in DELIMITERS:
        fields = [field.strip().lower() for field in next(csv.reader([text], delimiter=delimiter))]
        columns = [kinds.get(field) for field in fields]
        if "path" in columns and "label" in columns:
            break
    else:
        wanted = " and ".join(f"{c} ({', '.join(COLUMNS[c])})" for c in ("path", "label"))
        raise UserError(f"{name}:{line}: the header lacks a column: want {wanted}")
    for kind in COLUMNS:
        same = [repr(f) for f, column in zip(fields, columns, strict=True) if column == kind]
        if len(same) > 1:
            several = " and ".join(same)
            raise UserError(f"{name}:{line}: the columns {several} mean the same; rename one")
    return columns, delimiter


def _rows(
    lines: list[tuple[int, str]], name: str, faults: list[Fault], root: Path | None
) -> list[Row]:
    """The rows below the header; the faulty ones go to `faults`."""
    columns, delimiter = _header(*lines[0], name)
    del lines[0]
    rows = []
    reader = csv.reader((text + "\n" for _, text in lines), delimiter=delimiter, strict=True)
    while reader.line_num < len(lines):
        line = lines[reader.line_num][0]  # where the row begins: quoted fields may go on
        try:
            fields = [field.strip() for field in next(reader)]
        except csv.Error as error:
            faults.append(Fault(name, line, f"is not CSV ({error}); is a quote left open?"))
            continue
        if not any(fields):  # spreadsheets leave such rows below a table
            continue
        if len(fields) != len(columns):
            reason = f"{len(fields)} fields, but the header has {len(columns)}"
            faults.append(Fault(name, line, reason))
            continue
        row = {"split": "train"} | dict(zip(columns, fields, strict=True))
        path, split = below_root(row["path"], root), row["split"].lower()
        reason = _row_fault(path, row["label"], row["split"], root)
        if reason:
            faults.append(Fault(name, line, reason))
        else:
            rows.append(Row(path, row["label"], PART_OF[split], line))
    return rows


def _row_fault(path: str, label: str, split: str, root: Path | None) -> str | None:
    if not path:
        return "no path"
    if not label:
        return "no label"
    if split.lower() not in PART_OF:
        return f"no split named {split!r}; {near_miss(split, list(PART_OF))}"
    return several_labels_fault(label) or path_fault(path, root)


def _is_number(label: str) -> bool:
    return re.fullmatch("-?[0-9]+", label) is not None


def _mixed_labels(rows: list[Row]) -> list[tuple[int, str]]:
    """The first name among numbers or number among names, which is a mistake or unclear."""
    for row in rows:
        if _is_number(row.label) != _is_number(rows[0].label):
            kinds = ("a number", "a name")[:: 1 if _is_number(row.label) else -1]
            first = f"{rows[0].label} on line {rows[0].line}"
            return [(row.line, f"label {row.label} is {kinds[0]}, but {first} is {kinds[1]}")]
    return []


def _classes(rows: list[Row]) -> tuple[list[str], dict[str, int]]:
    """The class names, and the number of each label in training."""
    trained = {row.label for row in rows if row.part == "train"} or {row.label for row in rows}
    if not all(map(_is_number, trained)):
        names = sorted(trained)
        return names, {name: number for number, name in enumerate(names)}
    numbers = {label: int(label) for label in trained if not label_fault(label)}
    return [str(number) for number in range(max(numbers.values(), default=-1) + 1)], numbers
