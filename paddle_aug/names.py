"""Things found by name, with a hint at the nearest one where there is none of that name."""

import difflib
from collections.abc import Callable, Iterable

from paddle_aug.errors import UserError


def near_miss(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    known = sorted(known)
    lowered = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1)
    return f"did you mean {lowered[close[0]]!r}?" if close else f"known: {', '.join(known)}"


class Registry:
    """Names of one kind of thing ("network", "augmentation"), each added once."""

    def __init__(self, kind: str):
        self.kind = kind
        self._items: dict[str, Callable] = {}

    def add(self, name: str) -> Callable:
        """Decorator that files a function or class under `name`."""

        def file(item):
            if name in self._items:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._items[name] = item
            return item

        return file

    def __getitem__(self, name: str) -> Callable:
        if name not in self._items:
            raise UserError(f"no {self.kind} named {name!r}; {near_miss(name, self._items)}")
        return self._items[name]

    def __contains__(self, name: str) -> bool:
        return name in self._items

    def __iter__(self):
        return iter(self._items)
