"""Which module may import which. Each rule has an example of a breach that it finds."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import paddle_aug

PACKAGE = Path(paddle_aug.__file__).parent

# What each package may import of paddle_aug, beside itself. A row names only rows above it, so that
# there is no circle.
GROUND = ("errors", "names", "rng", "system")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "errors": (),
    "names": ("errors",),
    "rng": (),
    "system": ("errors", "__version__"),
    "augment": GROUND,
    "networks": ("errors", "names"),
    "config_fields": (),
    "config": (*GROUND, "config_fields"),
    "results": GROUND,
    "data": (*GROUND, "augment", "results"),
    "inputs": (*GROUND, "augment", "config", "data"),
    "training": (*GROUND, "augment", "networks", "config", "data", "results", "inputs"),
    "train": ("training",),
    "check": (*GROUND, "data", "results"),
    "preview": (*GROUND, "augment", "config", "data", "results", "inputs", "training"),
    "export": (*GROUND, "augment", "config", "data", "results", "inputs", "training"),
    "evaluation": (
        *(*GROUND, "augment", "config", "data", "results", "inputs", "training"),
        "preview",
    ),
    "experiments": (
        *(*GROUND, "augment", "config", "data", "results", "inputs", "training"),
        *("preview", "evaluation"),
    ),
    "studio": (
        *(*GROUND, "augment", "config", "data", "results", "inputs", "training"),
        *("check", "preview", "evaluation", "experiments"),
    ),
    "commands": (
        *(*GROUND, "augment", "networks", "config", "data", "results", "inputs", "training"),
        *("check", "preview", "export", "evaluation", "experiments", "studio"),
    ),
    "cli": (*GROUND, "commands", "__version__"),
    "adapters": (*GROUND, "augment", "cli"),
}
# Modules that need Paddle. No other module imports Paddle, or one of these.
MEET_PADDLE = {
    *("networks", "training", "train", "commands", "cli", "adapters", "__main__"),
    *(
        "preview.mixing",
        "export.infer",
        "export.model",
        "evaluation.gradcam",
        "evaluation.predict",
        "evaluation.invariance",
        "evaluation.invariance_report",
    ),
    *("experiments.compare", "experiments.compare_examples", "experiments.compare_plan"),
    *("experiments.on_ray", "experiments.runner", "experiments.search"),
    *("experiments.search_parts", "experiments.search_plan"),
    *("studio.loaded", "studio.network", "studio.runs"),
}
LATE = {"studio.runs"}  # only where it is needed


def module_name(file: Path) -> str:
    """The module of a file: "data.image", "networks", and "" for the package itself."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imported(source: str) -> set[str]:
    """What a module imports, anywhere in it: {"numpy", "paddle_aug.rng.generator"}."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{item.name}" for item in node.names)
    return names


def breaches(module: str, source: str) -> list[str]:
    """The rules that a module of the package breaks, in a sentence each; ruff has further ones."""
    names = imported(source)
    head = module.split(".")[0]
    found = []

    def allow_only(names, packages, reason):
        found.extend(f"{name}: {reason}" for name in names if not within(name, *packages))

    ours = {name for name in names if within(name, "paddle_aug")}
    if head in MAY_IMPORT:
        allowed = [f"paddle_aug.{name}" for name in (head, *MAY_IMPORT[head])]
        allow_only(ours, allowed, f"{head} stands below this")
    if module and not within(module, *MEET_PADDLE):  # the package itself imports late
        meeting = [f"paddle_aug.{name}" for name in MEET_PADDLE]
        found += [
            f"{name}: works without Paddle" for name in names if within(name, "paddle", *meeting)
        ]
    if head == "networks":
        known = {"paddle", "paddle_aug", *sys.stdlib_module_names}
        allow_only(names, known, "a network is paddle alone")
    return found


MODULES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def test_the_top_of_the_package_holds_the_packages_of_the_table_and_nothing_else():
    heads = {module.split(".")[0] for module in MODULES}
    assert heads == {*MAY_IMPORT, "", "__main__"}


def test_a_row_names_only_rows_above_it():
    rows = list(MAY_IMPORT)
    for place, row in enumerate(rows):
        assert set(MAY_IMPORT[row]) <= {*rows[:place], "__version__"}, row


@pytest.mark.parametrize("module", MODULES, ids=lambda name: name or "paddle_aug")
def test_a_module_keeps_the_rules(module):
    assert breaches(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("system.files", "from paddle_aug.rng import generator"),
        ("results.curves", "from paddle_aug import cli"),
        ("results.curves", "def draw():\n    from paddle import summary"),
        ("experiments.compare_report", "from paddle_aug.training.checkpoint import load"),
        ("networks.vgg", "import numpy as np"),
    ],
)
def test_a_breach_of_each_rule_is_found(module, source):
    assert breaches(module, source)


@pytest.mark.parametrize(
    ("file", "source", "code"),
    [
        ("paddle_aug/augment/ops/color.py", "from ..modes import OPS", "TID252"),
        ("paddle_aug/augment/ops/color.py", "import random", "TID251"),
        ("paddle_aug/augment/ops/color.py", "from numpy.random import default_rng", "TID251"),
        ("paddle_aug/augment/ops/color.py", "import numpy as np\nnp.random.seed(0)", "NPY002"),
        ("paddle_aug/augment/adapters/paddle.py", "import imgaug.augmenters as iaa", "TID251"),
        ("paddle_aug/training/fit.py", "import paddle\npaddle.io.DataLoader([])", "TID251"),
        ("paddle_aug/training/fit.py", "from tools.plot import main", "TID251"),
        ("tools/train.py", "import sys\nsys.path.append('..')", "TID251"),
    ],
)
def test_ruff_finds_what_is_banned(file, source, code, repository):
    command = [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--no-cache"]
    ended = subprocess.run(
        [*command, f"--stdin-filename={file}", "-"],
        input=f"{source}\n", cwd=repository, capture_output=True, text=True,
    )  # fmt: skip
    assert f" {code} " in ended.stdout


def test_modules_that_need_no_paddle_can_be_imported_without_it():
    modules = [
        f"paddle_aug.{module}" if module else "paddle_aug"
        for module in MODULES
        if not within(module, *MEET_PADDLE - LATE)
    ]
    program = "import importlib, sys\nsys.modules['paddle'] = None\n" + "\n".join(
        f"importlib.import_module({module!r})" for module in modules
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert len(modules) > 80
