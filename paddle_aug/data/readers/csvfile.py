"""Tables of images: a CSV file with a header, a column of paths and one of labels."""

import csv
import os
import re
from pathlib import Path
from typing import NamedTuple

from paddle_aug.data.readers.list_format import (
    EVAL_NAMES,
    TRAIN_NAMES,
    label_fault,
    path_fault,
    read_lines,
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


class Row(NamedTuple):
    """A row without a fault; `split` is "train" or the table's word for the other part."""

    path: str
    label: str
    split: str
    line: int


class Header(NamedTuple):
    """Where the columns are."""

    path: int
    label: int
    split: int | None
    width: int
    delimiter: str


def read_csv(file: Path) -> Found:
    """Read a table whose header names the columns of paths and labels, in any order.

    Commas, semicolons or tabs separate columns; other columns are ignored. Labels are class names,
    which are sorted, or whole numbers, which stay as they are. Without a column `split` all rows
    are for training. Paths start from the file's folder.

    Raises:
        UserError: there is no such file, or its header has not the columns.
    """
    if not file.is_file():
        raise UserError(f"no file {file}; --data csv:PATH names it")
    lines, faults = read_lines(file, file.name)
    lines = [(line, text) for line, text in lines if text.strip()]
    rows = []
    if lines:
        rows = _rows(lines[1:], _header(*lines[0], file.name), file.name, faults)
    faults += [Fault(file.name, *fault) for fault in (*_split_faults(rows), *_mixed_labels(rows))]
    if not rows and not faults:
        faults.append(Fault(file.name, 0, "the table is empty"))
    class_names, labels = _classes(rows)

    train: list[Sample] = []
    eval_: list[Sample] = []
    for row in rows:
        if row.label in labels:
            part = train if row.split == "train" else eval_
            sample = Sample("", row.path, labels[row.label], row.line)
            part.append(sample.in_folder(file.parent))
        else:
            reason = label_fault(row.label) if _is_number(row.label) else None
            reason = reason or f"label {row.label} never occurs in training"
            faults.append(Fault(file.name, row.line, reason))
    notes = ()
    if not all(os.path.isfile(sample.file) for sample in (*train, *eval_)):
        notes = (f"Paths in {file.name} start from {file.parent}.",)
    names = (file.name, file.name)
    return Found(
        file.stem, train, eval_, class_names, names, faults, notes, labels_named=True,
        root=file.parent,
    )  # fmt: skip


def _header(line: int, text: str, name: str) -> Header:
    """The columns, by the delimiter that finds them."""
    for delimiter in DELIMITERS:
        fields = [field.strip().lower() for field in next(csv.reader([text], delimiter=delimiter))]
        places = {
            column: [place for place, field in enumerate(fields) if field in known]
            for column, known in COLUMNS.items()
        }
        if places["path"] and places["label"]:
            break
    else:
        wanted = " and ".join(f"{c} ({', '.join(COLUMNS[c])})" for c in ("path", "label"))
        raise UserError(f"{name}:{line}: the header lacks a column: want {wanted}")
    for found in places.values():
        if len(found) > 1:
            several = " and ".join(repr(fields[place]) for place in found)
            raise UserError(f"{name}:{line}: the columns {several} mean the same; rename one")
    path, label, split = (found[0] if found else None for found in places.values())
    return Header(path, label, split, len(fields), delimiter)


def _rows(
    lines: list[tuple[int, str]], header: Header, name: str, faults: list[Fault]
) -> list[Row]:
    rows = []
    reader = csv.reader((text + "\n" for _, text in lines), delimiter=header.delimiter, strict=True)
    while reader.line_num < len(lines):
        line = lines[reader.line_num][0]  # where the row begins: quoted fields may go on
        try:
            fields = [field.strip() for field in next(reader)]
        except csv.Error as error:
            faults.append(Fault(name, line, f"is not CSV ({error}); is a quote left open?"))
            continue
        if not any(fields):  # spreadsheets leave such rows below a table
            continue
        reason = _row_fault(fields, header)
        if reason:
            faults.append(Fault(name, line, reason))
            continue
        split = "train" if header.split is None else fields[header.split].lower()
        split = "train" if split in TRAIN_NAMES else split
        path = fields[header.path].replace("\\", "/")
        rows.append(Row(path, fields[header.label], split, line))
    return rows


def _row_fault(fields: list[str], header: Header) -> str | None:
    if len(fields) != header.width:
        return f"{len(fields)} fields, but the header has {header.width}"
    if not fields[header.path]:
        return "no path"
    if not fields[header.label]:
        return "no label"
    if header.split is not None and fields[header.split].lower() not in TRAIN_NAMES + EVAL_NAMES:
        known = near_miss(fields[header.split], TRAIN_NAMES + EVAL_NAMES)
        return f"no split named {fields[header.split]!r}; {known}"
    return path_fault(fields[header.path].replace("\\", "/"))


def _split_faults(rows: list[Row]) -> list[tuple[int, str]]:
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row.split, row.line)
    if rows and "train" not in first:
        return [(0, "no line is of the split train")]
    (word, line), *others = [item for item in first.items() if item[0] != "train"] or [(None, 0)]
    return [
        (at, f"split {other}, but {word} on line {line}; evaluate on one of them")
        for other, at in others
    ]


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
    trained = {row.label for row in rows if row.split == "train"} or {row.label for row in rows}
    if not all(map(_is_number, trained)):
        names = sorted(trained)
        return names, {name: number for number, name in enumerate(names)}
    numbers = {label: int(label) for label in trained if not label_fault(label)}
    return [str(number) for number in range(max(numbers.values(), default=-1) + 1)], numbers
