"""Who may read what is written depends on the umask alone."""

import os
import stat
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from paddle_aug.data.cache import Cache, decoded_images
from paddle_aug.data.readers.aistudio import unpack
from paddle_aug.data.readers.drawn_sample import draw_sample
from paddle_aug.data.samples import Sample
from paddle_aug.system import files


def write_files(folder: Path) -> None:
    folder.mkdir()
    for name in ("a", "d"):
        (folder / name).touch(0o600)  # replaced by a file with the usual rights
        files.write_bytes(folder / name, b"1")
    files.set_aside([folder / "a"])


def write_decoded_images(folder: Path) -> None:
    image = folder.with_name("a.png")
    cv2.imwrite(str(image), np.zeros((9, 8, 3), np.uint8))
    decoded_images([Sample(str(image), "a.png", 0, 1)], Cache(8, "disk", folder))


def unpack_zip(folder: Path) -> None:
    """Whatever rights the files have in there."""
    with zipfile.ZipFile(folder.with_name("Images.zip"), "w") as archive:
        info = zipfile.ZipInfo("cat/a.png")
        info.external_attr = (stat.S_IFREG | 0o4777) << 16
        archive.writestr(info, b"pixels")
    unpack(folder.with_name("Images.zip"), folder)


WRITERS = (write_files, write_decoded_images, unpack_zip)


@pytest.mark.parametrize(
    ("write", "umask"),
    # It takes seconds to draw the sample.
    [*((write, umask) for write in WRITERS for umask in (0o077, 0o002)), (draw_sample, 0o002)],
)
def test_files_and_folders_have_the_modes_that_the_umask_leaves(write, umask, tmp_path):
    before = os.umask(umask)
    try:
        write(tmp_path / "made")
    finally:
        os.umask(before)
    written = [tmp_path / "made", *(tmp_path / "made").rglob("*")]
    assert len(written) > 1
    for path in written:
        want = 0o777 if path.is_dir() else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == want & ~umask, path
