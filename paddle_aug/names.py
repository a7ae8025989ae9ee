"""Registries of things by name; an unknown name gets a hint at the nearest one."""

import difflib
from collections.abc import Callable, Iterable

from paddle_aug.errors import UserError


def near_miss(name: str, known: Iterable[str], advice: str | None = None) -> str:
    """The end of a message about an unknown name: the nearest known one, else the advice.

    Without advice, all known names.
    """
    known = sorted(known)
    lowered = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1)
    if close:
        return f"did you mean {lowered[close[0]]!r}?"
    return advice or f"known: {', '.join(known)}"


class Registry:
    """One kind of thing ("network", "augmentation") by name, each added once."""

    def __init__(self, kind: str):
        self.kind = kind
        self._items: dict[str, Callable] = {}

    def add(self, name: str) -> Callable:
        """A decorator that registers a function or class under `name`."""

        def register(item):
            if name in self._items:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._items[name] = item
            return item

        return register

    def __getitem__(self, name: str) -> Callable:
        if name not in self._items:
            raise UserError(f"no {self.kind} named {name!r}; {near_miss(name, self._items)}")
        return self._items[name]

    def __contains__(self, name: str) -> bool:
        return name in self._items

    def __iter__(self):
        return iter(self._items)
