"""The pictures of a mixed batch are what the network was given."""

import re
from dataclasses import replace

import numpy as np
import pytest
from trained import tiny_config

from paddle_aug.data.dataset import open_dataset
from paddle_aug.inputs import augmented
from paddle_aug.preview import preview
from paddle_aug.preview.mixing import mixed_cells, processes
from paddle_aug.preview.preview import Draws, Shown
from paddle_aug.training import fit as train
from paddle_aug.training import mixing


@pytest.fixture
def config(photos, tmp_path):
    return tiny_config(
        photos, tmp_path, augment="userDef", mix="mixup:1+cutmix+resizemix", mix_per="element",
        batch_size=5, normalize="unit", epochs=2,
    )  # fmt: skip


def test_a_runs_mixed_picture_is_what_its_network_was_given_to_a_grey_level(
    config, tmp_path, monkeypatch
):
    given = {}  # by epoch, all images in their order
    call = mixing.Mixer.__call__

    def spy(self, epoch, *rest):
        inputs, targets = call(self, epoch, *rest)
        given.setdefault(epoch, []).extend(inputs.transpose([0, 2, 3, 1]).numpy())
        return inputs, targets

    monkeypatch.setattr(mixing.Mixer, "__call__", spy)
    train.fit(config)
    monkeypatch.undo()
    (file,) = (tmp_path / "logs").glob("*run.json")
    seen = preview.read_run(file)
    for index in range(0, 24, 5):
        cells = mixed_cells(seen, index, Draws(2))
        for epoch, cell in enumerate(cells[1:]):
            shown = cell.image.astype(np.float64)
            away = [np.abs(255 * pixels - shown).max() for pixels in given[epoch]]
            assert min(away) <= 0.51, "rounded to a level"
            assert sorted(away)[1] > 2, "no other image is as near"


def test_captions_tell_the_partner_and_how_much_of_it(config):
    samples = open_dataset(config.data).train
    paths = {sample.path for sample in samples}
    for mix, wanted in (
        ("mixup:1", r"^mixup \d+% (\S+)$"),
        ("samplePairing", r"^samplepairing 50% (\S+)$"),
        ("cutmix", r"^cutmix (\S+) in \d+×\d+ at \d+,\d+$"),
        ("resizemix", r"^resizemix (\S+) in \d+×\d+ at \d+,\d+$"),
    ):
        plain = replace(config, augment="none", mix=mix, mix_per="batch", epochs=3)
        dataset = augmented(plain, samples, "none")
        for cell in mixed_cells(Shown(plain, dataset), 3, Draws(3))[1:]:
            assert re.search(wanted, cell.caption)[1] in paths
    off = replace(plain, mix_off_epochs=1)
    assert mixed_cells(Shown(off, dataset), 3, Draws(2, epoch=1))[2].caption == "not mixed"


def test_an_epoch_has_the_processes_of_its_session():
    sessions = [{"from_epoch": 0, "processes": 2}, {"from_epoch": 3, "processes": 1}]
    assert [processes(sessions, epoch) for epoch in (0, 2, 3, 9)] == [2, 2, 1, 1]
    assert processes([], 0) == 1
