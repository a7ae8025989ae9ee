import os

from paddle_aug.system.processes import cores


def test_the_ranks_of_a_machine_share_its_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    monkeypatch.delenv("PADDLE_LOCAL_SIZE", raising=False)
    assert cores() == 8
    for ranks, share in ((3, 2), (9, 1)):
        monkeypatch.setenv("PADDLE_LOCAL_SIZE", str(ranks))
        assert cores() == share
