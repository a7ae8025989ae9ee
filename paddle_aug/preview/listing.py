"""The list of everything that `--augment` takes: ops, policies, modes, mixes and combinators."""

import inspect
from collections.abc import Callable, Iterator

from paddle_aug.augment.modes import (
    AUGMENTATIONS,
    MIXES,
    OPS,
    SEQUEL_MIXES,
    imgaug_lib,
    modes,
    sequel_user_def,
)
from paddle_aug.augment.ops import policies
from paddle_aug.augment.spec import COMBINATORS, arguments


def listing() -> str:
    """Every name with its defaults, and what it does."""
    of_policies = {name: item for name, item in OPS.items() if item.__module__ == policies.__name__}
    ops = {name: item for name, item in OPS.items() if name not in of_policies}
    own = modes(imgaug_lib)
    others = {name: AUGMENTATIONS[name] for name in AUGMENTATIONS.names() if name not in OPS | own}
    sequel = about(sequel_user_def).removesuffix(".")
    sequels = [(name, f"{sequel}; mixed by {mix}.") for name, mix in SEQUEL_MIXES.items()]
    kinds = {
        "Ops, joined as in 'hflip|rotate(20)'": _entries(ops),
        "Policies, used like ops": _entries(of_policies),
        **({"Of plug-ins": _entries(others)} if others else {}),
        "Modes": [*_entries(own), *sequels],
        "Mixes, after a mode as in 'userDef+mixup:0.4'": MIXES.items(),
        "Combinators, around ops": _entries(COMBINATORS),
    }
    return "\n".join(
        f"{title}:\n" + "\n".join(f"  {written}\n      {line}" for written, line in entries)
        for title, entries in kinds.items()
    )


def about(item: Callable) -> str:
    """The first paragraph of its docstring, which says what it does."""
    return (inspect.getdoc(item) or "").split("\n\n")[0].replace("\n", " ")


def _entries(items: dict[str, Callable]) -> Iterator[tuple[str, str]]:
    for name, item in items.items():
        yield name + arguments(item), about(item)
