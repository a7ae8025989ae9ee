"""docs/evidence.md and its figure, from the logs of the study.

    PYTHONPATH=tools:. python -m publish.evidence logs/reference/study docs
"""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from publish.study import (
    BASELINE,
    SETS,
    STARTS,
    Arm,
    Arms,
    accuracy_table,
    comparisons,
    default_table,
    read,
    read_all,
)

from paddle_aug.augment.modes import MILD, recommended
from paddle_aug.results import runlog, style
from paddle_aug.results.charts import AgainstChart, measured
from paddle_aug.results.curves import against_figure
from paddle_aug.results.stats import (
    Difference,
    difference,
    estimate,
    final_accuracy,
    last_quarter,
    still_rising,
)
from paddle_aug.results.text import code, listed, markdown_table
from paddle_aug.system.files import write_bytes

FEW = "few-{start}-{fraction}.tar.xz"
FRACTIONS = ("0.0834", "0.1667", "0.3334", "0.6667", "1")
LINES = {  # of the figure: start, mode, colour
    "from random weights": ("small", BASELINE, "#7f7f7f"),
    f"from random weights, {recommended(False)}": ("small", recommended(False), "#0072b2"),
    "from ImageNet's weights": ("probe", BASELINE, "#d55e00"),
    "from ImageNet's weights, crops and mirror images": ("probe", MILD, "#009e73"),
}
FIGURE = "images/evidence.png"
PAGE = Path(__file__).with_name("evidence.md")
AS_EARLY = 0.25  # of the epochs, in which a mode's training accuracy tells how fast it learns


@dataclass(frozen=True)
class Claim:
    """What a document says, and the differences that test it, by data set; each is above 0 where
    the document is right."""

    says: str
    tested: str
    found: Mapping[str, Difference]


def rows_of(claim: Claim) -> list[list[str]]:
    return [
        [claim.says, claim.tested, data, f"{found.n}", found.points, verdict(found)]
        for data, found in claim.found.items()
    ]


def verdict(found: Difference) -> str:
    """Whether a difference whose 95 % interval is all above 0, or all below, was found."""
    if found.margin is None or abs(found.mean) <= found.margin:
        return "not shown"
    return "shown" if found.mean > 0 else "refuted"


def claims(small: Mapping[str, Arms], probe: Mapping[str, Arms]) -> list[Claim]:
    """What the notebook and its sequel say, tested by the runs from random weights (`small`) and
    from ImageNet's (`probe`), by data set."""

    def against(starts: Mapping[str, Arms], mode: str, other: str, of=lambda arm: arm.test):
        return {
            name: difference(of(arms[mode]), of(arms[other]))
            for name, arms in starts.items()
            if mode in arms and other in arms
        }

    overfit = {
        name: difference(arms[BASELINE].train, arms[BASELINE].test) for name, arms in small.items()
    }
    made = [
        Claim("without augmentation, the network overfits", "training − test accuracy", overfit),
        Claim(
            "imgaug's pipeline helps (36 → 65.3 % there)",
            "`imgaugLib` − `none`",
            against(small, "imgaugLib", BASELINE),
        ),
        Claim(
            "more augmentation learns more slowly",
            "training accuracy in the first quarter of the epochs, `imgaugLib` − `allab`",
            against(small, "imgaugLib", "allab", lambda arm: arm.early),
        ),
        Claim(
            "the order of stacking matters",
            "`allba` − `allab`",
            against(small, "allba", "allab"),
        ),
        Claim(
            "above 90 %, augmentation still adds a point or two",
            f"{code(MILD)} − `none`, from ImageNet's weights",
            against(probe, MILD, BASELINE),
        ),
        Claim(
            "so does the notebook's",
            "`imgaugLib` − `none`, from ImageNet's weights",
            against(probe, "imgaugLib", BASELINE),
        ),
        Claim("SamplePairing helps", "`samplePairing` − `none`", against(small, "samplePairing", BASELINE)),
        Claim("mixup helps", "`mixup` − `none`", against(small, "mixup", BASELINE)),
    ]
    return [claim for claim in made if claim.found]


def claims_table(every: Iterable[Claim]) -> str:
    heads = ["what is said", "tested by", "data", "n", "points", ""]
    return markdown_table(heads, [row for claim in every for row in rows_of(claim)])


def rising(small: Mapping[str, Arms]) -> tuple[list[str], int]:
    """The modes whose curves still rise, with their data set, and how many were looked at."""
    shown, number = [], 0
    for name, arms in small.items():
        curves = {
            mode: np.array([run.curves["accEval"] for run in arm.runs.values()])
            for mode, arm in arms.items()
        }
        number += len(curves)
        for mode, rise in still_rising(curves).items():
            shown.append(f"{code(mode)} on {name} by {100 * rise:.1f} points")
    return shown, number


def few(folder: Path) -> dict[str, dict[int, Arms]]:
    """By start and images a class: the runs on parts of flowers17."""
    found: dict[str, dict[int, Arms]] = {}
    for start in STARTS:
        for fraction in FRACTIONS:
            archive = folder / FEW.format(start=start, fraction=fraction)
            if archive.exists():
                arms = read(archive)
                found.setdefault(start, {})[images_of_a_class(arms)] = arms
    return found


def images_of_a_class(arms: Arms) -> int:
    run = next(iter(arms[BASELINE].runs.values())).run
    return round(run["data"]["train"] / run["data"]["classes"])


def few_lines(parts: Mapping[str, Mapping[int, Arms]]) -> dict[str, dict[int, Arm]]:
    """By line of the figure and images of a class."""
    return {
        name: {
            images: arms[mode] for images, arms in parts.get(start, {}).items() if mode in arms
        }
        for name, (start, mode, _) in LINES.items()
    }


def few_table(lines: Mapping[str, Mapping[int, Arm]]) -> str:
    sizes = sorted({images for line in lines.values() for images in line})
    rows = [
        [name, *(str(estimate([*line[size].last.values()])) if size in line else "–" for size in sizes)]
        for name, line in lines.items()
    ]
    return markdown_table(["images of a class", *map(str, sizes)], rows)


def few_figure(lines: Mapping[str, Mapping[int, Arm]], file: Path) -> None:
    points = {
        name: [(images, measured(name, [*arm.last.values()])) for images, arm in line.items()]
        for name, line in lines.items()
    }
    runs = {len(arm.runs) for line in lines.values() for arm in line.values()}
    title = f"flowers17, 17 species · {min(runs)} draws of the images · 95 % intervals"
    colour = {name: look for name, (*_, look) in LINES.items()}
    chart = AgainstChart(title, "Training images of a class", "Eval accuracy (%)", points, None, colour)
    write_bytes(file, style.png(against_figure(chart, logarithmic=True)))
