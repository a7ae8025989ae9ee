"""docs/evidence.md and its figure, from the logs of the study.

PYTHONPATH=tools:. python -m publish.evidence docs
"""

import argparse
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from paddle_aug.augment.modes import MILD, recommended
from paddle_aug.results import curves, style
from paddle_aug.results.charts import AgainstChart, measured
from paddle_aug.results.stats import Difference, difference, estimate, still_rising
from paddle_aug.results.text import code, markdown_table
from paddle_aug.system.files import read_json, write_bytes
from publish.study import (
    BASELINE,
    STARTS,
    Arm,
    Arms,
    Seeds,
    accuracy_table,
    carried,
    default_table,
    mean_gain,
    of_folder,
    pooled,
    read,
    read_sets,
    unpacked,
)

SCRATCH = recommended(pretrained=False)
FRACTIONS = ("0.0834", "0.1667", "0.3334", "0.6667", "1")
# The lines of the figure: start, mode and colour.
LINES = {
    "small": ("small", BASELINE, "#7f7f7f"),
    f"small, {SCRATCH}": ("small", SCRATCH, "#0072b2"),
    "probe, no augmentation": ("probe", BASELINE, "#d55e00"),
    "probe, crops and mirror images": ("probe", MILD, "#009e73"),
}
REFERENCE = Path(__file__).parents[2] / "logs" / "reference"
REFERENCES = ("compare-photos16", "mixing-photos16")
# What is said, and how it is tested.
SLOWER = (
    "more augmentation learns more slowly",
    "accuracy on the augmented training images in the first quarter of the epochs, "
    "`imgaugLib` minus `allab`",
)
ORDER = ("the order of stacking matters", "`allba` minus `allab`")
FIGURE = Path("images", "evidence.png")
TEMPLATE = Path(__file__).with_name("evidence.md")


@dataclass(frozen=True)
class Claim:
    """What a document says, and the differences that test it, by data set. The document is right
    where they are above 0, or also below 0 where it says no direction (`either`)."""

    says: str
    tested: str
    found: Mapping[str, Difference]
    either: bool = False


def verdict(found: Difference, either: bool) -> str:
    """What a difference with its 95 % interval says about a claim."""
    if found.margin is None or abs(found.mean) <= found.margin:
        return "undecided"
    return "supported" if found.mean > 0 or either else "contradicted"


def claims(small: Mapping[str, Arms], probe: Mapping[str, Arms], sequel: Arms) -> list[Claim]:
    """What the notebook and its sequel say, by the runs from random weights (`small`) and from
    ImageNet's (`probe`), by data set, and those of the sequel's modes on photos16."""

    def test(arm: Arm) -> Seeds:
        return arm.test

    def against(
        starts: Mapping[str, Arms], mode: str, other: str, of: Callable[[Arm], Seeds] = test
    ) -> dict[str, Difference]:
        return {
            name: difference(of(arms[mode]), of(arms[other]))
            for name, arms in starts.items()
            if mode in arms and other in arms
        }

    gaps = {
        name: difference(arms[BASELINE].trained, arms[BASELINE].test)
        for name, arms in small.items()
    }
    high = {name: arms for name, arms in probe.items() if fmean(arms[BASELINE].test.values()) > 0.9}
    found = [
        Claim(
            "without augmentation, the network overfits",
            "`none`: training minus test accuracy",
            gaps,
        ),
        Claim(
            "imgaug's pipeline helps (from 36 to 65.3 % there)",
            "`imgaugLib` minus `none`",
            against(small, "imgaugLib", BASELINE),
        ),
        Claim(
            *SLOWER,
            against(small, "imgaugLib", "allab", lambda arm: arm.trained_early),
        ),
        Claim(
            *ORDER,
            against(small, "allba", "allab"),
            either=True,
        ),
        *(
            Claim(
                "above 90 %, augmentation still adds a point or two",
                f"from ImageNet's weights, {code(mode)} minus `none`",
                against(high, mode, BASELINE),
            )
            for mode in (MILD, "imgaugLib")
        ),
        *(
            Claim(
                f"{mix} helps",
                f"{code(mode)} minus `none`",
                against({"photos16": sequel}, mode, BASELINE),
            )
            for mode, mix in (("samplePairing", "SamplePairing"), ("mixup", "mixup"))
        ),
    ]
    return [claim for claim in found if claim.found]


