"""The tables of the study, from comparisons whose accuracies are known."""

import tarfile

import pytest
from made_comparison import write_comparison
from publish import study

from paddle_aug.experiments import compare_results
from paddle_aug.results import runlog
from paddle_aug.system.files import read_json, write_json


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
    lines = study.tables(archives).splitlines()
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("|")}
    # rotate gains (5 + 5 + 40) / 3 = 16.7 points there, hflip 10.
    assert rows["photos16"] == "| photos16 | `rotate` | +16.7 | -10.0 | – |"
    # hflip's gains on hotdog's test images: 7 and 9 points.
    assert rows["hotdog"].startswith("| hotdog | `hflip` | +10.0 | +8.0 ± 12.7 | 0.079 |")


def test_accuracies_are_those_of_the_test_images(archives):
    rows = [line for line in study.tables(archives).splitlines() if line.startswith("| `hflip`")]
    assert rows == ["| `hflip` |" + " 50.0 ± 38.1 (+8.0 ± 12.7) |" * 4]


def test_an_archive_has_the_logs_of_a_comparison_and_can_be_continued(archives, tmp_path):
    with tarfile.open(archives / "small-hotdog.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    assert len(compare_results.read(tmp_path).finished(1.0)) == 6
    assert not list(tmp_path.rglob("*.log"))
