"""Which module may import which. Each rule has an example of a breach that it finds."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import paddle_aug

PACKAGE = Path(paddle_aug.__file__).parent
TOOLS = PACKAGE.parent / "tools"

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
    "config": GROUND,
    "data": (*GROUND, "augment"),
    "results": GROUND,
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
    "commands": (
        *(*GROUND, "augment", "config", "data", "results", "inputs", "training"),
        *("check", "preview", "export", "evaluation", "experiments"),
    ),
    "cli": (*GROUND, "commands", "__version__"),
}
# Modules that need Paddle. No other module imports Paddle, or one of these.
MEET_PADDLE = {
    *("networks", "training", "train", "commands", "cli", "__main__"),
    *(
        "preview.mixing",
        "export.model",
        "evaluation.predict",
        "evaluation.invariance",
        "evaluation.invariance_report",
    ),
    *("experiments.compare", "experiments.compare_examples", "experiments.compare_plan"),
    *("experiments.runner", "experiments.search"),
}


def module_name(file: Path) -> str:
    """The module of a file: "data.image", "networks", and "" for the package itself."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imported_names(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for: {"np": "numpy", "io": "paddle.io"}."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                # `import a.b` binds a, and imports a.b too.
                names[item.asname or item.name] = item.name
                names.setdefault(item.asname or item.name.split(".")[0], item.name.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            for item in node.names:
                names[item.asname or item.name] = f"{'.' * node.level}{node.module}.{item.name}"
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str | None:
    """ "numpy.random.seed" for `np.random.seed`; None if the first name is not an import."""
    if isinstance(node, ast.Attribute):
        before = full_name(node.value, names)
        return before and f"{before}.{node.attr}"
    return names.get(node.id) if isinstance(node, ast.Name) else None


def breaches(module: str, source: str) -> list[str]:
    """The rules that a module of the package, or of "tools", breaks, in a sentence each."""
    tree = ast.parse(source)
    names = imported_names(tree)
    expressions = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
    used = {*names.values(), *(full_name(node, names) for node in expressions)} - {None}
    called = {
        full_name(node.func, names) for node in ast.walk(tree) if isinstance(node, ast.Call)
    } - {None}
    in_tools = within(module, "tools")
    head = module.split(".")[0]
    found = []

    def forbid(what, reason):
        found.extend(f"{name}: {reason}" for name in sorted(what))

    forbid({name for name in used if name.startswith(".")}, "imports are absolute")
    if module != "tools._clone":
        forbid({name for name in used if within(name, "sys.path")}, "only _clone touches the path")
    if module != "rng":
        forbid(
            {name for name in called if within(name, "numpy.random")}
            | {name for name in used if within(name, "random", "secrets", "os.urandom")},
            "only rng.py makes a generator, all else takes one",
        )
    if in_tools:
        return found

    forbid({name for name in used if within(name, "tools", "_clone")}, "nothing imports a tool")
    forbid({name for name in used if within(name, "paddle.io")}, "batches are made by data.workers")
    for library in ("imgaug", "albumentations"):
        if module != f"augment.adapters.{library}":
            forbid({name for name in used if within(name, library)}, "only its adapter meets it")
    ours = {name for name in used if within(name, "paddle_aug")}
    allowed = [f"paddle_aug.{name}" for name in (head, *MAY_IMPORT.get(head, ()))]
    if head in MAY_IMPORT:
        forbid({name for name in ours if not within(name, *allowed)}, f"{head} stands below this")
    if module and not within(module, *MEET_PADDLE):  # the package itself asks for VGG late
        meeting = [f"paddle_aug.{name}" for name in MEET_PADDLE]
        forbid({name for name in used if within(name, "paddle")}, "works without Paddle")
        forbid({name for name in ours if within(name, *meeting)}, "it brings Paddle with it")
    if head == "networks":
        known = {"paddle", "paddle_aug", *sys.stdlib_module_names}
        forbid({name for name in used if not within(name, *known)}, "a network is paddle alone")
    return found


MODULES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}
TOOL_FILES = {
    ".".join(("tools", *file.relative_to(TOOLS).with_suffix("").parts)): file
    for file in sorted(TOOLS.rglob("*.py"))
    # Other libraries' way to draw is what is measured there.
    if "peers" not in file.parts
}


def test_the_walk_finds_the_package_and_the_tools():
    assert {"", "rng", "augment.ops.color", "training.fit", "networks.vgg"} <= set(MODULES)
    assert {"tools._clone", "tools.train", "tools.benchmark", "tools.benchmarks.turns"} <= set(
        TOOL_FILES
    )


def test_the_top_of_the_package_holds_the_packages_of_the_table_and_nothing_else():
    heads = {module.split(".")[0] for module in MODULES}
    assert heads == {*MAY_IMPORT, "", "__main__"}


def test_a_row_names_only_rows_above_it():
    rows = list(MAY_IMPORT)
    for place, row in enumerate(rows):
        assert set(MAY_IMPORT[row]) <= {*rows[:place], "__version__"}, row


@pytest.mark.parametrize("module", [*MODULES, *TOOL_FILES], ids=lambda name: name or "paddle_aug")
def test_a_module_keeps_the_rules(module):
    source = {**MODULES, **TOOL_FILES}[module].read_text(encoding="utf-8")
    assert breaches(module, source) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("system.files", "from paddle_aug.rng import generator"),
        ("results.curves", "from paddle_aug import cli"),
        ("results.curves", "def draw():\n    from paddle import summary"),
        ("experiments.compare_report", "from paddle_aug.training.checkpoint import load"),
        ("networks.vgg", "import numpy as np"),
        ("augment.ops.color", "from ..modes import AUGMENTATIONS"),
        ("augment.adapters.other", "import imgaug.augmenters as iaa"),
        ("training.fit", "import paddle\nloader = paddle.io.DataLoader([])"),
        ("training.fit", "from tools.plot import main"),
        ("tools.train", "import sys\nsys.path.append('..')"),
        ("augment.ops.color", "import random"),
        ("augment.ops.color", "import numpy as np\nnp.random.seed(0)"),
        ("augment.ops.color", "from numpy import random as chance\nchance.rand(3)"),
    ],
)
def test_a_breach_of_each_rule_is_found(module, source):
    assert breaches(module, source)


def test_modules_that_need_no_paddle_can_be_imported_without_it():
    modules = [
        f"paddle_aug.{module}" if module else "paddle_aug"
        for module in MODULES
        if not within(module, *MEET_PADDLE)
    ]
    program = "import importlib, sys\nsys.modules['paddle'] = None\n" + "\n".join(
        f"importlib.import_module({module!r})" for module in modules
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert len(modules) > 80
