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

    @property
    def is_numbered(self) -> bool:
        return re.fullmatch("-?[0-9]+", self.label) is not None


def read_csv(file: Path, image_root: Path | None = None) -> Found:
    """Read a table whose header names the columns of paths and labels, in any order.

    Commas, semicolons or tabs separate columns; other columns are ignored. Labels are class names,
    which are sorted, or whole numbers, which are kept. Without a column `split`, all rows are for
    training; without rows to evaluate on, the rows to test on are for that. Paths start from
    `image_root`, by default the file's folder.

    Raises:
        UserError: there is no such file, or its header lacks a column.
    """
    if not file.is_file():
        raise UserError(f"no file {file}; --data csv:PATH takes a table")
    name = file.name
    lines, faults = read_lines(file, name)
    lines = [(line, text) for line, text in lines if text.strip()]
    rows = _rows(lines, name, faults, image_root) if lines else []
    faults += _mixed_labels(rows, name)
    if rows and all(row.part != "train" for row in rows):
        faults.append(Fault(name, 0, "no line has the split train"))
    if not rows and not faults:
        faults.append(Fault(name, 0, "the table is empty"))
    class_names, labels = _classes(rows)

    root = image_root or file.parent
    parts: dict[str, list[Sample]] = {part: [] for part in PART_NAMES}
    for row in rows:
        if row.label in labels:
            sample = Sample("", row.path, labels[row.label], row.line)
            parts[row.part].append(sample.in_folder(root))
        else:
            reason = label_fault(row.label) if row.is_numbered else None
            unknown = f"label {row.label} never occurs in training"
            faults.append(Fault(name, row.line, reason or unknown))
    notes = absolute_note(faults)
    if not all(os.path.isfile(sample.file) for samples in parts.values() for sample in samples):
        notes += (f"Paths in {name} start from {root} (else give --image-root).",)
    train, eval_, test = parts.values()
    if not eval_:
        eval_, test = test, eval_
    return Found(
        file.stem, train, eval_, class_names, (name,) * 3, faults, notes, labels_named=True,
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
        line = lines[reader.line_num][0]  # where the row begins: a quoted field may have line ends
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
        path, label, split = below_root(row["path"], root), row["label"], row["split"]
        if reason := _row_fault(path, label, split, root):
            faults.append(Fault(name, line, reason))
        else:
            rows.append(Row(path, label, PART_OF[split.lower()], line))
    return rows


def _row_fault(path: str, label: str, split: str, root: Path | None) -> str | None:
    if not path:
        return "no path"
    if not label:
        return "no label"
    if split.lower() not in PART_OF:
        return f"no split named {split!r}; {near_miss(split, PART_OF)}"
    return several_labels_fault(label) or path_fault(path, root)


def _mixed_labels(rows: list[Row], name: str) -> list[Fault]:
    """The first name among numbers or number among names: a mistake, or unclear."""
    for row in rows:
        if row.is_numbered != rows[0].is_numbered:
            kinds = ("a number", "a name") if row.is_numbered else ("a name", "a number")
            first = f"{rows[0].label} on line {rows[0].line}"
            reason = f"label {row.label} is {kinds[0]}, but {first} is {kinds[1]}"
            return [Fault(name, row.line, reason)]
    return []


def _classes(rows: list[Row]) -> tuple[list[str], dict[str, int]]:
    """The class names, and the number of each label in training."""
    trained = [row for row in rows if row.part == "train"] or rows
    labels = sorted({row.label for row in trained})
    if not all(row.is_numbered for row in trained):
        return labels, {name: number for number, name in enumerate(labels)}
    numbers = {label: int(label) for label in labels if not label_fault(label)}
    return [str(number) for number in range(max(numbers.values(), default=-1) + 1)], numbers
