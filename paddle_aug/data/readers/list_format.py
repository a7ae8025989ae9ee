"""List files: `path label` a line, and the files that name the classes.

Reading does not stop at a fault: all faults are returned, to be reported together.
"""

import codecs
import os
import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from paddle_aug.data.samples import Fault, Sample
from paddle_aug.errors import UserError
from paddle_aug.system.files import read_bytes
from paddle_aug.system.program import again

# The lists to train on, to evaluate on and to test on.
LIST_NAMES = (
    ("Train.txt", "Eval.txt", "Test.txt"),
    ("train_list.txt", "val_list.txt", "test_list.txt"),
    ("train.txt", "val.txt", "test.txt"),
)
LIST_SUFFIXES = ("", ".txt", ".lst", ".list")
CLASS_FILES = ("label_list.txt", "labels.txt", "label.txt")  # and PaddleClas's x_label_list.txt
MAX_LABEL = 999_999
WANTED = 'want "path label"'
_IMAGE = r".+\.(?:bmp|gif|jpe?g|p[bgnp]m|png|tiff?|webp)"
_LABELS = r"\[?[0-9]+(?:[\s,;|]+[0-9]+)+\]?"
# What folders and tables call the three parts.
PART_NAMES = {
    "train": ("train", "training", "训练"),
    "eval": ("eval", "val", "valid", "validation", "dev", "验证"),
    "test": ("test", "testing", "测试"),
}


def part_of(name: str) -> str | None:
    """The part, a key of PART_NAMES, that a name such as `seg_train` or `test_set` stands for."""
    words = re.split(r"[\W\d_]+", name.lower())
    stems = {re.sub("(set|data|list|images|集)$", "", word) for word in words}
    parts = [part for part, known in PART_NAMES.items() if stems & set(known)]
    return parts[0] if len(parts) == 1 else None


def has_lists(folder: Path) -> bool:
    """Whether a file has the name of a list or table of one of the parts."""
    suffixes = (*LIST_SUFFIXES, ".csv")
    try:
        return any(
            part_of(file.stem) and file.suffix.lower() in suffixes and file.is_file()
            for file in folder.iterdir()
        )
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from None


def find_lists(folder: Path) -> list[tuple[Path, ...]]:
    """The groups of lists in a folder, by their names (case matters): a training list, and the
    evaluation and test lists that go with it. Where a group has several, lone lists do not count.
    """
    return [tuple(folder / name for name in group) for group in list_names(os.listdir(folder))]


def list_names(names: Collection[str]) -> list[tuple[str, ...]]:
    """The groups of lists among the names of a folder's files; see `find_lists`."""
    groups = [
        tuple(name for name in known if name in names) for known in LIST_NAMES if known[0] in names
    ]
    return [group for group in groups if len(group) > 1] or groups


def find_class_files(folder: Path) -> list[Path]:
    """The files in a folder that name the classes, by their names (case matters)."""
    names = sorted(os.listdir(folder)) if folder.is_dir() else ()
    return [folder / n for n in names if n in CLASS_FILES or n.endswith("_label_list.txt")]


def read_list(
    file: Path, name: str | None = None, root: Path | None = None
) -> tuple[list[Sample], list[Fault]]:
    """Read `path label` lines: the last field is the label, and blank lines are skipped.

    Any white space separates path and label, so a path may contain blanks; backslashes become
    slashes. Absolute paths below `root`, the folder that the user names, are made relative to it.
    The file is UTF-8 with or without a byte order mark, with any line ends. The samples have no
    `file` yet. Faults call the list `name`, by default the file's own name.
    """
    name = name or file.name
    samples = []
    lines, faults = read_lines(file, name)
    for line, text in lines:
        fields = text.rsplit(None, 1)
        if not fields:
            continue
        reason: str | None = f"no label ({WANTED})"
        if len(fields) == 2:
            path, label = below_root(fields[0].strip(), root), fields[1]
            reason = label_fault(label) or path_fault(path, root)
        if reason or path[0] in "\"'" or path[-1] in "0123456789,;|":
            reason = form_fault(text.strip()) or reason
        if reason:
            faults.append(Fault(name, line, reason))
        else:
            samples.append(Sample("", path, int(label), line))
    if not samples and not faults:
        faults.append(Fault(name, 0, "the list is empty"))
    return samples, faults


