"""Writes docs/api.md from the docstrings of what `paddle_aug` exports.

PYTHONPATH=. python tests/support/api_page.py
"""

import inspect
import re
import types
from pathlib import Path

import paddle_aug
from paddle_aug import ops
from paddle_aug.augment.modes import OPS
from paddle_aug.augment.spec import arguments

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"
WITHOUT_ARGUMENTS = (paddle_aug.AUGMENTATIONS, paddle_aug.NETWORKS, paddle_aug.UserError)
INTRODUCTION = """# API

`from paddle_aug import …` gives the names below, and they stay: the [changelog](../CHANGELOG.md)
tells what changes. `import paddle_aug` alone imports nothing heavy; only `VGG`, `NETWORKS`,
`fit`, `Callback` and `MixCollate` need Paddle. [Adapters](adapters.md) shows all of it in
`paddle.io`, `paddle.Model` and PaddleClas. This page is made from the docstrings, and tests run its
examples.
"""


def page() -> str:
    """The page: functions and classes, then a table of the ops."""
    sections = [INTRODUCTION]
    for name in sorted(paddle_aug.__all__, key=str.lower):
        item = getattr(paddle_aug, name)
        if not isinstance(item, types.ModuleType):
            sections += [
                f"## {name}{'' if item in WITHOUT_ARGUMENTS else arguments(item)}\n",
                markdown(inspect.getdoc(item)),
            ]
            sections += methods(item) if item in (paddle_aug.Transform, paddle_aug.Callback) else []
    rows = [
        f"| `{item.__name__}{arguments(item)}` | `{name}` | {one_line(item)} |"
        for name, item in sorted(OPS.items(), key=lambda pair: pair[1].__name__)
    ]
    table = "| class | in a text | |\n| --- | --- | --- |\n" + "\n".join(rows)
    return "\n".join([*sections, f"## ops\n\n{inspect.getdoc(ops)}\n\n{table}\n"])


def methods(item: type) -> list[str]:
    """The sections of a class's own methods."""
    sections = []
    for name, method in vars(item).items():
        if inspect.isfunction(method) and name != "__post_init__":
            heading = name + re.sub(r"^\(self(, )?", "(", arguments(method))
            sections += [f"### {heading}\n", markdown(inspect.getdoc(method))]
    return sections


def one_line(item: type) -> str:
    return " ".join(inspect.getdoc(item).split()).replace("|", "\\|")


def markdown(docstring: str) -> str:
    """A docstring with its examples in fences and its errors as a list."""
    text = re.sub(
        r"((?:^>>> .*\n?(?:^(?!$).*\n?)*)+)", r"```python\n\1\n```\n", docstring, flags=re.M
    )
    text = text.replace("\n\n```\n", "\n```\n")
    text = re.sub(r"^Raises:\n", "Raises:\n\n", text, flags=re.M)
    text = re.sub(r"^    (\w+): ", r"- `\1`: ", text, flags=re.M)
    return re.sub(r"^ {8}", "  ", text, flags=re.M).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