def reference_claims(compared: Arms, mixed: Arms) -> list[Claim]:
    """What the reference runs on all training images of photos16 tell of the notebook's modes and
    of mixes, by their accuracy on the evaluation images."""
    name, of_mixed = (
        f"photos16, {next(iter(arms[BASELINE].runs.values())).epochs} epochs"
        for arms in (compared, mixed)
    )
    return [
        Claim(
            *SLOWER,
            {
                name: difference(
                    compared["imgaugLib"].trained_early, compared["allab"].trained_early
                )
            },
        ),
        Claim(
            *ORDER,
            {name: difference(compared["allba"].watched, compared["allab"].watched)},
            either=True,
        ),
        *(
            Claim(
                f"{title} helps",
                f"{code(f'userDef+{mix}')} minus `userDef`",
                {of_mixed: difference(mixed[f"userDef+{mix}"].watched, mixed["userDef"].watched)},
            )
            for mix, title in (("samplePairing", "SamplePairing"), ("mixup", "mixup"))
        ),
    ]


def claims_table(every: Iterable[Claim]) -> str:
    rows = [
        [claim.says, claim.tested, data, f"{one.n}", one.points, verdict(one, claim.either)]
        for claim in every
        for data, one in claim.found.items()
    ]
    return markdown_table(["it says", "tested by", "data", "n", "points", "verdict"], rows)


def rising(starts: Mapping[str, Mapping[str, Arms]]) -> str:
    """The modes whose curves still rise at the end, as a sentence."""
    shown, number = [], 0
    for start, sets in starts.items():
        for name, arms in sets.items():
            watched = {
                mode: np.array([run.curves["accEval"] for run in arm.runs.values()])
                for mode, arm in arms.items()
            }
            number += len(watched)
            for mode, rise in still_rising(watched).items():
                shown.append(f"{start} with {code(mode)} on {name} (by {100 * rise:.1f} points)")
    which = f": {', '.join(shown)}" if shown else ""
    rise = f"{len(shown)} still rise in the last quarter of the epochs{which}"
    text = f"Of {number} mean curves, {rise}. Those might gain from more epochs."
    return textwrap.fill(text, 110, break_long_words=False, break_on_hyphens=False)


def few(folder: Path) -> dict[str, dict[int, Arm]]:
    """The runs on parts of flowers17, by line of the figure and images of a species."""
    found: dict[str, dict[int, Arm]] = {}
    for start in STARTS:
        for fraction in FRACTIONS:
            archive = folder / f"few-{start}-{fraction}.tar.xz"
            arms = read(archive) if archive.exists() else {}
            for name, (of_start, mode, _) in LINES.items():
                if start == of_start and mode in arms:
                    found.setdefault(name, {})[images_of_a_class(arms[mode])] = arms[mode]
    return found


def images_of_a_class(arm: Arm) -> int:
    data = next(iter(arm.runs.values())).run["data"]
    return round(data["train"] / len(data["eval_of_class"]))


def few_table(lines: Mapping[str, Mapping[int, Arm]]) -> str:
    sizes = sorted({images for line in lines.values() for images in line})
    rows = [
        [name, *(accuracy(line[size].watched) if size in line else "–" for size in sizes)]
        for name, line in lines.items()
    ]
    return markdown_table(["recipe, augmentation", *(f"{size}" for size in sizes)], rows)


def accuracy(of: Seeds) -> str:
    return str(estimate([*of.values()]))


