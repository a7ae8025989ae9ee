"""All published figures anew, each by the command that is written beside it.

    PYTHONPATH=tools:. python -m publish.figures all [--images DATA]
    PYTHONPATH=tools:. python -m publish.figures report logs/reference/compare-photos16
    PYTHONPATH=tools:. python -m publish.figures examples logs/reference/compare-photos16 DATA
    PYTHONPATH=tools:. python -m publish.figures invariance logs/reference/invariance-photos16 DATA

`all`, which is `make figures`, runs the commands of logs/reference/README.md. Those with DATA in
them need the photos: it is the folder that has photos16, and without `--images` they are left out.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from paddle_aug import make_config
from paddle_aug.data.samples import Sample
from paddle_aug.evaluation import invariance_figure
from paddle_aug.experiments import compare_examples, compare_page, compare_results, search_page
from paddle_aug.experiments.state import SEARCH, read_state
from paddle_aug.inputs import augmented, open_data
from paddle_aug.system.files import replacing

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "logs" / "reference" / "README.md"
DATA = "DATA"  # in a command: the folder that has photos16
SHOWN = "Images/ewer/007_0001.jpg"  # under the axes of the invariance map


def commands() -> list[str]:
    """The commands of the README, in its order."""
    blocks = re.findall("^```bash\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def draw_all(images: Path | None) -> None:
    """Run the commands one after the other, with this Python."""
    environment = {**os.environ, "PYTHONPATH": "tools:."}
    for command in commands():
        program, *words = shlex.split(command)
        if program != "python":
            raise ValueError(f"{README}: {command} does not begin with python")
        if images is None and any(word.startswith(DATA) for word in words):
            print(f"left out, as it needs --images: {command}")
            continue
        print(command, flush=True)
        words = [re.sub(f"^{DATA}", str(images), word) for word in words]
        subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)


def report(folder: Path) -> None:
    """Write the report of a comparison or of a search anew, with its figures, from its logs."""
    if (folder / compare_results.STATE).exists():
        compare_page.write(compare_results.read(folder))
    else:
        search_page.write(read_state(folder / "search.json", SEARCH), folder)


def examples(folder: Path, data: Path) -> None:
    """Draw the training images of a comparison of the recipe `small` on photos16 under each of its
    modes."""
    settings = compare_results.read(folder).settings
    config = make_config({"data": str(data / "photos16")}, "small")
    compare_examples.write(config, settings["modes"], open_data(config), folder)


def invariance(folder: Path, data: Path) -> None:
    """Draw an invariance map of the recipe `small` from its numbers, with a photo of photos16."""
    content = json.loads((folder / "invariance.json").read_text("utf-8"))
    file = data / "photos16" / SHOWN
    config = make_config({"data": str(data / "photos16")}, "small")
    image = augmented(config, [Sample(str(file), SHOWN, 0)], "none")[0, 0][0]
    with replacing(folder / "invariance.png") as output:
        invariance_figure.draw(content, image, output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("all").add_argument("--images", type=Path)
    for name in ("report", "examples", "invariance"):
        part = parts.add_parser(name)
        part.add_argument("folder", type=Path)
        if name != "report":
            part.add_argument("data", type=Path)
    options = parser.parse_args()
    if options.part == "all":
        draw_all(options.images and options.images.absolute())
    elif options.part == "report":
        report(options.folder)
    else:
        {"examples": examples, "invariance": invariance}[options.part](options.folder, options.data)


if __name__ == "__main__":
    main()
