"""A test that leaves the process other than it found it fails, and says what it left."""

import subprocess
import sys
import threading

import leaks

# Statements of a test, and what the test then fails with.
LEAKS = {
    "os.environ['LEAK'] = '1'": "environment variables: LEAK='1', was None",
    "os.chdir('/')": "current folder: '/', was ",
    "os.umask(0o027)": "umask: ",
    "signal.signal(signal.SIGHUP, print)": "signal handlers: ",
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])": "blocked signals: ",
    "random.random()": "random's generator: ",
    "np.random.seed(3)": "NumPy's generator: ",
    "cv2.setNumThreads(cv2.getNumThreads() + 1)": "OpenCV's threads: ",
    "paddle.set_default_dtype('float64')": "Paddle's default dtype: 'float64', was 'float32'",
    "paddle.set_flags({'FLAGS_check_nan_inf': True})": "Paddle's flags: FLAGS_check_nan_inf=True",
    "threading.Thread(target=time.sleep, args=(9,), daemon=True).start()": "threads: ",
    "global process; process = subprocess.Popen(['sleep', '9'])": "child processes: ",
}
IMPORTS = """
import os, random, signal, subprocess, threading, time
import cv2, leaks, numpy as np, paddle
leaks.GRACE = 0
def test_clean(): pass
"""


def test_a_thread_that_is_about_to_end_is_no_leak():
    before = leaks.process_state()
    threading.Timer(0.05, lambda: None).start()
    assert leaks.leaks(before) == []


def test_pytest_fails_each_test_that_leaks(tmp_path, repository):
    tests = [f"def test_{number}(): {line}\n" for number, line in enumerate(LEAKS)]
    (tmp_path / "test_leaky.py").write_text(IMPORTS + "".join(tests))
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    # No summary: on CI it repeats the reports.
    options = [f"--config-file={repository / 'pyproject.toml'}", f"--rootdir={repository}", "-rN"]
    ended = subprocess.run(
        [*command, *options, tmp_path], cwd=repository, capture_output=True, text=True
    )
    assert f"{len(LEAKS) + 1} passed, {len(LEAKS)} errors" in ended.stdout
    reports = [line for line in ended.stdout.splitlines() if line.startswith(tuple(LEAKS.values()))]
    assert len(reports) == len(LEAKS), ended.stdout
    assert all(map(str.startswith, reports, LEAKS.values()))
