"""Files are as readable as their owner has his others: by his umask, and nothing else."""

import os
import stat
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_data import write_dataset
from trained import train_tiny

from paddle_aug.data.cache import decoded_images
from paddle_aug.data.readers.aistudio import unpack
from paddle_aug.data.readers.sample import draw_sample
from paddle_aug.data.samples import Sample
from paddle_aug.system import files


@pytest.fixture(params=[0o022, 0o077, 0o002], ids=lambda mask: f"{mask:03o}")
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """What may be done with a folder and all below it, as `ls -l` has it."""
    found = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): stat.filemode(path.stat().st_mode) for path in found}


def refuse_other_modes(folder: Path, umask: int) -> None:
    file = stat.filemode(stat.S_IFREG | (0o666 & ~umask))
    below = stat.filemode(stat.S_IFDIR | (0o777 & ~umask))
    found = modes(folder)
    assert len(found) > 1
    other = {name: mode for name, mode in found.items() if mode not in (file, below)}
    assert not other, f"want {file} and {below}"


def test_what_is_written_whole(umask, tmp_path):
    (tmp_path / "made").mkdir()
    for name in ("a", "d"):
        (tmp_path / "made" / name).touch(0o600)  # replaced by a file with the usual rights
        files.write_bytes(tmp_path / "made" / name, b"1")
    files.write_array(tmp_path / "made" / "b.npy", np.zeros(3))
    files.write_json(tmp_path / "made" / "c.json", {})
    files.set_aside([tmp_path / "made" / "a"])
    refuse_other_modes(tmp_path / "made", umask)


def test_decoded_images_on_the_disk(umask, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((9, 8, 3), np.uint8))
    decoded_images([Sample(str(tmp_path / "a.png"), "a.png", 0, 1)], 8, "disk", tmp_path / "made")
    refuse_other_modes(tmp_path / "made", umask)


@pytest.mark.parametrize("umask", [0o002], indirect=True)  # it takes seconds to draw
def test_the_drawn_sample(umask, tmp_path):
    draw_sample(tmp_path / "made")
    refuse_other_modes(tmp_path / "made", umask)


def test_what_comes_out_of_a_zip_whatever_rights_it_has_in_there(umask, tmp_path):
    with zipfile.ZipFile(tmp_path / "Images.zip", "w") as archive:
        info = zipfile.ZipInfo("cat/a.png")
        info.external_attr = (stat.S_IFREG | 0o4777) << 16
        archive.writestr(info, b"pixels")
    unpack(tmp_path / "Images.zip", tmp_path / "made")
    refuse_other_modes(tmp_path / "made", umask)


def test_logs_and_weights_of_a_training(umask, tmp_path):
    train_tiny(write_dataset(tmp_path / "data", train=2, evaluate=1), tmp_path / "made")
    refuse_other_modes(tmp_path / "made", umask)
