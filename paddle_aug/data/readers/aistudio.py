"""Baidu AI Studio: where its data sets are, and unpacking their images.

Dataset N is mounted at `data/data<N>/`, which is reset with every session; files in `work/`, beside
`data/`, stay. Script tasks mount data elsewhere and pack their `output/` for download, so their
images are unpacked beside the data.
"""

import lzma
import os
import re
import shlex
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from paddle_aug.data.readers.contents import contents
from paddle_aug.data.readers.list_format import find_lists
from paddle_aug.errors import UserError
from paddle_aug.system.files import make_folder, open_file
from paddle_aug.system.program import again
from paddle_aug.system.script_task import SCRIPT_TASK

_UTF8_FLAG = 0x800
_NAME = re.compile("data[0-9]+")
_UNPACK = {
    r"\.zip$": "unzip -q {0} -d {1}",
    r"\.(tar|tar\.\w+|tgz)$": "tar -xf {0} -C {1}",
    r"\.rar$": "unrar x {0} {1}/",
    r"\.7z$": "7z x {0} -o{1}",
}
# What a zip raises that is damaged or of an unknown kind; the last two for its names and fields.
_DAMAGE = (
    zipfile.BadZipFile, NotImplementedError, zlib.error, lzma.LZMAError, EOFError, struct.error,
    ValueError,
)  # fmt: skip


def find_data(start: Path, home: Path, script_task: Path = SCRIPT_TASK) -> Path | None:
    """The mounted data set with lists, below `start`, one of its parents, or `home`.

    Raises:
        UserError: there are several, or data sets are mounted and none has lists.
    """
    start = start.absolute()
    mounts = [folder / "data" for folder in (start, *start.parents, home)]
    mounts.append(script_task / "train_data" / "datasets")
    mounted: dict[Path, Path] = {}  # by their real paths: links may lead to one twice
    for mount in filter(_is_readable, mounts):
        for folder in sorted(mount.iterdir()):
            if _NAME.fullmatch(folder.name) and _is_readable(folder):
                mounted.setdefault(folder.resolve(), folder)
    with_lists = [folder for folder in mounted.values() if find_lists(folder)]
    if len(with_lists) > 1:
        commands = "".join(f"\n  {again(data=folder)}" for folder in with_lists)
        raise UserError(f"several data sets are mounted; choose one:{commands}")
    if mounted and not with_lists:
        lines = ["the data that is mounted has no lists such as Train.txt and Eval.txt:"]
        for folder in mounted.values():
            lines += _without_lists(folder, script_task)
        raise UserError("\n".join(lines))
    return with_lists[0] if with_lists else None


def _without_lists(folder: Path, script_task: Path) -> Iterator[str]:
    """What a mounted data set without lists holds, and the command that trains on it."""
    files = [
        Path(at, name).relative_to(folder).as_posix()
        for at, _, names in os.walk(folder)
        for name in names
    ]
    what, options = contents(files, folder)
    work = (work_folder(folder, script_task) or folder.parent.parent / "work") / folder.name
    unpacking = {folder / name: unpack_command(folder / name, work) for name in files}
    archives = {archive: command for archive, command in unpacking.items() if command}
    if options or not archives:
        yield f"{folder}: {what}{'' if options else '; on the drawn sample instead:'}"
        yield f"  {again(*(options or ['--data', 'sample']))}"
        return
    for archive, command in archives.items():
        what, options = "an archive", []
        if archive.suffix.lower() == ".zip":
            with _opened(archive) as file:
                names, encoding = _decoded(file.infolist())
            what, options = contents([name for name in names if name[-1:] != "/"], work)
            if encoding != "utf-8":  # an option of Ubuntu's unzip
                command = command.replace("unzip -q", f"unzip -O {encoding} -q", 1)
        yield f"{archive}: {what}"
        yield f"  {command} && {again(*(options or ['--data', str(work)]))}"


def _is_readable(folder: Path) -> bool:
    """Whether a path is a folder that may be listed, unlike /root for most users."""
    return os.path.isdir(folder) and os.access(folder, os.R_OK | os.X_OK)