def few_says(lines: Mapping[str, Mapping[int, Arm]]) -> str:
    """What the figure shows, in a sentence."""
    said = {}
    for name, line in lines.items():
        for size in {min(line), max(line)}:
            said[name, size] = f"{accuracy(line[size].watched)} %"
    plain, augmented, _, tuned = LINES
    least, most = min(lines[tuned]), max(lines[augmented])
    text = (
        f"With {least} photos of a species, `probe` gets {said[tuned, least]} of the test images "
        f"of 17 species right; with all {most}, `small` gets {said[augmented, most]} with "
        f"`{SCRATCH}` and {said[plain, most]} without."
    )
    return textwrap.fill(text, 110)


def few_figure(lines: Mapping[str, Mapping[int, Arm]]) -> Figure:
    """The accuracies of the table."""
    points = {
        name: [(images, measured(name, [*arm.watched.values()])) for images, arm in line.items()]
        for name, line in lines.items()
    }
    seeds = min(len(arm.runs) for line in lines.values() for arm in line.values())
    title = f"flowers17 · 17 species · {seeds} draws of the training images, 95 % intervals"
    colours = {name: colour for name, (*_, colour) in LINES.items()}
    chart = AgainstChart(
        title, "Training images of a species", "Test accuracy (%)", points, None, colours
    )
    return curves.against_figure(chart, logarithmic=True)


def page(folder: Path) -> str:
    """The page, from the archives in a folder."""
    starts = {start: read_sets(folder, start) for start in STARTS}
    small, probe = (starts[start] for start in ("small", "probe"))
    lines, sequel = few(folder), folder / "sequel-photos16.tar.xz"
    fields = {
        "figure": FIGURE.as_posix(),
        "small": accuracy_table(small),
        "probe": accuracy_table(probe),
        "default_small": default_table(small),
        "default_probe": default_table(probe),
        "gain_small": mean_gain(small, SCRATCH).points,
        "gain_probe": mean_gain(probe, MILD).points,
        **{
            name: mean_gain(small, mode, over=SCRATCH).points
            for name, mode in (
                ("imgaug", "imgaugLib"),
                ("randaugment", "randaugment"),
                ("crops", f"{MILD}|{SCRATCH}"),
            )
        },
        "range_small": gains_text(small, SCRATCH),
        "carried": pooled(carried(small)).points,
        "auto_small": code(SCRATCH),
        "auto_probe": code(MILD),
        "cifar_test": accuracy(probe["cifar2000"][BASELINE].test),
        "cifar_watched": accuracy(probe["cifar2000"][BASELINE].watched),
        "hours": f"{hours(folder):.0f}",
        "few": few_table(lines),
        "few_says": few_says(lines),
        "claims": claims_table(
            [
                *claims(small, probe, read(sequel) if sequel.exists() else {}),
                *reference_claims(*(of_folder(REFERENCE / name) for name in REFERENCES)),
            ]
        ),
        "rising": rising(starts),
    }
    return TEMPLATE.read_text("utf-8").format(**fields)


def gains_text(arms: Mapping[str, Arms], mode: str) -> str:
    """The least and the most that a mode gains on a data set."""
    gains = [difference(one[mode].test, one[BASELINE].test).mean for one in arms.values()]
    return f"{100 * min(gains):.1f} to {100 * max(gains):.1f}"


def hours(folder: Path) -> float:
    """The hours of one core that all epochs took."""
    seconds = 0.0
    for archive in sorted(folder.glob("*.tar.xz")):
        with unpacked(archive) as logs:
            runs = [read_json(file) for file in logs.rglob("*Aug_run.json")]
        seconds += sum(epoch["seconds"] for run in runs for epoch in run["epochs"])
    return seconds / 3600


def main(docs: Path) -> None:
    folder = REFERENCE / "study"
    write_bytes(docs / "evidence.md", page(folder).encode())
    with matplotlib.rc_context(style.settings(LINES)):
        style.save({FIGURE.stem: few_figure(few(folder))}, docs / FIGURE.parent, "png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("docs", type=Path)
    main(**vars(parser.parse_args()))