def form_fault(line: str) -> str | None:
    """How a line differs from "path label", if it is clear what was meant."""
    if re.fullmatch(r"""(["']).+\1(\s+\S+)?""", line):
        return f'{line} has quotes (want "path label" without them)'
    if several := re.fullmatch(rf"{_IMAGE}[\s,;]+({_LABELS})", line, re.IGNORECASE):
        return several_labels_fault(several[1])
    if re.fullmatch(rf"{_IMAGE}\s*[,;]\s*[0-9]+", line, re.IGNORECASE):
        return f'{line} has a comma between path and label (want "path label")'
    return None


def several_labels_fault(label: str) -> str | None:
    """Why a label of several numbers, such as "0,1,1", is refused."""
    if not re.fullmatch(_LABELS, label):
        return None
    return f"{label!r} is several labels; multi-label data is not supported (want one class)"


def subtract(start: int, lists: Sequence[Path]) -> str:
    """The command that subtracts `start` from all labels of these lists."""
    return f"perl -i.bak -pe 's/(\\d+)(\\s*)$/($1-{start}).$2/e' {shlex.join(map(str, lists))}"


def label_fault(label: str) -> str | None:
    """Why a label is not the number of a class."""
    if not (label.isascii() and label.isdigit()):
        if re.fullmatch(r"-[0-9]+", label):
            return f"label {label} is negative (labels count from 0)"
        return f"label {label!r} is not a whole number ({WANTED})"
    if len(label.lstrip("0")) > len(str(MAX_LABEL)):
        return f"label {label} is too large (labels number the classes 0, 1, 2, …)"
    return None


def below_root(path: str, root: Path | None) -> str:
    """The path with slashes; an absolute path below `root` becomes relative to it."""
    path = path.replace("\\", "/")
    if root is None or path[:1] != "/":
        return path
    top = os.path.join(os.path.abspath(root), "")
    return posixpath.normpath(f"/{path.lstrip('/')}").removeprefix(top)


def absolute_note(faults: Sequence[Fault]) -> tuple[str, ...]:
    """The command that accepts absolute paths, if any were refused."""
    absolute = any("is absolute (" in fault.reason for fault in faults)
    return (f"To use absolute paths: {again('--image-root', '/')}",) if absolute else ()


def path_fault(path: str, root: Path | None = None) -> str | None:
    """Why a path from `below_root` does not lie below the folder of images."""
    if path[1:2] == ":" and re.match("[A-Za-z]:", path):
        return f"{path!r} is a Windows path (want one below the image folder)"
    if path[:1] == "/":
        if root is not None:
            return f"{path!r} is not below --image-root {root}"
        return f"{path!r} is absolute (want one below the image folder)"
    if ".." in path and posixpath.normpath(path).split("/")[0] == "..":
        return f"{path!r} leaves the image folder"
    if "\0" in path:
        return f"{path!r} holds a zero byte"
    return None


def read_lines(file: Path, name: str) -> tuple[list[tuple[int, str]], list[Fault]]:
    """The numbered lines of a file, without their ends, and the faults: the file cannot be read, or
    lines are not UTF-8."""
    try:
        data = read_bytes(file)
    except OSError as error:
        return [], [Fault(name, 0, f"cannot be read ({error.strerror})")]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return [], [Fault(name, 0, "the file is UTF-16; save it as UTF-8")]
    data = data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines, faults = [], []
    for line, content in enumerate(data.split(b"\n"), 1):
        try:
            lines.append((line, content.decode()))
        except UnicodeDecodeError:
            reason = "not UTF-8 (GBK, perhaps?); save the file as UTF-8"
            faults.append(Fault(name, line, reason))
    return lines, faults