def work_folder(folder: Path, script_task: Path = SCRIPT_TASK) -> Path | None:
    """The folder to unpack a data folder's files in; None if the folder is not AI Studio's."""
    folder = Path(os.path.abspath(folder))  # links not followed: a mount may be one
    if not _NAME.fullmatch(folder.name):
        return None
    if folder.parent == script_task / "train_data" / "datasets":
        return folder.parent / "work"
    work = folder.parent.parent / "work"
    return work if folder.parent.name == "data" and work.is_dir() else None


def find_zip(folder: Path) -> Path | None:
    """The zip that holds the images of a data folder: `Images.zip`, or the only one there is."""
    zips = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".zip")
    named = [path for path in zips if path.stem.lower() == "images"]
    return named[0] if named else zips[0] if len(zips) == 1 else None


def unpack_command(archive: Path, into: Path) -> str | None:
    """The command that unpacks an archive into a folder; None for a file of another kind."""
    for ending, command in _UNPACK.items():
        if re.search(ending, archive.name, re.IGNORECASE) and archive.is_file():
            folder = shlex.quote(str(into))
            making = "" if into.is_dir() else f"mkdir -p {folder} && "
            return making + command.format(shlex.quote(str(archive)), folder)
    return None


@contextmanager
def _opened(zip_path: Path, done: str = "read") -> Iterator[zipfile.ZipFile]:
    """Open a zip; whatever is wrong with it in the block becomes one UserError."""
    try:
        with open_file(zip_path) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except _DAMAGE as error:
        raise UserError(
            f"{zip_path} cannot be {done} ({error}); fetch it again, or unpack it by hand"
        ) from error
    except OSError as error:
        raise UserError(f"{zip_path} cannot be {done}: {error.strerror or error}") from error


def zip_contents(zip_path: Path) -> set[str]:
    """The paths of a zip's files below the folder that it is unpacked into."""
    with _opened(zip_path) as archive:
        return set(_members(archive, zip_path))


def unpack(zip_path: Path, into: Path) -> None:
    """Unpack a zip of images into the folder `into`, whole or not at all, unless it is there.

    A single top folder with the zip's name is dropped: `Images.zip` with `Images/ak47/…` unpacked
    into `work/Images` gives `work/Images/ak47/…`. Of several processes, one unpacks and the others
    wait.

    Raises:
        UserError: the zip is damaged or encrypted, an entry would leave the folder, or there is
            not enough room; nothing is left behind.
    """

    def extract(folder: Path) -> None:
        for name, info in tqdm(members.items(), desc=zip_path.name, unit=" files"):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as packed, open(target, "xb") as unpacked:
                shutil.copyfileobj(packed, unpacked)

    with _opened(zip_path, f"unpacked into {into.parent}") as archive:
        members = _members(archive, zip_path)
        make_folder(into, extract)


def _members(archive: zipfile.ZipFile, zip_path: Path) -> dict[str, zipfile.ZipInfo]:
    """The files of a zip by their relative names, without a top folder of the zip's name.

    Raises:
        UserError: a name would leave the folder, or an entry is a link or encrypted.
    """
    members = {}
    infos = archive.infolist()
    for name, info in zip(_decoded(infos)[0], infos, strict=True):
        path = PurePosixPath(name)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name):
            raise UserError(f"{zip_path}: refused, its entry {name!r} would leave the folder")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UserError(f"{zip_path}: refused, its entry {name!r} is a link, not a file")
        if info.flag_bits & 1:
            raise UserError(f"{zip_path}: is encrypted; unpack it by hand")
        if path.parts and not info.is_dir() and path.parts[0] != "__MACOSX":
            members[str(path)] = info
    top = f"{zip_path.stem}/"
    if all(name.startswith(top) for name in members):
        return {name.removeprefix(top): info for name, info in members.items()}
    return members


def _decoded(infos: list[zipfile.ZipInfo]) -> tuple[list[str], str]:
    """The names of the entries, with slashes, and their encoding.

    `zipfile` reads names without the UTF-8 flag as cp437. They may still be UTF-8, or GBK from a
    Chinese Windows; all names of an archive are encoded alike.
    """
    for encoding in ("utf-8", "gbk", "cp437"):
        with suppress(UnicodeDecodeError):
            names = (
                info.filename
                if info.flag_bits & _UTF8_FLAG
                else info.filename.encode("cp437").decode(encoding)
                for info in infos
            )
            return [name.replace("\\", "/") for name in names], encoding
    raise AssertionError("cp437 decodes any byte")
