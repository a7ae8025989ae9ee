"""What a file holds is read, whether its first bytes say gzip or not, whatever it is called."""

import gzip

import pytest

from paddle_aug.data.readers.gzipped import DAMAGE, opened


@pytest.mark.parametrize("content", [b"", b"\x1f", b"plain bytes" * 100])
@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_the_content_is_the_same_gzipped_or_not(tmp_path, content, name):
    for packed in (content, gzip.compress(content)):
        (tmp_path / name).write_bytes(packed)
        with opened(tmp_path / name) as file:
            assert file.read() == content


@pytest.mark.parametrize("keep", [2, 8, 15, -1])
def test_a_cut_gzip_file_raises_what_is_named_damage(tmp_path, keep):
    (tmp_path / "a").write_bytes(gzip.compress(b"bytes" * 100)[:keep])
    with opened(tmp_path / "a") as file, pytest.raises(DAMAGE):
        file.read()
