"""Published numbers, in both languages, are those of the logs in logs/reference."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest

from paddle_aug.experiments import (
    compare_csv,
    compare_figures,
    compare_page,
    compare_report,
    compare_results,
    search_report,
)
from paddle_aug.experiments.state import SEARCH, read_state
from paddle_aug.results.runlog import CURVES, by_mode, read_seeds
from paddle_aug.results.stats import compared_in_pairs, difference
from paddle_aug.results.table import row
from paddle_aug.results.text import p_text
from paddle_aug.system.files import read_json

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "logs" / "reference"
PAGES = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
CHINESE = ROOT / "docs" / "zh"


def runs(name):
    return by_mode(read_seeds([REFERENCE / name]))


def cells_of(name, *columns):
    """Cells of the table that `plot` prints, a row a mode."""
    return [
        [row(mode, of_mode)[column] for column in columns] for mode, of_mode in runs(name).items()
    ]


def per_cent(values):
    return [f"{100 * value:.1f}" for value in values]


def mean_and_spread(values):
    values = 100 * np.array(values)
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"


NOTEBOOK = ("eval (%)", "best (%, epoch)", "last 10 (%)", "train (%)", "gap (points)")


def mixing():
    last = {
        mode: {run.seed: run.curves["accEval"][-10:].mean() for run in of_mode}
        for mode, of_mode in runs("mixing-photos16").items()
    }
    none = last.pop("")
    against = compared_in_pairs({mode: (by_seed, none) for mode, by_seed in last.items()})
    rows = []
    for mode, of_mode in runs("mixing-photos16").items():
        shown = row(mode, of_mode)
        comparison = against.get(mode)
        rows.append(
            [
                shown["last 10 (%)"],
                shown["train (%)"],
                shown["clean (%)"] or "–",
                comparison.points if comparison else "",
                p_text(comparison.p) if comparison else "",
            ]
        )
    return rows


def curves(name):
    """Accuracy by epoch, training and evaluation of each mode."""
    return [
        per_cent(of_mode[0].curves[curve])
        for of_mode in runs(name).values()
        for curve in ("accTrain", "accEval")
    ]


def keras():
    short = runs("keras-cifar10/none-20").values()
    rows = []
    for of_mode in (*short, *runs("keras-cifar10/equal-epochs").values()):
        [run] = of_mode
        ends = [run.curves["accTrain"][-1], run.curves["accEval"][-1], run.run["test"]["acc"]]
        rows.append([str(run.epochs), None, *per_cent(ends), None])
    [[run]] = runs("keras-cifar10/all-images").values()  # the images of `test` are its `eval`
    train, test = per_cent(run.curves[name][-1] for name in ("accTrain", "accEval"))
    return [*rows, [str(run.epochs), None, train, None, test, None]]


def hotdog():
    rows = []
    for name in ("tuned", "scratch"):
        [of_mode] = runs(f"d2l-hotdog-lite/{name}").values()
        train, ends = ([run.curves[of][-1] for run in of_mode] for of in ("accTrain", "accEval"))
        each = ", ".join(per_cent(ends))
        rows.append([None, mean_and_spread(train), mean_and_spread(ends), each])
    return rows


TABLES = {
    "compare-photos16": lambda: cells_of("compare-photos16", *NOTEBOOK),
    "demo": lambda: cells_of("demo", *NOTEBOOK),
    "mixing-photos16": mixing,
    "crop-flip-cifar10": lambda: cells_of(
        "crop-flip-cifar10", "eval (%)", "last 10 (%)", "train (%)"
    ),
    "d2l-cifar10": lambda: curves("d2l-cifar10"),
    "torchvision-mnist": lambda: curves("torchvision-mnist"),
    "keras-cifar10": keras,
    "d2l-hotdog-lite": hotdog,
}


def tables(page):
    """The tables of a page, without heads and first columns."""
    text = page.read_text(encoding="utf-8").replace("\\|", "/")
    for body in re.findall(r"^\|[-:| ]+\|\n((?:\|.*\|\n?)+)", text, re.M):
        rows = [line.strip("|").split("|")[1:] for line in body.splitlines()]
        yield [[cell.strip() for cell in cells] for cells in rows]


def like(found, expected):
    """The share of the expected cells, but for None, that a table has in their places."""
    known = [
        (row, column)
        for row, cells in enumerate(expected)
        for column, cell in enumerate(cells)
        if cell is not None
    ]
    if [len(cells) for cells in found] != [len(cells) for cells in expected]:
        return 0.0
    return np.mean([found[row][column] == expected[row][column] for row, column in known])


@pytest.mark.parametrize("name", TABLES)
def test_a_published_table_has_the_numbers_of_its_logs(name):
    expected = TABLES[name]()
    rows = sorted(expected, key=lambda cells: [cell or "" for cell in cells])
    found = {}
    for page in PAGES:
        for table in tables(page):
            shares = [like(table, expected), like(sorted(table), rows)]
            if max(shares) > 0.5:  # it is this table, with wrong numbers, if any
                found[page] = (table, max(shares))
    assert found, f"no page has a table with the numbers of logs/reference/{name}"
    for page, (table, share) in found.items():
        assert share == 1, f"{page}: {table}\nlogs/reference/{name}: {expected}"


def test_a_table_with_a_wrong_number_is_recognised():
    expected = [["1.0", "2.0"], ["3.0", None]]
    assert like([["1.0", "2.0"], ["3.0", "x"]], expected) == 1
    assert 0.5 < like([["1.0", "2.0"], ["3.1", "x"]], expected) < 1
    assert like([["1.0", "2.0"]], expected) == 0


def test_the_lead_of_fine_tuning_is_that_of_the_logs():
    tuned, scratch = (
        {
            run.seed: run.curves["accEval"][-1]
            for run in next(iter(runs(f"d2l-hotdog-lite/{name}").values()))
        }
        for name in ("tuned", "scratch")
    )
    lead = difference(tuned, scratch)
    text = (ROOT / "docs" / "documents" / "d2l-finetuning.md").read_text(encoding="utf-8")
    shown = f"{100 * lead.mean:.1f} points (95 % interval ± {100 * lead.margin:.1f}"
    assert (
        f"ahead by {shown}, paired t test over five seeds, p = {lead.p:.0e}".replace("e-0", "e-")
        in text
    )


def test_the_findings_on_the_notebook_are_those_of_the_logs():
    compared = runs("compare-photos16")
    means = {
        mode: {name: np.mean([run.curves[name] for run in of_mode], 0) for name in CURVES}
        for mode, of_mode in compared.items()
    }
    none = means[""]
    best = int(np.argmin(none["lossEval"]))
    at_30 = [f"{100 * means[mode]['accTrain'][29]:.0f}" for mode in list(means)[:5]]
    [with_library] = runs("engine-imgaug").values()
    ends = [
        mean_and_spread([run.curves["accEval"][-10:].mean() for run in of_engine])
        for of_engine in (with_library, compared["imgaugLib"])
    ]
    patterns = [
        rf"{100 * none['accTrain'][4]:.0f} %",
        rf"epoch {best + 1}\D|第 {best + 1} 个",
        rf"{none['lossEval'][best]:.2f}\D+{none['lossEval'][-1]:.2f}",
        r"\D+".join(at_30),
        rf"{ends[0]} %[^%]*{ends[1]} %",
    ]
    for page in (ROOT / "docs" / "notebook.md", CHINESE / "notebook.md"):
        text = page.read_text(encoding="utf-8")
        assert [pattern for pattern in patterns if not re.search(pattern, text)] == []


def test_the_report_of_the_example_is_what_the_code_writes():
    folder = REFERENCE / "compare-photos16"
    results = compare_results.read(folder)
    figures = {
        f"{stem}.png": caption
        for stem, caption in compare_figures.CAPTIONS.items()
        if (folder / f"{stem}.png").exists()
    }
    remedy = "write it anew: make figures"
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert report == compare_page.markdown(results, figures), remedy
    answer = compare_report.answer(results)
    page = (folder / "report.html").read_text(encoding="utf-8")
    words = re.sub(r"\s+", " ", re.sub("<[^>]*>", "", page).replace("\u00a0", " "))
    assert answer.replace("`", "") in words, remedy
    quoted = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    assert f"> {answer}\n" in quoted
    for name, text in (
        ("report.csv", compare_csv.table_csv(results)),
        ("runs.csv", compare_csv.runs_csv(results)),
    ):
        published, ours = (
            [list(cells.values()) for cells in csv.DictReader(io.StringIO(content))]
            for content in ((folder / name).read_text(encoding="utf-8"), text)
        )
        for theirs, cells in zip(published, ours, strict=True):
            for one, other in zip(theirs, cells, strict=True):
                assert one == other or float(one) == pytest.approx(float(other), rel=1e-9), remedy


def test_the_report_of_the_searchs_example_is_what_the_code_writes():
    folder = REFERENCE / "search-photos16"
    state = read_state(folder / "search.json", SEARCH)
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert report == search_report.report(state), "write it anew: make figures"
    lead = search_report.compared(state)["imgaugLib"]
    text = " ".join((ROOT / "docs" / "search.md").read_text(encoding="utf-8").split())
    assert f"better than `imgaugLib` by {lead.points[1:]} points" in text


def test_the_accuracies_beside_the_invariance_map_are_its_own():
    networks = read_json(REFERENCE / "invariance-photos16" / "invariance.json")["networks"]
    text = " ".join((ROOT / "docs" / "invariance.md").read_text(encoding="utf-8").split())
    none, randaugment = (f"{100 * network['accuracy']:.0f}" for network in networks)
    assert f"{none} and {randaugment} % on unchanged images" in text
