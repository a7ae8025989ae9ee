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


class Registry(dict[str, Callable]):
    """One kind of thing ("network", "augmentation") by name; looking up an unknown one raises
    UserError."""

    def __init__(self, kind: str, items: dict[str, Callable] | None = None):
        super().__init__(items or {})
        self.kind = kind

    def add(self, name: str) -> Callable:
        """A decorator that registers a function or class under a new name."""

        def register(item):
            if name in self:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self[name] = item
            return item

        return register

    def __missing__(self, name: str):
        raise UserError(f"no {self.kind} named {name!r}; {near_miss(name, self)}")
