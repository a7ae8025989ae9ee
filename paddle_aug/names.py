"""Registries of things by name; an unknown name gets a hint at the nearest one."""

import difflib
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from paddle_aug.errors import UserError

T = TypeVar("T")  # what the items make
Made = TypeVar("Made", bound=Callable[..., Any])


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


@cache
def installed(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group. Reading those of all packages takes milliseconds."""
    return tuple(entry_points(group=group))


class Registry(dict[str, Callable[..., T]], Generic[T]):
    """One kind of thing ("network", "augmentation") by name.

    Other packages add to it by entry points of its `group`, which are loaded when they are named.
    Looking up an unknown name raises UserError.
    """

    def __init__(
        self, kind: str, items: dict[str, Callable[..., T]] | None = None, group: str = ""
    ):
        super().__init__(items or {})
        self.kind = kind
        self.group = group
        self.origins: dict[str, tuple[Any, Any]] = {}  # module and qualified name of what was added

    def add(self, name: str) -> Callable[[Made], Made]:
        """A decorator that registers a function or class under a new name, or in the place of an
        earlier version of itself, as when a cell of a notebook runs again."""

        def register(item: Made) -> Made:
            origin = getattr(item, "__module__", None), getattr(item, "__qualname__", item)
            if name in self and self.origins.get(name) != origin:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self[name] = self.adopted(name, item)
            self.origins[name] = origin
            return item

        return register

    def adopted(self, name: str, item: Callable[..., T]) -> Callable[..., T]:
        """What to keep of an item that is added; a subclass may refuse it with a TypeError."""
        return item

    def names(self) -> list[str]:
        """All names, those of other packages included."""
        return [*self, *(entry.name for entry in installed(self.group))]

    def hint(self, name: str) -> str:
        """The end of the message about an unknown name."""
        return near_miss(name, self.names())

    def __missing__(self, name: str) -> Callable[..., T]:
        for entry in installed(self.group):
            if entry.name != name:
                continue
            try:
                self.add(name)(entry.load())
            except Exception as error:  # whatever the other package raises
                package = f"the package {entry.dist.name}" if entry.dist else entry.value
                raise UserError(
                    f"{self.kind} {name!r} of {package}: {type(error).__name__}: {error}"
                ) from error
            return self[name]
        raise UserError(f"no {self.kind} named {name!r}; {self.hint(name)}")
