import io
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from paddle_aug.errors import UserError
from paddle_aug.results.image_bytes import encode
from paddle_aug.studio import state
from paddle_aug.studio.state import Ended, Options, Studio

GREY = np.full((30, 40, 3), 127, np.uint8)


def png_of(width: int, height: int) -> bytes:
    """The header of a PNG of this size, and next to no pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"hello", "not a readable image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a readable image"),
        (encode(GREY, "jpg")[:300], "the image is truncated"),
        (encode(GREY, "png")[:-30], "the image is truncated or damaged"),
        (png_of(30_000, 30_000), "more than 50 million pixels"),
        (png_of(8000, 8000), "more than 50 million pixels"),
    ],
    ids=["empty", "text", "SVG", "half a JPEG", "half a PNG", "a bomb", "64 MP"],
)
def test_an_upload_that_is_no_picture_of_usual_size_is_refused(content, message):
    with pytest.raises(UserError, match=f"mine.png.*{message}"):
        Studio().upload(content, "../mine.png")


def test_uploads_are_kept_at_1024_pixels_a_side_and_the_last_eight():
    studio = Studio()
    content = io.BytesIO()
    Image.new("RGB", (3000, 1500)).save(content, "JPEG")
    word = studio.upload(content.getvalue(), "wide.jpg")
    assert studio.uploaded(word).pixels.shape == (512, 1024, 3)
    for level in range(8):
        studio.upload(encode(GREY + level, "png"), "grey.png")
    with pytest.raises(UserError, match="no longer kept"):
        studio.uploaded(word)


def test_no_more_work_is_done_at_once_than_there_are_turns():
    studio, inside, most = Studio(turns=2), [], []
    ready = threading.Barrier(8)

    def work():
        ready.wait()
        for _ in range(20):
            with studio.turn():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 2


def test_a_job_says_how_far_it_is_and_then_what_it_found():
    studio, go_on, there = Studio(), threading.Event(), threading.Event()

    def work(job):
        job.step(1, 3)
        there.set()
        go_on.wait()
        return {"found": 5}

    job = studio.background("survey", work)
    there.wait()
    assert job.answer() == {"running": True, "done": 1, "total": 3}
    assert studio.background("survey", work) is job
    go_on.set()
    job.join()
    assert job.answer() == {"running": False, "done": 1, "total": 3, "found": 5}


def test_a_job_that_fails_says_so_and_can_be_started_anew():
    studio = Studio()

    def fail(job):
        raise ValueError("no")

    job = studio.background("a", fail)
    job.join()
    assert job.answer() == {"error": "ValueError: no"}
    studio.forget("a")
    again = studio.background("a", lambda job: {})
    again.join()
    assert again.answer()["running"] is False


def test_an_end_stops_jobs_and_lets_nobody_begin():
    studio, there = Studio(), threading.Event()

    def work(job):
        for number in range(10**9):
            with studio.turn():
                there.set()
            job.step(number, 10**9)
        return {}

    job = studio.background("long", work)
    there.wait()
    assert studio.end()
    assert job.answer() == {"error": "given up"}
    with pytest.raises(Ended), studio.turn():
        pass


def test_work_that_does_not_stop_is_not_waited_for_long():
    studio, go_on, there = Studio(), threading.Event(), threading.Event()

    def work(job):
        with studio.turn():
            there.set()
            go_on.wait()
        return {}

    job = studio.background("stuck", work)
    there.wait()
    assert not studio.end(seconds=0.01)
    go_on.set()
    job.join()


def test_data_that_is_not_there_is_refused_and_a_studio_without_data_says_so():
    with pytest.raises(UserError, match="no folder /nowhere"):
        Studio(Options({"data": "/nowhere"})).open()
    with pytest.raises(UserError, match="has no data open"):
        _ = Studio().opened
    assert Studio(Options({}, "small")).config.image_size == 64


def test_what_was_computed_is_kept_until_there_is_more():
    studio, made = Studio(), []
    for number in (0, 0, *range(state.KEPT + 1), 0):
        studio.keep(("tab", number), lambda number=number: made.append(number))
    assert made == [0, *range(1, state.KEPT + 1), 0]


def test_the_pixels_that_are_kept_have_a_bound(monkeypatch):
    monkeypatch.setattr(state, "KEPT_BYTES", 3 * GREY.nbytes)
    studio, made = Studio(), []
    for number in (0, 1, 2, 0, 3, 0, 1):  # 3 is kept in the place of 1
        studio.keep(("tab", number), lambda number=number: made.append(number) or GREY)
    assert made == [0, 1, 2, 3, 1]
