"""Fixtures of comparisons and searches."""

import os
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture(autouse=True)
def no_wait_for_the_disk(monkeypatch):
    """No machine crashes here, and hundreds of states are written."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture
def stop_tool(repository):
    """Runs a tool as a job of its own, whose processes all get a signal, as by Ctrl-C, once a log
    contains a text; the tool then says how to continue."""

    def stop_tool(name, words, log, text, number=signal.SIGINT):
        process = subprocess.Popen(
            [sys.executable, str(repository / "tools" / name), *map(str, words)],
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        while not (log.exists() and text in log.read_text(encoding="utf-8")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        os.killpg(process.pid, number)
        _, printed = process.communicate(timeout=300)
        assert process.returncode == 128 + number
        assert printed.splitlines()[-1] == "stopped; run the same command to continue"
        assert "Traceback" not in printed

    return stop_tool
