"""The tables of the study, from comparisons whose accuracies are known."""

import re
import tarfile
from pathlib import Path

import pytest
import yaml
from made_comparison import write_comparison
from publish import evidence, study

from paddle_aug.experiments import compare_results
from paddle_aug.results import runlog
from paddle_aug.results.stats import Difference
from paddle_aug.system.files import read_json, write_json

ROOT = Path(__file__).parents[2]
NUMBER = r"[+−]?\d+\.\d(?: ± \d+\.\d)?"


def make(folder, held_back, test):
    """A comparison whose runs have these accuracies, by mode and seed."""
    write_comparison(folder, held_back)
    for mode, values in test.items():
        for seed, accuracy in enumerate(values):
            file = runlog.run_file(folder / f"seed-{seed}", mode)
            write_json(file, {**read_json(file), "test": {"loss": 1.0, "acc": accuracy}})


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Four data sets. On all but hotdog, `hflip` gains most on the images held back."""
    runs, archives = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("archives")
    for name in study.SETS:
        held_back = {"none": [0.50, 0.52], "hflip": [0.60, 0.62], "rotate": [0.55, 0.57]}
        if name == "hotdog":
            held_back["rotate"] = [0.90, 0.92]
        test = {"none": [0.40, 0.44], "hflip": [0.47, 0.53], "rotate": [0.30, 0.34]}
        make(runs / f"small-{name}", held_back, test)
        (runs / f"small-{name}" / "seed-0" / "noAug_training.log").write_text("Epoch 1")
    study.pack(runs, archives)
    return archives


def test_a_default_is_chosen_by_the_images_held_back_from_the_other_data_sets(archives):
    lines = study.default_table(study.read_sets(archives, "small")).splitlines()
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("|")}
    # rotate gains (5 + 5 + 40) / 3 = 16.7 points there, hflip 10.
    assert rows["photos16"] == "| photos16 | `rotate` | +16.7 | −10.0 | – |"
    # hflip's gains on hotdog's test images: 7 and 9 points.
    assert rows["hotdog"].startswith("| hotdog | `hflip` | +10.0 | +8.0 ± 12.7 | 0.079 |")


def test_a_mean_over_data_sets_has_the_interval_of_welch():
    found = study.pooled(
        [Difference(mean, spread, None, None, 4) for mean, spread in ((0.1, 0.02), (0.2, 0.04))]
    )
    # Errors of 0.01 and 0.02: 0.0224 / 2, with 4.41 degrees of freedom.
    assert (found.mean, found.n) == (pytest.approx(0.15), 8)
    assert found.margin == pytest.approx(2.678 * 0.01118, rel=1e-3)


def test_accuracies_are_those_of_the_test_images(archives):
    lines = study.accuracy_table(study.read_sets(archives, "small")).splitlines()
    rows = [line for line in lines if line.startswith("| `hflip`")]
    assert rows == ["| `hflip` | 2 |" + " 50.0 ± 38.1 (+8.0 ± 12.7) |" * 4 + " **+8.0 ± 1.4** |"]


def test_the_best_modes_come_first_those_of_some_data_sets_last(tmp_path):
    runs = {"none": [0.4, 0.5], "hflip": [0.6], "allab": [0.3, 0.2], "rotate": [0.8, 0.9]}
    make(tmp_path / "small-photos16", runs, runs)
    # The last comparison in this folder was about other modes and fewer seeds.
    make(tmp_path / "small-hotdog", runs, runs)
    make(tmp_path / "small-hotdog", {"none": [0.4], "zoom": [0.9]}, {"none": [0.4], "zoom": [0.9]})
    study.pack(tmp_path, tmp_path)
    lines = study.accuracy_table(study.read_sets(tmp_path, "small")).splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "`" in line]
    assert [row[:2] for row in rows] == [
        ["`none`", "2"],
        ["`rotate`", "2"],
        ["`hflip`", "1"],
        ["`allab`", "2"],
        ["`zoom`", "1"],
    ]
    assert rows[1][2] == "85.0 ± 63.5 (+40.0)"
    assert rows[4][2:] == ["–", "90.0 (+50.0)", "–"]


def test_an_archive_has_the_logs_of_a_comparison_and_can_be_continued(archives, tmp_path):
    with tarfile.open(archives / "small-hotdog.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    assert len(compare_results.read(tmp_path).finished(1.0)) == 6
    assert not list(tmp_path.rglob("*.log"))


@pytest.fixture(scope="module")
def evidence_folder(tmp_path_factory):
    """The archives of a study of few runs: on each data set crops gain, and imgaugLib loses."""
    runs, archives = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("archives")
    accuracies = {
        "none": [0.50, 0.51, 0.53],
        evidence.MILD: [0.61, 0.60, 0.63],
        evidence.SCRATCH: [0.55, 0.57, 0.56],
        "imgaugLib": [0.40, 0.42, 0.41],
        "randaugment": [0.56, 0.54, 0.57],
        f"{evidence.MILD}|{evidence.SCRATCH}": [0.56, 0.56, 0.57],
        "allab": [0.30, 0.35, 0.31],
        "allba": [0.31, 0.30, 0.35],
    }
    high = {mode: [0.9 + value / 10 for value in values] for mode, values in accuracies.items()}
    for start, found in (("small", accuracies), ("probe", high)):
        for name in study.SETS:
            make(runs / f"{start}-{name}", found, found)
        write_comparison(runs / f"few-{start}-1", {mode: [0.9, 0.8] for mode in accuracies})
    sequel = {"none": [0.5, 0.5], "mixup": [0.6, 0.62], "samplePairing": [0.5, 0.6]}
    make(runs / "sequel-photos16", sequel, sequel)
    study.pack(runs, archives)
    return archives


def test_a_claim_is_shown_refuted_or_neither_by_the_interval_of_its_pairs(evidence_folder):
    page = evidence.page(evidence_folder)
    rows = {
        (cells[1], cells[2], cells[3]): cells[4:7]
        for line in page.splitlines()
        if len(cells := [cell.strip() for cell in line.replace(r"\|", "¦").split("|")]) == 8
    }
    found = {key: row for key, row in rows.items() if key[2] == "photos16"}
    said = {tested: row for (_, tested, _), row in found.items()}
    # +1.1, +0.9 and +1.0 points.
    mild = evidence.MILD.replace("|", "¦")
    assert said[f"from ImageNet's weights, `{mild}` minus `none`"] == [
        "3",
        "+1.0 ± 0.2",
        "supported",
    ]
    assert said["`imgaugLib` minus `none`"] == ["3", "−10.3 ± 3.8", "contradicted"]
    assert said["`allba` minus `allab`"][2] == "undecided"
    assert said["`mixup` minus `none`"] == ["2", "+11.0 ± 12.7", "undecided"]
    assert said["`none`: training minus test accuracy"][1] == "+10.0", "all alike: no interval"


def test_the_table_of_parts_has_an_accuracy_by_start_and_images(evidence_folder):
    lines = evidence.few_table(evidence.few(evidence_folder)).splitlines()
    assert lines[0] == "| recipe, augmentation | 27 |", "80 images of 3 classes"
    assert lines[2].startswith("| small | 85.0 ± 63.5 |")


def test_the_published_page_is_made_from_the_published_logs():
    docs, logs = ROOT / "docs", ROOT / "logs" / "reference" / "study"
    assert evidence.page(logs) == (docs / "evidence.md").read_text("utf-8")


def test_the_result_of_the_recipe_small_is_that_of_the_study():
    recipe = yaml.safe_load((ROOT / "paddle_aug" / "recipes" / "small.yaml").read_text("utf-8"))
    page = (ROOT / "docs" / "evidence.md").read_text("utf-8")
    _, small = page.split("## From random weights")
    for mode, accuracy in re.findall(r"(\w+) (\d+\.\d) %", recipe["result"]):
        assert re.search(rf"`{mode}` \| \d \| {accuracy} ±", small), mode


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_numbers_of_the_first_page_are_those_of_the_evidence(name):
    answer = re.split("^## ", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)[3]
    assert "docs/evidence.md" in answer
    known = re.findall(NUMBER, (ROOT / "docs" / "evidence.md").read_text("utf-8"))
    found = re.findall(NUMBER, answer)
    assert len(found) == 7
    assert set(found) <= {number.lstrip("+") for number in known} | {
        number.partition(" ")[0] for number in known
    }
