"""One rank's end is the end of all, and is told once. The ranks here have no Paddle."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paddle_aug.system.processes import Shard
from paddle_aug.training.supervisor import STOPPED, Ending, Supervisor

TESTS = Path(__file__).parent.parent / "support"


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class Job:
    """Ranks as the launcher starts them, which here is the test."""

    def __init__(self, folder, *acts):
        addresses = ",".join(f"127.0.0.1:{port}" for port in free_ports(len(acts)))
        self.logs = [folder / f"workerlog.{rank}" for rank in range(len(acts))]
        self.ranks = []
        for rank, log in enumerate(self.logs):
            told = {
                "PYTHONPATH": str(TESTS.parent.parent),
                "ACTS": " ".join(acts),
                "PADDLE_TRAINER_ID": str(rank),
                "PADDLE_TRAINERS_NUM": str(len(acts)),
                "PADDLE_LOCAL_SIZE": str(len(acts)),
                "PADDLE_RANK_IN_NODE": str(rank),
                "PADDLE_NNODES": "1",
                "PADDLE_TRAINER_ENDPOINTS": addresses,
                "PADDLE_LOG_DIR": "log",
            }
            command = [sys.executable, "-u", str(TESTS / "rank.py")]
            with log.open("w") as output:
                self.ranks.append(
                    subprocess.Popen(
                        command, stdout=output, stderr=output, env={**os.environ, **told}
                    )
                )

    def ended(self, seconds=40):
        """What each rank says, and its exit code: as the launcher does, the others are told to stop
        when the first one has failed."""
        until = time.monotonic() + seconds
        while not any(rank.poll() for rank in self.ranks):
            if all(rank.poll() == 0 for rank in self.ranks):
                break
            assert time.monotonic() < until
            time.sleep(0.02)
        for rank in self.ranks:
            rank.terminate()
        codes = [rank.wait(10) for rank in self.ranks]
        return [log.read_text() for log in self.logs], codes


def test_ranks_that_end_well_are_let_be_and_what_they_say_is_passed_on(tmp_path):
    said, codes = Job(tmp_path, "ends", "ends").ended()
    assert said == ["through\n", "through\n"]
    assert codes == [0, 0]


def test_a_killed_rank_is_named_once_by_the_second_one_and_the_others_are_ended(tmp_path):
    said, codes = Job(tmp_path, "waits", "ends", "killed").ended()
    assert said[0] == said[2] == ""
    assert said[1] == (
        "rank 2 of 3 was killed by signal 9 (SIGKILL), as happens where memory runs out. All ranks "
        "have been ended; this one's output is in log/workerlog.2\n"
    )
    assert codes == [137] * 3


def test_what_follows_a_death_is_not_taken_for_its_cause_and_not_shown(tmp_path):
    said, codes = Job(tmp_path, "aborts", "killed").ended()
    assert said[0] == ""
    assert "rank 1 of 2 was killed by signal 9" in said[1]
    assert codes == [137, 137]


def test_an_exception_is_shown_with_its_stack_and_named_once(tmp_path):
    said, codes = Job(tmp_path, "breaks", "waits").ended()
    assert said[0] == ""
    assert said[1].startswith("Traceback (most recent call last)")
    assert said[1].endswith(
        "\nValueError: it broke\n\nrank 0 of 2 ended with exit code 1: ValueError: it broke. All "
        "ranks have been ended; this one's output is in log/workerlog.0\n"
    )
    assert codes == [1, 1]


def test_a_users_mistake_that_all_ranks_find_is_told_once(tmp_path):
    said, codes = Job(tmp_path, "errs", "errs").ended()
    assert said == ["", "the user is to mend this\n"]
    assert codes == [2, 2]


def test_a_rank_that_comes_late_hears_what_ended_the_job(tmp_path, monkeypatch):
    monkeypatch.setenv("LATE", "0")
    said, codes = Job(tmp_path, "errs", "errs").ended()
    assert said == ["", "the user is to mend this\n"]
    assert codes == [2, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_a_child_does_not_take_its_end_from_who_waits_for_it(monkeypatch, number):
    """As `Popen.send_signal` may: it asks first whether the child has ended."""

    async def signalled():
        supervisor = Supervisor(Shard(0, 2))
        child = await asyncio.create_subprocess_exec("sleep", "60")
        supervisor.child = child
        monkeypatch.setattr(subprocess.Popen, "poll", lambda _: pytest.fail("it was asked"))
        supervisor.signal_child(number)
        ended = await child.wait()
        supervisor.signal_child(number)  # it is gone by now: no fault
        return ended

    assert asyncio.run(signalled()) == -number


@pytest.mark.skipif(sys.platform != "linux", reason="the child ends with its parent on Linux")
@pytest.mark.parametrize(
    ("acts", "teller"), [(("orphaned", "waits"), 1), (("waits", "orphaned"), 0)]
)
def test_a_killed_supervisor_takes_its_rank_with_it_and_is_named(tmp_path, acts, teller):
    said, codes = Job(tmp_path, *acts).ended()
    assert said[teller] == (
        f"rank {1 - teller} of 2 is gone: its supervisor was killed, or its machine cannot be "
        f"reached any more. All ranks have been ended"
        + "; this one's output is in log/workerlog.0" * teller
        + "\n"
    )
    assert codes[1 - teller] == -signal.SIGKILL


def test_told_to_stop_a_rank_gets_the_signal_once_and_is_waited_for(tmp_path):
    job = Job(tmp_path, "saves", "saves")
    while not all("ready" in log.read_text() for log in job.logs):
        time.sleep(0.02)
    for rank in job.ranks:
        rank.terminate()
    said, codes = job.ended()
    assert codes == [143, 143]
    assert [each.strip() for each in said] == ["ready", "ready"]


def ending(code, told="", rank=0, stopping=False):
    return Ending(rank, "here", "log/workerlog.0", code, told, stopping)


def test_on_several_machines_the_message_says_which():
    assert (
        ending(-6, rank=3)
        .message(8, 2)
        .startswith("rank 3 of 8 on here was killed by signal 6 (SIGABRT). All")
    )
    assert ending(143).message(8, 1).startswith("rank 0 of 8 ended with exit code 143. All")


@pytest.mark.parametrize(
    ("endings", "cause"),
    [
        ([ending(1, "RuntimeError: NCCL error"), ending(-9)], 1),
        ([ending(-6), ending(1, "ValueError")], 1),
        ([ending(1, "ValueError"), ending(-9)], 0),
        ([ending(0), ending(-6)], 1),
        ([ending(143, stopping=True), ending(-6)], 0),
        ([ending(0), ending(0)], None),
    ],
)
def test_the_cause_is_the_first_end_that_no_other_one_explains(monkeypatch, endings, cause):
    monkeypatch.setenv("PADDLE_TRAINER_ENDPOINTS", "a:1,b:2")

    async def found():
        hub = Supervisor(Shard(1, 2))
        for each in endings:
            hub.note(each)
        return await hub.cause()

    assert asyncio.run(found()) == (None if cause is None else endings[cause])
    assert STOPPED == (130, 143)
