"""The manifest of an exported data set, and the list files made from it.

`manifest.jsonl` has one JSON object per line. The first is the header: the data, the options, the
versions and the plug-ins that made the set. Each further line is a file: its path, label and
source, the index and epoch whose draws it shows, and its SHA-256. Until the set is finished,
`.manifest.part` has the lines of the files that exist.
"""

import hashlib
import json
import posixpath
from pathlib import Path
from typing import NamedTuple

from paddle_aug.config import EARLIER_DEFAULTS, flag
from paddle_aug.errors import UserError
from paddle_aug.inputs import DRAWS, SOURCES
from paddle_aug.system import plugins
from paddle_aug.system.files import write_bytes

MANIFEST = "manifest.jsonl"
PART = ".manifest.part"
LOCK = ".lock"  # while the set is written
OPTIONS = ("copies", "format", "originals", "even")  # of a set, beside its config
LISTS = {"train": "Train.txt", "eval": "Eval.txt", "test": "Test.txt"}


class Item(NamedTuple):
    """A file of the set; without an `epoch`, the unchanged image.

    `sha256` is that of the file, if it is known.
    """

    path: str
    list: str
    index: int
    epoch: int | None
    sha256: str | None = None


def read(out: Path) -> tuple[dict, list[dict]]:
    """The header and the lines of a finished set.

    Raises:
        UserError: there is no manifest, or it is damaged.
    """
    path = out / MANIFEST
    if not path.is_file():
        if (out / PART).exists():
            raise UserError(f"{out} is not finished; run the command that started it to continue")
        raise UserError(f"no {MANIFEST} in {out}; give a folder that export has written")
    try:
        header, *lines = [json.loads(text) for text in path.read_bytes().splitlines()]
        needed = {*Item._fields, "label"}
        if (
            header["manifest"] != 1
            or not set(header["config"]) <= {*SOURCES, *DRAWS}
            or not all(needed <= set(line) for line in lines)
        ):
            raise ValueError("not a manifest of this version")
        list_files(header, lines)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged: {error}; export to a new folder") from None
    for line in lines:
        if posixpath.normpath(line["path"]).split("/")[0] != "Images":
            raise UserError(f"{path} is damaged: {line['path']!r} is not below Images")
    return header, lines


def read_part(out: Path, header: dict) -> list[dict]:
    """The lines of an unfinished set with this header; [] if none has been started.

    Raises:
        UserError: the folder has an unfinished set with another header, or other files.
    """
    part = out / PART
    if part.exists():
        first, *lines = _complete_lines(part) or [{}]
        refuse_other(out, first, header)
        return lines
    if any(path.name not in (LOCK, f".{PART}.part") for path in out.iterdir()):
        raise UserError(f"{out} has other files; give a new folder, or an empty one")
    return []


def _complete_lines(part: Path) -> list[dict]:
    """The lines before the first incomplete one, which a kill or a full disk may leave."""
    lines = []
    for text in part.read_bytes().split(b"\n")[:-1]:
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines


def refuse_other(out: Path, before: dict, header: dict) -> None:
    """Refuse another header than that of the set in the folder; its data may have moved.

    Raises:
        UserError: the data, an option, a version or the code of a plug-in differs.
    """
    there, given = _settings(before), _settings(header)
    for name, value in given.items():
        if there.get(name) != value:
            raise UserError(
                f"{out} has another data set, made with {name} {there.get(name)}, not {value}; "
                "give the same options to continue it, or a new folder"
            )
    if names := plugins.changed(before.get("imports", {})):
        raise UserError(
            f"{out} has a data set that was made before {', '.join(names)} changed; give a new "
            "folder"
        )


def _settings(header: dict) -> dict:
    """What decides the bytes of a set, by the names that users know."""
    values = EARLIER_DEFAULTS | header.get("config", {})
    config = {flag(name): values[name] for name in DRAWS}
    own = {flag(name): header.get(name) for name in OPTIONS}
    data = {"the data's fingerprint": header.get("data", {}).get("fingerprint")}
    return {**config, **own, **data, **header.get("versions", {})}


def as_text(lines: list[dict]) -> str:
    """One JSON object per line."""
    return "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)


def digest_of(file: Path) -> str | None:
    """The SHA-256 of a file; None if it does not exist.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return sha256(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from None


def sha256(content: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def finish(out: Path, header: dict, lines: list[dict]) -> None:
    """Write the list files, then the manifest, without which a set does not pass for whole."""
    for name, text in list_files(header, lines).items():
        write_bytes(out / name, text.encode())
    write_bytes(out / MANIFEST, as_text([header, *lines]).encode())
    (out / PART).unlink()


def list_files(header: dict, lines: list[dict]) -> dict[str, str]:
    """The texts of the list files by name; Test.txt only if there are images to test on."""
    texts = {
        name: "".join(
            f"{line['path'].removeprefix('Images/')} {line['label']}\n"
            for line in lines
            if line["list"] == part
        )
        for part, name in LISTS.items()
    }
    if not texts["Test.txt"]:
        del texts["Test.txt"]
    # Lists are UTF-8; the names of folders need not be.
    names = [name.encode(errors="replace").decode() for name in header["data"]["class_names"]]
    return {**texts, "labels.txt": "".join(f"{i} {name}\n" for i, name in enumerate(names))}