Lines = list[tuple[int, str]]
BETWEEN = r"(?:\s*[,;:]\s*|\s+)"
NUMBER_FIRST = re.compile(rf"(?P<number>[0-9]{{1,6}}){BETWEEN}(?P<name>\S.*)")
NUMBER_LAST = re.compile(rf"(?P<name>.*?\S){BETWEEN}(?P<number>[0-9]{{1,6}})")
# Anything but letters may stand between; of a reversed line this finds a number at the end.
NUMBER_AT_START = re.compile(r"\W*([0-9]{1,6})[\W_]+(?=\w)")


def read_class_names(file: Path) -> tuple[list[str], list[Fault]]:
    """Read `0 name` or `name 0` lines, or one name a line, numbered from 0 in their order.

    Blanks, a comma, a semicolon or a colon may stand between number and name. Where numbers come
    first, two classes may share a name, as two cranes of ImageNet do. A number that may belong to a
    name or be its class is a fault.
    """
    numbered, faults = read_lines(file, file.name)
    lines = [(line, text.strip()) for line, text in numbered]
    while lines and not lines[-1][1]:
        lines.pop()
    if not lines:
        return [], faults or [Fault(file.name, 0, "names no class")]
    texts = [text for _, text in lines if text]
    first, last = ([p.fullmatch(text) for text in texts] for p in (NUMBER_FIRST, NUMBER_LAST))
    small = all(match and int(match["number"]) <= len(texts) for match in last)
    # The numbers in "stage 0", "stage 1" are part of the names, which would be one name without.
    distinct = small and len({match and match["name"] for match in last}) == len(texts)
    if distinct and not all(first):
        names, wrong = _numbered_names(NUMBER_LAST, "name number", lines)
    elif first[0]:
        names, wrong = _numbered_names(NUMBER_FIRST, "number name", lines)
    else:
        names, wrong = _plain_names(lines)
    return names, faults + [Fault(file.name, line, reason) for line, reason in wrong]


def _numbered_names(pattern: re.Pattern, form: str, lines: Lines) -> tuple[list[str], Lines]:
    named: dict[int, tuple[int, str]] = {}
    wrong = []
    for line, text in lines:
        match = pattern.fullmatch(text)
        number = int(match["number"]) if match else -1
        if number in named:
            wrong.append((line, f"number {number} is already on line {named[number][0]}"))
        elif match:
            named[number] = line, match["name"]
        elif text:
            wrong.append((line, f'{text!r} is not "{form}" like the first line'))
    numbers = sorted(named)
    for previous, number in zip([-1, *numbers], numbers, strict=False):
        if number > previous + 1:
            gap = f"number {number}, but no line names {previous + 1}; classes count from 0"
            wrong.append((named[number][0], gap))
    return [named[number][1] for number in numbers], wrong


def _plain_names(lines: Lines) -> tuple[list[str], Lines]:
    seen: dict[str, int] = {}
    wrong = []
    for line, text in lines:
        if not text:
            wrong.append((line, "a blank line between names"))
        elif text in seen:
            wrong.append((line, f"{text!r} is already on line {seen[text]}"))
        else:
            seen[text] = line
    return list(seen), wrong + _doubtful_numbers(lines)


def _doubtful_numbers(lines: Lines) -> Lines:
    """The first line with a number that may be its class.

    A number belongs to the name if it is too large for a class, if it tells the name from another
    one, as in "stage 1" and "stage 2", or if the lines begin with 0, 1, 2, … or 1, 2, 3, …, as in
    "001.Albatross".
    """
    starts = [NUMBER_AT_START.match(text) for _, text in lines]
    counted = [int(match[1]) if match else -1 for match in starts]
    if counted in (list(range(len(lines))), list(range(1, len(lines) + 1))):
        return []
    ends = [NUMBER_AT_START.match(text[::-1]) for _, text in lines]
    stems = [match.string[match.end() :] if match else "" for match in ends]
    times = Counter(stems)
    for (line, text), start, end, stem in zip(lines, starts, ends, stems, strict=True):
        if start:
            number = int(start[1])
        elif end and times[stem] == 1:
            number = int(end[1][::-1])
        else:
            continue
        if number <= len(lines):
            doubt = f"{text!r}: is {number} its class or part of its name?"
            return [(line, f'{doubt} Write "0 name" on every line, with its class')]
    return []
