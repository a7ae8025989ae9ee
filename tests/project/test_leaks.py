"""A test that leaves the process other than it found it fails, and says what it left."""

import os
import random
import signal
import subprocess
import sys
import threading

import cv2
import leaks
import numpy as np
import paddle
import pytest
from leaks import process_state


def ignore_hangups():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return lambda: signal.signal(signal.SIGHUP, before)


def block_signal():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    return lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before)


def change_folder():
    before = os.getcwd()
    os.chdir("/")
    return lambda: os.chdir(before)


def change_umask():
    before = os.umask(0o027)
    return lambda: os.umask(before)


def draw_from_random():
    before = random.getstate()
    random.random()
    return lambda: random.setstate(before)


def seed_numpy():
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    return lambda: np.random.set_state(before)  # noqa: NPY002


def set_variable():
    os.environ["LEAK"] = "1"
    return lambda: os.environ.pop("LEAK")


def set_opencv_threads():
    before = cv2.getNumThreads()
    cv2.setNumThreads(before + 1)
    return lambda: cv2.setNumThreads(before)


def set_default_dtype():
    paddle.set_default_dtype("float64")
    return lambda: paddle.set_default_dtype("float32")


def set_flag():
    paddle.set_flags({"FLAGS_check_nan_inf": True})
    return lambda: paddle.set_flags({"FLAGS_check_nan_inf": False})


def start_process():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    return process.communicate


def start_thread():
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()

    def stop():
        end.set()
        thread.join()

    return stop


@pytest.mark.parametrize(
    ("leak", "name"),
    [
        (set_variable, "environment variables: LEAK='1', was None"),
        (change_folder, "current folder: '/', was "),
        (change_umask, "umask: "),
        (ignore_hangups, "signal handlers: "),
        (block_signal, "blocked signals: "),
        (draw_from_random, "random's generator: "),
        (seed_numpy, "NumPy's generator: "),
        (set_opencv_threads, "OpenCV's threads: "),
        (set_default_dtype, "Paddle's default dtype: 'float64', was 'float32'"),
        (set_flag, "Paddle's flags: FLAGS_check_nan_inf=True"),
        (start_thread, "threads: "),
        (start_process, "child processes: "),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_leak_is_found_until_it_is_mended(leak, name, monkeypatch):
    monkeypatch.setattr(leaks, "GRACE", 0)
    before = process_state()
    mend = leak()
    (text,) = leaks.leaks(before)
    assert text.startswith(name)
    mend()
    assert leaks.leaks(before) == []


def test_a_thread_that_is_about_to_end_is_no_leak():
    before = process_state()
    threading.Timer(0.05, lambda: None).start()
    assert leaks.leaks(before) == []


def test_pytest_fails_the_test_that_leaks(tmp_path, repository):
    (tmp_path / "test_two.py").write_text(
        "import os\n\ndef test_leaks():\n    os.environ['LEAK'] = '1'\n\ndef test_sees_it(): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    options = [f"--config-file={repository / 'pyproject.toml'}", f"--rootdir={repository}"]
    ended = subprocess.run(
        [*command, *options, tmp_path], cwd=repository, capture_output=True, text=True
    )
    assert "2 passed, 1 error" in ended.stdout
    assert "environment variables: LEAK='1', was None" in ended.stdout
