"""The command as a process: how it starts, what it refuses, and that Ctrl-C ends it."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import quote, urlsplit

import pytest

from paddle_aug.commands import studio as command
from paddle_aug.errors import UserError

SPEC = quote("elastic_transformation|superpixels|augmix|median_blur(21)")


@contextmanager
def running(photos, *words):
    """The process and the address of its page."""
    program = [sys.executable, "-m", "paddle_aug", "studio", "--data", str(photos), "--port", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*program, "--no-browser", "--recipe", "small", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        start_new_session=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        yield process, re.search(r"http://\S+/", line)[0] if line else ""
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def get(address, path):
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("GET", f"{parts.path}{path}")
        return connection.getresponse().read()
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(10))
def test_ctrl_c_ends_it_in_the_midst_of_draws(attempt, photos):
    with running(photos) as (process, address):

        def draw():
            with suppress(OSError, http.client.HTTPException):
                while True:
                    get(address, f"api/draws?size=448&count=35&seed={attempt}&spec={SPEC}")

        tabs = [threading.Thread(target=draw) for _ in range(4)]
        for tab in tabs:
            tab.start()
        time.sleep(0.2 + 0.05 * attempt)  # another moment each time; no moment is wrong
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        for tab in tabs:
            tab.join()
    assert (process.returncode, said) == (130, "stopped\n")
    assert time.monotonic() - begun < 30  # far more than it takes, on a machine busy with others


SLEEPY = """
import pathlib, time
from paddle_aug.augment.modes import AUGMENTATIONS
from paddle_aug.augment.transform import Transform
@AUGMENTATIONS.add("sleepy")
class Sleepy(Transform):
    def apply(self, image):
        pathlib.Path(__file__).with_name("begun").touch()
        time.sleep(600)
"""


@pytest.mark.slow
def test_ctrl_c_ends_it_in_the_midst_of_an_op_that_takes_ten_minutes(photos, tmp_path):
    (tmp_path / "sleepy.py").write_text(SLEEPY)
    with running(photos, "--import", str(tmp_path / "sleepy.py")) as (process, address):

        def draw():
            with suppress(OSError, http.client.HTTPException):
                get(address, "api/draws?spec=sleepy")

        tab = threading.Thread(target=draw)
        tab.start()
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        tab.join()
    assert (process.returncode, said) == (130, "stopped\n")


@pytest.mark.slow
def test_sigterm_ends_it_with_143(photos):
    with running(photos) as (process, address):
        get(address, "api/info")
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 143


@pytest.mark.slow
def test_data_that_is_not_there_ends_the_command_with_a_message(tmp_path):
    with running(tmp_path / "nothing") as (process, _):
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.startswith(f"no folder {tmp_path / 'nothing'}")


@pytest.mark.slow
def test_another_host_than_this_machine_gets_a_warning(photos):
    with running(photos, "--host", "0.0.0.0") as (process, address):
        assert address.startswith("http://127.0.0.1:")
        assert re.fullmatch(r"/[\w-]{16}/", urlsplit(address).path)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said.startswith("--host 0.0.0.0 lets other machines reach this page.")


@pytest.mark.slow
def test_nothing_is_written_to_the_disk_and_paddle_is_not_imported(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(os.path.dirname(command.__file__)) + "/..")
    before = {path: path.stat().st_mtime_ns for path in photos.rglob("*")}
    with running(photos) as (process, address):
        for path in (
            f"api/draws?spec={SPEC}",
            "api/catalog",
            "api/example?spec=hflip",
            "studio.js",
        ):
            get(address, path)
        with open(f"/proc/{process.pid}/maps") as maps:
            assert "libpaddle" not in maps.read()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert list(tmp_path.iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in photos.rglob("*")} == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port", "70000"], "--port must be from 0 to 65535, not 70000"),
        (["--logs", "/nowhere"], "no folder /nowhere, which --logs names"),
        (["--weights", "/nowhere"], "no file /nowhere, which --weights names"),
        (["--public", "--data", "/home/me"], "so it takes the sample only"),
    ],
)
def test_options_that_cannot_be_are_refused(words, message, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["paddle-aug studio", *words])
    with pytest.raises(UserError, match=message):
        command.main()


def test_without_its_packages_it_says_how_to_install_them(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["paddle-aug studio"])
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"install them with\n  .* -m pip install 'starlette"):
        command.main()


NOTEBOOK = """
import http.client, sys
from urllib.parse import urlsplit
from paddle_aug.studio.server import start
parts = urlsplit(start(sys.argv[1], "small"))
connection = http.client.HTTPConnection(parts.netloc, timeout=60)
connection.request("GET", parts.path + "api/info")
print(connection.getresponse().read().decode())
"""


@pytest.mark.slow
def test_a_notebook_starts_it_in_a_thread_which_ends_with_python(photos):
    ended = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, photos], capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert '"name":"photos"' in ended.stdout
