"""Which module may import what. The rules are here; a breach of each is shown to be found."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import paddle_aug

PACKAGE = Path(paddle_aug.__file__).parent
TOOLS = PACKAGE.parent / "tools"

# What of ours a module, or those of a folder, may import. Modules not listed (training and what
# serves it) may import all of the package; nothing listed may import them.
CONTRACTS = {"errors", "files", "pickles", "rng", "transform", "registry", "schema"}
MAY_IMPORT = {
    "errors": set(),
    "files": {"errors"},
    "pickles": set(),
    "schema": set(),
    "rng": set(),
    "transform": {"errors"},
    "registry": {"errors", "rng", "transform"},
    "opencv": set(),
    "ops": {*CONTRACTS, "ops"},
    "policies": {*CONTRACTS, "ops"},
    "adapters": {*CONTRACTS, "ops", "adapters"},
    "modes": {*CONTRACTS, "opencv", "ops", "policies", "adapters"},
    "data": {*CONTRACTS, "data", "signals"},
    "networks": {"errors", "registry", "networks"},
    "config": CONTRACTS,
    "pipeline": {*CONTRACTS, "__version__", "config", "data", "modes"},
    "encoding": set(),
    "export": {*CONTRACTS, "config", "data", "encoding", "modes", "pipeline", "shards", "signals"},
    "shards": CONTRACTS,
    "signals": set(),
    "supervisor": {*CONTRACTS, "shards"},
    "preview": {*CONTRACTS, "config", "data", "modes", "pipeline"},
    "preview_figure": {*CONTRACTS, "preview"},
    "preview_list": {*CONTRACTS, "modes", "policies"},
    "pages": set(),
    "preview_page": {*CONTRACTS, "encoding", "pages", "preview"},
    "runlog": CONTRACTS,
    "stats": {*CONTRACTS, "runlog"},
    "plot": {*CONTRACTS, "runlog", "stats"},
    "measures": CONTRACTS,
    "evaluation": {*CONTRACTS, "data", "measures", "plot", "preview", "preview_figure"},
    "wording": CONTRACTS,
    "report": {*CONTRACTS, "runlog", "stats", "plot", "wording"},
    "report_figures": {*CONTRACTS, "runlog", "stats", "plot", "report"},
    "report_page": {*CONTRACTS, "pages", "report", "report_figures"},
    "search_space": CONTRACTS,
    "search_state": CONTRACTS,
    "search_report": {*CONTRACTS, "runlog", "stats", "plot", "wording"},
}
MEET_PADDLE = {"data.loading", "networks"}  # of those listed above


def module_name(file: Path) -> str:
    """A file's module within the package: "data.loading", "networks", "" for the package itself."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imported_names(tree: ast.AST) -> dict[str, str]:
    """What each name imported anywhere stands for: {"np": "numpy", "io": "paddle.io"}."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                # `import a.b` binds a, and means a.b, which is kept beside it.
                names[item.asname or item.name] = item.name
                names.setdefault(item.asname or item.name.split(".")[0], item.name.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            for item in node.names:
                names[item.asname or item.name] = f"{'.' * node.level}{node.module}.{item.name}"
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str | None:
    """`np.random.seed` as "numpy.random.seed"; None for what does not begin with an import."""
    if isinstance(node, ast.Attribute):
        before = full_name(node.value, names)
        return before and f"{before}.{node.attr}"
    return names.get(node.id) if isinstance(node, ast.Name) else None


def breaches(module: str, source: str) -> list[str]:
    """The rules that a module of the package, or of "tools", breaks, a sentence each."""
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
    if not within(module, "cli", "commands", "__main__"):
        forbid(
            {name for name in used if within(name, "paddle_aug.cli", "paddle_aug.commands")},
            "only the command line knows of commands",
        )
    if module != "data.loading":
        forbid({name for name in used if within(name, "paddle.io")}, "only data.loading meets it")
    if module != "adapters.imgaug":
        forbid({name for name in used if within(name, "imgaug")}, "only its adapter meets imgaug")
    if module != "adapters.albumentations":
        forbid({name for name in used if within(name, "albumentations")}, "only its adapter may")
    if head in MAY_IMPORT:
        ours = {name for name in used if within(name, "paddle_aug")}
        allowed = [f"paddle_aug.{name}" for name in MAY_IMPORT[head]]
        forbid(
            {name for name in ours if not within(name, *allowed)}, f"{head} may not know of this"
        )
        if module != "data.loading":
            forbid(
                {name for name in ours if within(name, "paddle_aug.data.loading")},
                "it brings Paddle with it",
            )
        if module not in MEET_PADDLE and head not in MEET_PADDLE:
            forbid({name for name in used if within(name, "paddle")}, "works without Paddle")
    if head == "networks":
        known = {"paddle", "paddle_aug", *sys.stdlib_module_names}
        forbid({name for name in used if not within(name, *known)}, "a network is paddle alone")
    return found


MODULES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}
TOOL_FILES = {f"tools.{file.stem}": file for file in sorted(TOOLS.glob("*.py"))}


def test_the_walk_finds_the_package_and_the_tools():
    assert {"", "rng", "ops.color", "data.loading", "networks", "networks.vgg"} <= set(MODULES)
    assert {"tools._clone", "tools.train", "tools.benchmark"} <= set(TOOL_FILES)


@pytest.mark.parametrize("module", [*MODULES, *TOOL_FILES], ids=lambda name: name or "paddle_aug")
def test_a_module_keeps_to_the_one_direction(module):
    source = {**MODULES, **TOOL_FILES}[module].read_text(encoding="utf-8")
    assert breaches(module, source) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rng", "from paddle_aug.files import write_json"),
        ("transform", "from paddle_aug.ops.color import Brightness"),
        ("transform", "import paddle"),
        ("registry", "from paddle_aug import modes"),
        ("ops.color", "from paddle.vision.transforms import functional"),
        ("ops.color", "def f():\n    import paddle"),
        ("ops.color", "from paddle_aug.modes import AUGMENTATIONS"),
        ("ops.color", "from paddle_aug.adapters.imgaug import Imgaug"),
        ("ops.color", "from ..modes import AUGMENTATIONS"),
        ("policies", "import paddle.nn as nn"),
        ("adapters.other", "import imgaug.augmenters as iaa"),
        ("adapters.paddle", "import albumentations as A"),
        ("adapters.paddle", "from paddle.vision.transforms import Compose"),
        ("adapters.other", "from paddle_aug import modes"),
        ("modes", "import paddle_aug.train"),
        ("modes", "from imgaug import augmenters"),
        ("data.dataset", "from paddle_aug.data.loading import Batches"),
        ("data.dataset", "import paddle"),
        ("data.loading", "from paddle_aug.modes import augmentation"),
        ("networks.vgg", "from paddle_aug.ops.color import Brightness"),
        ("networks.vgg", "from paddle_aug.rng import generator"),
        ("networks.vgg", "import numpy as np"),
        ("networks.vgg", "from paddle.io import Dataset"),
        ("train", "import paddle\nloader = paddle.io.DataLoader([])"),
        ("train", "import imgaug"),
        ("train", "from albumentations import Compose"),
        ("train", "from tools.plot import main"),
        ("train", "import _clone"),
        ("train", "from paddle_aug.commands.plot import main"),
        ("plot", "from paddle_aug import cli"),
        ("commands.plot", "import _clone"),
        ("train", "import sys\nsys.path.insert(0, '.')"),
        ("runlog", "import paddle"),
        ("runlog", "from paddle_aug.plot import draw"),
        ("plot", "def draw():\n    from paddle import summary"),
        ("plot", "from paddle_aug.train import fit"),
        ("stats", "from paddle_aug.plot import table"),
        ("report", "from paddle_aug.checkpoint import load"),
        ("measures", "from paddle_aug.plot import draw"),
        ("evaluation", "from paddle_aug.prediction import predictions"),
        ("ops.color", "import random"),
        ("ops.color", "from random import random"),
        ("ops.color", "import numpy as np\nnp.random.seed(0)"),
        ("ops.color", "import numpy\nrng = numpy.random.default_rng(0)"),
        ("ops.color", "from numpy.random import default_rng\nrng = default_rng(0)"),
        ("ops.color", "from numpy import random as chance\nchance.rand(3)"),
        ("train", "import numpy as np\nnp.random.shuffle([])"),
        ("tools.train", "import numpy as np\nrng = np.random.RandomState(0)"),
        ("tools.train", "import sys\nsys.path.append('..')"),
    ],
)
def test_a_breach_is_found(module, source):
    assert breaches(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ops.color", "import cv2\nfrom paddle_aug.transform import Transform"),
        (
            "ops.color",
            "import numpy as np\ndef sample(rng: np.random.Generator):\n    rng.random()",
        ),
        ("rng", "import numpy as np\nrng = np.random.Generator(np.random.SFC64(0))"),
        ("adapters.imgaug", "import imgaug.augmenters\nimgaug.random.RNG(None)"),
        ("adapters.albumentations", "from albumentations import BaseCompose"),
        ("adapters.paddle", "from paddle_aug.adapters.foreign import Foreign"),
        ("data.loading", "from paddle.io import DataLoader\nfrom paddle_aug.data import image"),
        (
            "networks.vgg",
            "import math\nfrom paddle import nn\nfrom paddle_aug.registry import build",
        ),
        ("train", "import paddle\nfrom paddle_aug import modes, networks, runlog, __version__"),
        ("report", "from paddle_aug import plot, stats"),
        ("cli", "from paddle_aug import commands"),
        ("commands.plot", "from paddle_aug import plot"),
        ("tools.train", "import sys\nfrom paddle_aug.train import fit\nsys.exit(0)"),
    ],
)
def test_what_is_allowed_is_not_taken_for_a_breach(module, source):
    assert breaches(module, source) == []


def test_all_but_networks_and_training_can_be_imported_where_there_is_no_paddle():
    modules = [
        f"paddle_aug.{module}" if module else "paddle_aug"
        for module in MODULES
        if module not in MEET_PADDLE and (module.split(".")[0] in {"", *MAY_IMPORT} - MEET_PADDLE)
    ]
    program = "import importlib, sys\nsys.modules['paddle'] = None\n" + "\n".join(
        f"importlib.import_module({module!r})" for module in modules
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert len(modules) > 10
