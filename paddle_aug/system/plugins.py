"""Python files of users that add ops and networks: loaded by `--import`, and again in workers."""

import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from paddle_aug.errors import UserError

_loaded: dict[str, str] = {}  # the SHA-256 of each file, by the name that `--import` gave it


def load(names: Iterable[str]) -> None:
    """Import files such as my_ops.py, and modules by their names, each once.

    Raises:
        UserError: there is no such file or module, or it fails; the message names its line.
    """
    for name in names:
        try:
            module = import_file(Path(name)) if is_file(name) else importlib.import_module(name)
        except Exception as error:  # of code that is not ours
            raise UserError(f"--import {name}: {described(error, name)}") from error
        file = module.__file__
        _loaded[name] = hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


def is_file(name: str) -> bool:
    """Whether `--import` names a file, not a module."""
    return name.endswith(".py") or "/" in name


def import_file(path: Path) -> ModuleType:
    """Import a file that is in no folder of `sys.path`.

    Its module has a name that any process gives it, by which the objects of its classes are
    pickled, and which no other module has.
    """
    path = path.expanduser().absolute()
    name = f"paddle_aug_import_{path.stem}_{hashlib.sha256(bytes(path)).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def described(error: Exception, name: str) -> str:
    """An error of a user's file, and the line of the file that it comes from."""
    if is_file(name) and not Path(name).expanduser().exists():
        return "there is no such file"
    if isinstance(error, ModuleNotFoundError) and error.name == name:
        return "there is no such module; a file is named with its ending .py"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name == Path(name).name
    ]
    where = f"line {lines[-1]}: " if lines else ""
    return f"{where}{type(error).__name__}: {error}"


def loaded() -> dict[str, str]:
    """The SHA-256 of the files that are loaded, by the names that `--import` gave them."""
    return dict(_loaded)


class Loaded:
    """Stands first among the arguments of a worker process: as it is unpickled, it loads the
    plug-ins of the parent there, whose objects come after it."""

    def __reduce__(self):
        return _load_in_worker, (list(_loaded),)


def _load_in_worker(names: list[str]) -> Loaded:
    load(names)
    return Loaded()


@contextmanager
def missing(imports: Iterable[str]) -> Iterator[None]:
    """Say in a UserError which of the `imports` of a training are lacking here.

    None is imported without the option: run.json and weights may come from anybody.
    """
    try:
        yield
    except UserError as error:
        here = {Path(name).name for name in _loaded}
        lacking = [name for name in imports if Path(name).name not in here]
        if not lacking:
            raise
        raise UserError(
            f"{error}; it was trained with --import {','.join(lacking)}: if you trust that code, "
            "give the same here"
        ) from None


def changed(before: Mapping[str, str]) -> list[str]:
    """The files that are not as they were, by their names."""
    then = {Path(name).name: digest for name, digest in before.items()} | dict(before)
    return [
        name
        for name, digest in _loaded.items()
        if then.get(name, then.get(Path(name).name, digest)) != digest
    ]
