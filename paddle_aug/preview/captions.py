"""The parameters that an augmentation draws, as short captions below pictures."""

from collections.abc import Sequence

from paddle_aug.results.language import _

NBSP = "\u00a0"
SEPARATOR = " · "
HIDDEN = ("seed", "interpolation", "mode", "order", "cval")
ANGLES = ("degrees", "theta", "rotate")


def caption(ops: Sequence[tuple[str, dict]]) -> str:
    """The ops with their parameters: "rotate 12° · hflip yes"."""
    texts = (f"{name} {values(params)}".rstrip() for name, params in ops)
    return SEPARATOR.join(texts) or _("unchanged")


def values(params: dict) -> str:
    """The parameters of one op, in as few words as possible."""
    # A reader learns nothing from a seed or an interpolation, unless that is all there is.
    shown = {name: value for name, value in params.items() if name not in HIDDEN} or params
    if len(shown) == 1:
        ((name, value),) = shown.items()
        return _value(name, value)
    if shown and all(isinstance(value, bool) for value in shown.values()):
        return ", ".join(name for name, value in shown.items() if value) or _("no")
    return ", ".join(
        f"{name.removesuffix('_ratio')} {_value(name, value)}" for name, value in shown.items()
    )


def _value(name: str, value) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float | int):
        text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
        return text.replace("-", "−") + ("°" if name in ANGLES else "")
    if name == "ops":  # the steps of a policy
        steps = (" ".join(_value(step[0], part) for part in step) for step in value)
        return ", ".join(steps) or _("unchanged")
    if name == "chains":
        return " / ".join(_value("ops", chain) for chain in value)
    if isinstance(value, list | tuple):
        plain = all(isinstance(part, bool | int | float | str) for part in value)
        if len(value) > 5 or not (plain or all(len(part) == 2 for part in value)):
            return "…"
        if plain:
            return f"({', '.join(_value(name, part) for part in value)})"
        return ", ".join(" ".join(_value("", number) for number in part) for part in value)
    return str(value)
